"""What is no draws is refused before it is written, and nothing is pickled."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.draws_file import DrawsFile, save_draws
from samplerbench.samplers.base import Draws, Prepared, Sampler, samplers
from tests.support.trials import small

GOOD = Draws({"m": np.zeros((1, 4))})


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
    ],
)
def test_what_are_no_draws_is_refused_with_what_they_are(tmp_path, runs, words):
    with pytest.raises(ValueError) as refused:
        save_draws(tmp_path / "draws.npz", {"replicates": runs})
    assert words in str(refused.value)
    assert not (tmp_path / "draws.npz").exists()


def test_runs_of_unequal_length_are_kept(tmp_path):
    runs = [Draws({"m": np.full((1, n), 1.0)}, log_weights=np.zeros((1, n))) for n in (2, 3)]
    digest = save_draws(tmp_path / "draws.npz", {"replicates": runs})
    with DrawsFile(tmp_path / "draws.npz") as file:
        assert file.sites()["m"].shape == (2, 1, 3)
        assert file.get("log_weights")[0, 0].tolist() == [0, 0, -np.inf]
    assert len(digest) == 64


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
