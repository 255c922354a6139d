"""Simulation-based calibration: ranks and their test."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring import rank_verdict
from samplerbench.harness.scoring.margins import Margins
from samplerbench.harness.statistics import sbc

COUNT, KEPT = 200, 99


def normal_world(scale: float, shift: float, seed: int, count: int = COUNT):
    """Truths from N(0, 1), data N(truth, 1), draws from the posterior N(y/2, 1/2) or flawed."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((count, 1))
    y = truth + rng.standard_normal((count, 1))
    noise = rng.standard_normal((count, 1, 400, 1)) * np.sqrt(0.5)
    return y[:, None, None] / 2 + shift + scale * noise, truth


@pytest.mark.slow
def test_right_draws_are_called_wrong_at_no_more_than_the_stated_rate():
    wrong = 0
    for seed in range(300):
        x, truth = normal_world(1.0, 0.0, seed)
        wrong += sbc.uniformity(sbc.rank_truths(x, truth, KEPT)[:, 0], KEPT).p < sbc.ALPHA
    # 300 trials of chance 0.01: more than 14 happen less than once in a million
    assert wrong <= stats.binom.isf(1e-6, 300, sbc.ALPHA)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scale", "shift", "word"),
    [(0.6, 0.0, "overconfident"), (1.6, 0.0, "overcautious"), (1.0, 0.4, "biased")],
)
def test_a_flaw_is_found_and_named(scale, shift, word):
    for seed in range(20):
        x, truth = normal_world(scale, shift, seed)
        found = sbc.uniformity(sbc.rank_truths(x, truth, KEPT)[:, 0], KEPT)
        assert found.p < sbc.ALPHA
        assert sbc.describe_departure("x", found)[0] == word


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0, 4.0, 20.0, -20.0])
@pytest.mark.parametrize("count", [64, 256])
def test_a_shift_however_large_is_called_no_wrong_width(shift, count):
    truth = np.random.default_rng(8).standard_normal(count)
    ranks = np.random.default_rng(9).binomial(KEPT, stats.norm.cdf(truth - shift))
    word, reason = sbc.describe_departure("x", sbc.uniformity(ranks, KEPT))
    assert word == "biased"
    assert ("too high" if shift > 0 else "too low") in reason


def test_a_wrong_shape_alone_is_called_no_wrong_place_or_width():
    draws, count = 99, 1000
    u = (np.arange(count) + 0.5) / count
    skewed = u + 0.12 * np.sin(6 * np.pi * u) / 2  # bumps, of mean 1/2 and nearly even spread
    found = sbc.uniformity(np.clip(skewed * (draws + 1), 0, draws).astype(int), draws)
    assert found.p < sbc.ALPHA
    assert "another shape" in sbc.describe_departure("x", found)[1]


def test_draws_too_high_are_said_to_lie_too_high():
    x, truth = normal_world(1.0, 0.5, 3)
    found = sbc.uniformity(sbc.rank_truths(x, truth, KEPT)[:, 0], KEPT)
    assert "too high" in sbc.describe_departure("x", found)[1]


def test_weighted_draws_rank_as_the_distribution_that_they_stand_for():
    # uniform draws on a wide interval, weighted to the posterior: equal weights would be rejected
    rng = np.random.default_rng(5)
    truth = rng.standard_normal((COUNT, 1))
    y = truth + rng.standard_normal((COUNT, 1))
    x = rng.uniform(-6, 6, (COUNT, 1, 4000, 1))
    log_w = stats.norm.logpdf(x[..., 0], y[:, None] / 2, np.sqrt(0.5))
    assert sbc.uniformity(sbc.rank_truths(x, truth, KEPT, log_w)[:, 0], KEPT).p > sbc.ALPHA
    assert sbc.uniformity(sbc.rank_truths(x, truth, KEPT)[:, 0], KEPT).p < sbc.ALPHA


def test_a_replicate_with_nan_has_no_rank():
    x, truth = normal_world(1.0, 0.0, 1, count=4)
    x[2, 0, 7] = np.nan
    found = sbc.rank_truths(x, truth, 400)
    assert found[2, 0] == -1
    assert (found[[0, 1, 3]] >= 0).all()


def test_ties_are_broken_at_random():
    x, truth = np.zeros((2000, 1, 9, 1)), np.zeros((2000, 1))
    found = sbc.rank_truths(x, truth, 9)[:, 0]
    assert sbc.uniformity(found, 9).p > 1e-4


def test_fewer_effective_draws_keep_fewer():
    assert sbc.choose_rank_draws(np.full(10, 4000.0), 5000) == sbc.MOST
    assert sbc.choose_rank_draws(np.full(10, 80.0), 700) == 80 / sbc.INDEPENDENCE
    assert sbc.choose_rank_draws(np.array([np.nan]), 5000) == sbc.MOST
    assert sbc.choose_rank_draws(np.full(3, 2.0), 5000) == sbc.LEAST


