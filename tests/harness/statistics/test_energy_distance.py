"""The energy distance tells a size, stays calm where draws are exact, and sees hidden structure."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.scoring import verdict
from samplerbench.harness.statistics import energy_distance
from samplerbench.harness.statistics.energy_distance import measure_energy, pick_points
from tests.support.campaign_kinds import tie_signs
from tests.support.summaries import summarise_whole
from tests.support.synthetic import Case, iid, standard


@pytest.mark.parametrize("size", [2, 10, 100])
def test_it_is_the_shift_of_every_direction_that_is_as_far(size):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 32, 64, size))
    value, lo, hi = measure_energy(x + 0.3, y).estimate(0.01)
    assert lo < 0.3 < hi
    assert value == pytest.approx(0.3, abs=0.04)


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.9, 1.0])
def test_exact_draws_are_seldom_far_however_they_correlate_within_a_run(rho):
    rng, found = np.random.default_rng(2), 0
    for _ in range(300):
        own, common = rng.standard_normal((32, 8, 2)), rng.standard_normal((32, 1, 2))
        x = np.sqrt(1 - rho) * own + np.sqrt(rho) * common
        found += measure_energy(x, rng.standard_normal(x.shape)).estimate(0.01)[1] > 0
    assert found <= 9  # of 300 at 1 %: more in a thousandth of such tests


@pytest.mark.parametrize("replicates", [64, 256])
def test_signs_tied_to_a_product_are_found_by_it_alone(replicates):
    exact = standard(2)
    e = summarise_whole(tie_signs(Case(replicates, 400, 2), exact, np.random.default_rng(3)), exact)
    got = verdict.judge(e)
    assert got.verdict == "biased" and "energy distance" in got.reason
    assert got.lo > verdict.ENERGY * e.margins.bias


def test_it_clears_nobody():
    exact = standard(2)
    e = summarise_whole(iid(Case(32, 400, 2), exact, np.random.default_rng(4)), exact)
    assert e.energy.estimate(0.01)[1] < 0
    assert verdict.judge(e).verdict == "undecided"  # as without it


def test_runs_that_never_ended_are_left_out_of_it():
    exact = standard(2)
    x = iid(Case(64, 400, 2), exact, np.random.default_rng(5))
    x[3] = np.nan
    e = summarise_whole(x, exact)
    value, lo, _ = e.select(e.has_ended).energy.estimate(0.01)
    assert np.isfinite(value) and lo < 0


def test_its_cost_is_bounded_whatever_the_replicates_and_draws():
    for replicates, draws in ((16, 5000), (256, 10), (3000, 4)):
        x = np.zeros((replicates, 1, draws, 2))
        points = pick_points(x, None)
        assert points.shape[0] * points.shape[1] <= energy_distance.POINTS


def test_of_very_many_replicates_the_first_speak():
    exact, count = standard(2), energy_distance.POINTS + 2
    x = iid(Case(count, 4, 2), exact, np.random.default_rng(6))
    e = summarise_whole(x, exact).select(np.arange(count) != 5)
    assert len(e.est) == count - 1 and len(e.energy.kernel) == energy_distance.POINTS - 1


def test_points_of_weighted_draws_are_taken_by_weight():
    x = np.arange(100.0)[None, None, :, None]
    log_w = np.where(np.arange(100) < 50, -np.inf, 0.0)[None, None]
    assert pick_points(x, log_w).min() >= 50
