"""Intervals of shares, medians and rms are those of their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.statistics import intervals


def test_replicates_count_as_fewer_where_tails_are_heavier_than_normal():
    assert intervals.count_freedom(np.ones(50)) == 50  # a kurtosis of 1 is not believed
    assert intervals.count_freedom(np.r_[np.zeros(90), np.ones(10), np.nan]) == pytest.approx(
        200 / 9
    )
    assert intervals.count_freedom(np.zeros(7)) == 7
    lo, hi = intervals.rms_bounds(np.r_[np.zeros(90), np.ones(10)], 0.01)
    ends = stats.chi2.ppf([0.99, 0.01], 200 / 9)
    assert (lo, hi) == pytest.approx(tuple(np.sqrt(0.1 * 200 / 9 / ends)))


def test_few_runs_that_rule_the_error_are_few_effective_replicates():
    rng = np.random.default_rng(21)
    # 1024 squares of normals, whose mean square is 3: a third, to six standard errors
    assert intervals.effective_replicates(rng.standard_normal(1024)) == pytest.approx(341, rel=0.3)
    assert intervals.effective_replicates(np.ones(50)) == pytest.approx(50)
    assert intervals.effective_replicates(np.r_[np.full(100, 1e-3), 1.0, np.nan]) < 1.1
    assert intervals.effective_replicates(np.zeros(3)) == 0


@pytest.mark.parametrize(
    "count, of, lo, hi",
    # Clopper and Pearson by hand: 1 - 0.025**(1/32) and its mirror; 0.025 tails of the binomial for
    # 5 of 10.
    [(0, 32, 0.0, 0.10888), (32, 32, 0.89112, 1.0), (5, 10, 0.18709, 0.81291)],
)
def test_rate_has_the_exact_interval(count, of, lo, hi):
    one = intervals.estimate_share(count, of)
    assert (one.value, one.lo, one.hi) == pytest.approx((count / of, lo, hi), abs=1e-4)


def test_worst_component_is_chosen_by_distance_from_ideal():
    some = [intervals.Estimate(v, None, None) for v in (0.5, 1.6, 1.1)]
    assert intervals.index_of_worst(some, 1.0) == 1
    assert intervals.index_of_worst(some, 1.0, ratio=True) == 0
    assert intervals.index_of_worst(some, np.inf) == 0  # the least ESS
    assert intervals.index_of_worst([intervals.no_estimate("no"), *some], 1.0) == 2


@pytest.mark.slow
def test_the_interval_of_a_median_is_of_order_statistics_and_covers_as_it_says():
    assert intervals.median_interval(np.arange(6.0)) == intervals.Estimate(2.5, 0.0, 5.0)
    assert intervals.median_interval(np.arange(20.0)) == intervals.Estimate(
        9.5, 5.0, 14.0
    )  # 6th and 15th
    few = intervals.median_interval(np.arange(5.0))
    assert few.value == 2.0 and few.lo is None and "needs 6" in few.reason
    assert "needs 8" in intervals.median_interval(np.arange(7.0), 0.99).reason
    assert intervals.median_interval(np.arange(8.0), 0.99).hi == 7.0
    with_holes = intervals.median_interval(np.array([np.nan, np.inf, *range(6)]))
    assert (with_holes.lo, with_holes.hi) == (0.0, 5.0)
    assert intervals.median_interval(np.array([np.nan])).value is None
    rng = np.random.default_rng(7)
    found = [intervals.median_interval(x) for x in rng.exponential(size=(2000, 32))]
    covers = np.mean([one.lo <= np.log(2) <= one.hi for one in found])
    assert abs(covers - 0.98) < 5 * np.sqrt(0.02 * 0.98 / 2000)  # P(10 <= Binomial(32, 1/2) <= 22)
