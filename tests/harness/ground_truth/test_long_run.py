"""Draws of a long run are a ground truth where they pass, and a reason where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.campaign.long_runs import save_sites
from samplerbench.harness.ground_truth import long_run
from samplerbench.harness.ground_truth.long_run import EFFORTS, LongRun, RunFailed
from samplerbench.samplers.base import Draws
from tests.support.trials import small

CHAINS, LENGTH = 16, 500
MEAN = np.array([1.0, -2.0])
TRIAL = EFFORTS[0].make_trial(small(model="mine.py:line"))


def noise(seed=1, chains=CHAINS, keep=0.0):
    """AR(1) draws of b[0], b[1] with correlation ``keep``, [chain, draw, component]."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((chains, LENGTH, 2))
    for i in range(1, LENGTH):
        x[:, i] = keep * x[:, i - 1] + np.sqrt(1 - keep**2) * x[:, i]
    return MEAN + x


def accept(folder, x, divergences=0, **more):
    """What becomes of draws ``x`` of site b, with the ``more`` sites that each chain has."""
    counts = np.broadcast_to(divergences, len(x)).tolist()
    chains = [
        Draws({"b": each[None], **more}, divergences=count)
        for each, count in zip(x, counts, strict=True)
    ]
    draws_file.save_draws(folder / "draws.npz", {"replicates": chains})
    return long_run.accept_draws(folder / "draws.npz", TRIAL)


def test_draws_that_pass_are_an_unconfirmed_answer_with_their_own_errors(tmp_path):
    sites, record = accept(tmp_path, noise())
    path = tmp_path / "run.npz"
    save_sites(path, sites)
    assert long_run.read_long_run(path) is None  # without its record
    record.save(long_run.record_path(path))
    truth = long_run.read_long_run(path)
    assert truth.names == ("b[0]", "b[1]")
    assert truth.single_source == truth.source == "long run (16 chains of numpyro_nuts:init=sample)"
    error = 1 / np.sqrt(CHAINS * LENGTH)
    assert (np.abs(truth.mean - MEAN) < 5 * error).all()
    # the ESS of 8000 independent draws is known to 10 %
    assert truth.mean_se == pytest.approx([error, error], rel=0.2)


def test_chains_are_thinned_as_far_as_that_costs_little(tmp_path):
    sites, record = accept(tmp_path, noise(keep=0.8))  # 0.8**4 = 0.41
    assert sites["b"].shape == (CHAINS, -(-LENGTH // 4), 2)
    # 8000 draws worth a ninth, (1 - 0.8) / (1 + 0.8), less 4 %; thinned to 0.8**16 = 0.03: 512
    assert record.ess == pytest.approx(0.96 * CHAINS * LENGTH / 9, rel=0.25)


def test_a_site_that_the_model_fixes_is_left_out(tmp_path):
    sites, _ = accept(tmp_path, noise(), scale=np.full((1, LENGTH), 3.0))
    assert list(sites) == ["b"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[:7], "7 of its chains ended in time, and 8 are needed"),
        (lambda x: x + 2 * (np.arange(len(x)) % 2)[:, None, None], "R-hat of its 16 chains is"),
        (lambda x: np.where(x > 3, np.inf, x), "the posterior may be improper"),
        (lambda x: np.zeros_like(x), "are constant"),
        (lambda x: np.cumsum(x - x.mean(axis=1, keepdims=True), axis=1), "are still correlated"),
    ],
)
def test_draws_that_do_not_pass_are_no_answer_for_a_stated_reason(change, words, tmp_path):
    with pytest.raises(RunFailed, match=words.replace("(", r"\(")):
        accept(tmp_path, change(noise()))


@pytest.mark.parametrize(
    ("change", "hopeless"),
    [
        (lambda x: x + 9 * (np.arange(len(x)) % 2)[:, None, None], True),
        (lambda x: x + np.linspace(0, 0.8, LENGTH)[:, None], False),
        (lambda x: x + 0.3 * (np.arange(len(x)) % 2)[:, None, None], False),
    ],
)
def test_chains_that_rest_in_modes_apart_are_not_run_again_with_more_care(
    change, hopeless, tmp_path
):
    with pytest.raises(RunFailed, match="R-hat of its 16 chains") as failed:
        accept(tmp_path, change(noise()))
    assert failed.value.hopeless == hopeless
    assert ("do not go from mode to mode" in str(failed.value)) == hopeless


def test_one_divergence_in_ten_thousand_draws_is_borne_and_no_more(tmp_path):
    accept(tmp_path, noise(), divergences=0)
    with pytest.raises(RunFailed, match="of its draws diverge"):
        accept(tmp_path, noise(), divergences=1)  # in each of 16 chains of 2000 draws: 5e-4


@pytest.mark.parametrize(("lost", "far_off"), [(1, True), (4, True), (5, False)])
def test_chains_that_diverge_all_along_tell_of_their_starts(lost, far_off, tmp_path):
    each = [TRIAL.draws] * lost + [0] * (CHAINS - lost)
    with pytest.raises(RunFailed, match="diverge") as failed:
        accept(tmp_path, noise(), divergences=each)
    assert failed.value.far_off == far_off
    assert (f"most draws of {lost} of its 16 chains" in str(failed.value)) == far_off


def test_the_number_of_chains_follows_the_claims_that_are_to_be_judged():
    few, many = (EFFORTS[0].make_trial(small(draws=n)).replicates for n in (100, 4_000))
    assert (few, many) == (16, 100)  # 25 x 4000 effective draws, of 1000 a chain


def test_a_failed_run_is_recorded_and_is_no_answer(tmp_path):
    path = tmp_path / "run.npz"
    LongRun(why="0.5% of its draws diverge").save(long_run.record_path(path))
    assert long_run.read_long_run(path) is None
    assert long_run.read_record(path).why == "0.5% of its draws diverge"
