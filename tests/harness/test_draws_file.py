"""What is no draws is refused before it is written, and nothing is pickled."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.draws_file import (
    DrawsFile,
    describe_size,
    refuse_swapped,
    save_draws,
    take_run,
)
from samplerbench.samplers.base import Draws, Prepared, Sampler, samplers
from tests.support.trials import small

GOOD = Draws({"m": np.zeros((1, 4))})
M, WEIGHTS = GOOD.sites, np.zeros((1, 4))


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([Draws({})], "no sites"),
        ([Draws({"m": np.array([[None, 1.0]], object)})], "of type object and shape (1, 2)"),
        ([Draws({"m": np.array([["a", "b"]])})], "of type <U1"),
        ([Draws({"m": [[1.0, 2.0]]})], "of type <class 'list'>"),
        ([Draws({"m": np.zeros(4)})], "shape (4,); expected: numbers [chain, draw"),
        ([Draws({"m": np.zeros((1, 0))})], "shape (1, 0)"),
        ([GOOD, Draws({"m": np.zeros((2, 4))})], "in run 1 are of type float64 and shape (2, 4)"),
        ([GOOD, Draws({"m": np.zeros((1, 4, 2))})], "in run 0 of shape (1, 4)"),
        ([GOOD, Draws({"c": np.zeros((1, 4))})], "run 1 has sites ['c'], run 0 ['m']"),
        ([Draws({"m": GOOD.sites["m"]}, termination=[object()])], "holds objects"),
        ([{"m": np.zeros((1, 4))}], "run 0 gave a dict; expected: samplerbench.samplers.base"),
        ([GOOD, None], "run 1 gave a NoneType"),
        ([Draws([("m", np.zeros((1, 4)))])], "sites and stats are a list, a dict"),
        ([Draws({**M, "c": np.zeros((1, 3))})], "site 'c' in run 0 are of type float64 and shape"),
        ([GOOD, Draws({"m": np.zeros((1, 3))})], "as many draws in each run, or log_weights"),
        ([Draws(M, np.zeros(4))], "log_weights in run 0 are of type float64 and shape (4,)"),
        ([Draws(M, WEIGHTS), GOOD], "runs 1 and 0 has log_weights; expected: both, or neither"),
        ([Draws(M, stats={"lp": [0.0]})], "stats['lp'] in run 0 are of type <class 'list'>"),
        ([Draws(M, stats={"lp": WEIGHTS}), GOOD], "run 1 has stats [], run 0 ['lp']"),
        ([Draws({**M, 1: M["m"]})], "a site in run 0 is called 1; expected: a name in characters"),
        ([Draws({**M, "": M["m"]})], "is called ''"),
        ([Draws({**M, "a\0b": M["m"]})], "is called 'a\\x00b'"),
        ([Draws({**M, "a\udcff": M["m"]})], "is called 'a\\udcff'"),
        ([Draws(M, stats={"a\0b": M["m"]})], "is called 'a\\x00b'"),
        ([Draws(M, ess="many")], "ess in run 0 is 'many'; expected: a number"),
        ([Draws(M, ess=250.0)], "run 0 claims an ESS of its own, 250; expected: none, or log_we"),
        ([Draws(M, log_z=-1.0, log_z_err=-0.1)], "log_z_err in run 0 is -0.1; expected: a number"),
        ([Draws(M, log_z=np.zeros(1))], "log_z in run 0 is array([0.]); expected: a number"),
    ],
)
def test_what_are_no_draws_is_refused_with_what_they_are(tmp_path, runs, words):
    with pytest.raises(ValueError) as refused:
        save_draws(tmp_path / "draws.npz", {"replicates": runs})
    assert words in str(refused.value)
    assert not (tmp_path / "draws.npz").exists()


def test_draws_whose_axes_the_budget_shows_to_be_swapped_are_refused():
    with pytest.raises(ValueError, match="shape \\(4, 1\\) where 1 chain of 4 draws are asked for"):
        refuse_swapped(Draws({"m": np.zeros((4, 1))}), chains=1, draws=4)
    for shape in ((1, 4), (4, 4), (2, 4), (1, 2)):  # more chains, or fewer draws, than asked for
        refuse_swapped(Draws({"m": np.zeros(shape)}), chains=1, draws=4)
    weighted = Draws({"m": np.zeros((1, 700))}, log_weights=np.zeros((1, 700)))
    refuse_swapped(weighted, chains=4, draws=1)  # a nested sampler makes as many as it needs


def test_a_run_is_kept_whatever_its_sampler_does_with_its_memory_afterwards():
    memory = np.ones((1, 4))
    kept = take_run(Draws({"m": memory}))
    memory[:] = 2
    assert (kept.sites["m"] == 1).all()


def test_weighted_draws_without_an_ess_claim_kishs():
    weights = np.log([[1.0, 1.0, 2.0, 0.5]])
    assert take_run(Draws(M, weights)).ess == pytest.approx(4.5**2 / 6.25)
    assert take_run(Draws(M, weights, ess=2.0)).ess == 2.0
    assert take_run(GOOD).ess is None


def test_runs_of_unequal_length_are_kept(tmp_path):
    runs = [Draws({"m": np.full((1, n), 1.0)}, log_weights=np.zeros((1, n))) for n in (2, 3)]
    digest = save_draws(tmp_path / "draws.npz", {"replicates": runs})
    with DrawsFile(tmp_path / "draws.npz") as file:
        assert file.sites()["m"].shape == (2, 1, 3)
        assert file.get("log_weights")[0, 0].tolist() == [0, 0, -np.inf]
    assert len(digest) == 64


def test_draws_that_are_not_as_many_as_asked_for_are_told():
    assert describe_size(GOOD, 1, 4) == describe_size(Draws(M, WEIGHTS), 2, 9) == ""
    told = "a run gave 1 chain of 4 draws, not the 1 chain of 8 draws asked for"
    assert describe_size(GOOD, 1, 8) == told
    assert describe_size(GOOD, 2, 4).startswith("a run gave 1 chain of 4 draws, not the 2 chains")


@pytest.mark.parametrize("site", [np.array([[None]], object), [[1.0]], np.zeros((1, 0))])
def test_a_sampler_that_gives_no_draws_is_a_failed_row(tmp_path, monkeypatch, site):
    from samplerbench.harness.records import Job
    from samplerbench.harness.worker.run_trial import TrialRunner

    sampler = samplers.get("exact_iid")
    prepared = Prepared(lambda seed: Draws({"m": site}))
    fake = Sampler("exact_iid", sampler.settings, lambda *_: prepared, "gives no draws")
    monkeypatch.setitem(samplers._items, "exact_iid", fake)
    result = TrialRunner(Job(small(), str(tmp_path), 0.0)).run()
    assert result.status == "failed" and "draws of site 'm' in run 0" in result.reason
