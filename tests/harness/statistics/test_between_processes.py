"""Intervals between processes hold what the next processes take."""

from __future__ import annotations

import math

import numpy as np
import pytest

from samplerbench.harness.statistics.between_processes import (
    combine_ends,
    estimate_seconds,
    find_typical,
    t_quantile,
)


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_the_interval_holds_the_typical_seconds_with_95_percent(count):
    rng = np.random.default_rng(count)
    logs = rng.normal(np.log(5.0), 0.1, (4000, count))
    found = [estimate_seconds(each.tolist()) for each in np.exp(logs)]
    held = np.mean([one.lo <= 5.0 <= one.hi for one in found])
    assert abs(held - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000)


def test_three_processes_are_a_t_with_two_degrees_of_freedom():
    assert t_quantile(3) == pytest.approx(4.302653, rel=1e-6)
    found = estimate_seconds([4.0, 5.0, 6.25])
    half = t_quantile(3) * np.log(1.25) / np.sqrt(3)
    assert found.value == pytest.approx(5.0)
    assert (found.lo, found.hi) == pytest.approx((5 * np.exp(-half), 5 * np.exp(half)))


def test_one_process_has_no_interval_and_no_time_at_all_has_none_either():
    alone, nothing = estimate_seconds([5.24]), estimate_seconds([0.0, 0.0, 0.0])
    assert (alone.value, alone.lo, alone.hi) == (5.24, None, None)
    assert (nothing.value, nothing.lo, nothing.hi) == (0.0, None, None)


def test_seconds_that_may_be_zero_have_a_mean_and_an_interval_not_below_zero():
    found = estimate_seconds([0.0, 0.0, 3.0])
    assert find_typical([0.0, 0.0, 3.0]) == found.value == 1.0
    assert found.lo == 0.0 and found.hi == pytest.approx(1.0 + t_quantile(3))


def test_seconds_that_no_clock_gives_have_an_interval_that_a_float_holds():
    found = estimate_seconds([1e-300, 1e300])
    assert 0 < found.lo < found.value < found.hi < math.inf


def test_the_interval_of_a_quotient_holds_it_with_95_percent():
    """Both parts log-normal with known errors, of unequal size."""
    rng, ends = np.random.default_rng(4), 1.959964
    tops, bottoms = rng.normal(0, 0.3, 4000), rng.normal(0, 0.2, 4000)
    held = 0
    for top, bottom in zip(tops, bottoms, strict=True):
        value = np.exp(top - bottom)
        reach = [value * np.exp(np.array([-ends, ends]) * sd) for sd in (0.3, 0.2)]
        lo, hi = combine_ends(value, *map(tuple, reach))
        held += lo <= 1 <= hi
    assert abs(held / 4000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000)


def test_a_part_without_error_adds_nothing():
    assert combine_ends(2.0, (1.0, 3.0), (2.0, 2.0)) == pytest.approx((1.0, 3.0))