def judge_by_ranks(ranks: np.ndarray, draws: int) -> str:
    names = tuple(f"p[{i}]" for i in range(ranks.shape[1]))
    tests = [sbc.uniformity(column, draws) for column in ranks.T]
    found = rank_verdict.RankTests(names, draws, len(ranks), len(ranks), tests)
    return rank_verdict.verdict_by_ranks(found).verdict


@pytest.mark.slow
def test_uniform_ranks_show_a_sampler_honest_where_they_would_have_shown_it_is_not():
    rng = np.random.default_rng(8)
    few, many = (rng.integers(0, KEPT + 1, (count, 2)) for count in (64, 400))
    assert (judge_by_ranks(few, KEPT), judge_by_ranks(many, KEPT)) == ("undecided", "honest")
    tests = [sbc.uniformity(column, KEPT) for column in few.T]
    found = rank_verdict.RankTests(("a", "b"), KEPT, 64, 64, tests)
    verdict = rank_verdict.verdict_by_ranks(found)
    _, narrow = sbc.detect_flaws(64, KEPT, 2)
    assert f"draws {narrow:.2f} times too narrow" in verdict.reason
    needed = int(re.search(r"about (\d+) replicates", verdict.reason).group(1))
    assert sbc.detect_flaws(needed, KEPT, 2)[1] == pytest.approx(1.35, abs=0.05)
    wide = Margins(calibration=2.5)
    assert rank_verdict.verdict_by_ranks(found, wide).verdict == "honest"


@pytest.mark.slow
@pytest.mark.parametrize("size", [201, 256, 1000])
def test_no_number_of_parameters_hides_one_that_is_far_off(size):
    rng = np.random.default_rng(6)
    ranks = rng.integers(0, KEPT + 1, (64, size))
    assert judge_by_ranks(ranks, KEPT) == "undecided"
    ranks[:, -1] = rng.integers(0, 30, 64)
    assert judge_by_ranks(ranks, KEPT) == "biased"


def test_the_bound_of_a_small_p_is_above_it():
    """Where both are known: the least tail's chance by simulation is below its bound."""
    rng = np.random.default_rng(7)
    for _ in range(50):
        ranks = np.clip(rng.integers(0, 100, 64) - rng.integers(0, 25), 0, KEPT)
        table, null = sbc._null(64, KEPT)
        below = np.cumsum(np.bincount(ranks, minlength=KEPT + 1)[:-1])
        least = table[below, np.arange(KEPT)].min()
        simulated = np.searchsorted(null, least, side="right") / len(null)
        assert simulated <= 2 * KEPT * least + 5 * np.sqrt(simulated / len(null))


@pytest.mark.slow
def test_what_ranks_are_said_to_find_they_find():
    shift, narrow = sbc.detect_flaws(64, KEPT, 2)
    # half an sd is found in some 93 %, draws of 0.8 times the width in some 18 %
    assert 0.45 < shift < 0.65 and 1.3 < narrow < 2.2
    assert sbc.detect_flaws(256, KEPT, 2)[0] < shift
    assert sbc.detect_flaws(64, KEPT, 100)[0] > shift
    found = 0
    for seed in range(40):
        x, truth = normal_world(1.0, shift * np.sqrt(0.5), 100 + seed, count=64)
        p = sbc.uniformity(sbc.rank_truths(x, truth, KEPT)[:, 0], KEPT).p
        found += 2 * p < sbc.ALPHA
    assert found >= stats.binom.ppf(1e-6, 40, 0.9)


def test_a_run_without_any_weight_has_no_rank_and_the_others_have_theirs():
    x, truth = normal_world(1.0, 0.0, 1, count=3)
    log_w = np.zeros(x.shape[:3])
    log_w[1] = -np.inf
    ranks = sbc.rank_truths(x, truth, 9, log_w)
    assert (ranks[:, 0] >= 0).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("usable", "word"),
    [(COUNT, "honest"), (COUNT - 4, "honest"), (COUNT - 10, "unreliable"), (8, "broken")],
)
def test_lost_runs_are_told_and_counted_against_the_sampler_where_they_are_surely_many(
    usable, word
):
    tests = [sbc.Uniformity(0.5, 0.0, 0.0)] * (usable >= 16)
    ranks = rank_verdict.RankTests(("x",), KEPT, COUNT, usable, tests, "few")
    verdict = rank_verdict.verdict_by_ranks(ranks, Margins(calibration=10.0))
    assert verdict.verdict == word
    lost = f"{COUNT - usable} of {COUNT} replicates failed or are not finite"
    assert (lost in verdict.reason) == (usable < COUNT)


def test_how_narrow_draws_may_be_is_not_rounded_onto_the_margin(monkeypatch):
    monkeypatch.setattr(sbc, "detect_flaws", lambda *_: (None, 1.3504))
    ranks = rank_verdict.RankTests(("x",), KEPT, COUNT, COUNT, [sbc.Uniformity(0.5, 0.0, 0.0)])
    words = rank_verdict.verdict_by_ranks(ranks).reason
    assert "draws 1.3504 times too narrow may be, too; honest is below 1.35:" in words
