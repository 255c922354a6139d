"""Limits hold what is true, and say how many replicates would bring them inside their margins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring import equivalence
from samplerbench.harness.scoring.equivalence import LEVEL, RATE

RMS = 1.35


def test_the_limit_of_an_rms_is_exceeded_by_the_truth_with_one_percent():
    rng = np.random.default_rng(1)
    held = [
        equivalence._limit_rms(rng.standard_normal(64), RMS, "z").limit > 1 for _ in range(4000)
    ]
    # 4000 tries of 1 %: five standard errors are 0.8 %
    assert abs(np.mean(held) - (1 - LEVEL)) < 0.008


def test_the_limit_of_a_mean_is_exceeded_by_the_truth_with_one_percent():
    rng = np.random.default_rng(2)
    held = [
        equivalence._limit_mean(5 + rng.standard_normal(20), 0.0, 1.0, "x").limit > 5
        for _ in range(4000)
    ]
    assert abs(np.mean(held) - (1 - LEVEL)) < 0.008


def test_the_margin_of_an_rms_is_reached_by_so_many_replicates():
    rng = np.random.default_rng(3)
    z = rng.standard_normal(20)
    z *= 1.1 / np.sqrt(np.mean(np.square(z)))
    needed = equivalence._limit_rms(z, RMS, "z").replicates
    exact = next(n for n in range(20, 1000) if 1.1 * np.sqrt(n / stats.chi2.ppf(LEVEL, n)) < RMS)
    assert exact <= needed <= 1.06 * exact  # on a grid of 5 %
    assert equivalence._limit_rms(z * RMS / 1.1, RMS, "z").replicates == np.inf


def test_a_rate_of_none_is_below_two_percent_from_228_runs_on():
    assert equivalence._limit_rate(0, 227).limit > RATE > equivalence._limit_rate(0, 228).limit
    assert 228 <= equivalence._limit_rate(0, 32).replicates <= 240


def test_the_limit_that_is_farthest_from_decided_is_told():
    near = equivalence.Limit("near", 0.1, 1.4, 1.35, 300)
    far = equivalence.Limit("far", 0.1, 1.4, 1.35, 5000)
    inside = equivalence.Limit("inside", 0.1, 1.2, 1.35, 20)
    assert equivalence.find_open(iter([near, inside, far])) is far
    assert equivalence.find_open(iter([inside])) is None
    nothing = equivalence.Limit("nothing", np.nan, np.nan, 1.35, np.inf)
    assert equivalence.find_open(iter([inside, nothing])) is nothing


@pytest.mark.parametrize("count", [2, 50])
def test_no_margin_is_met_by_what_lies_outside(count):
    assert not equivalence._limit_mean(np.linspace(2, 3, count), 0.0, 1.0, "x").is_inside


def test_names_with_braces_are_text():
    limit = equivalence._limit_mean(np.linspace(0, 1, 20), 0.5, 1.0, "the mean of 'a{b}'", " sd")
    assert limit.reason.startswith("the mean of 'a{b}' is off by at most 0.")
    assert limit.reason.endswith(" sd; honest is below 1")
