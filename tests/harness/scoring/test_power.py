"""What is said to be found with 95 % probability is found so often, not more often."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring import power
from samplerbench.harness.scoring.bias_tests import _compare_mean
from samplerbench.harness.scoring.complaint import ALPHA, t_interval
from samplerbench.harness.scoring.equivalence import DISASTER
from samplerbench.harness.scoring.lost_replicates import DISASTER_RATE
from samplerbench.harness.scoring.margins import DEFAULT
from samplerbench.harness.statistics.intervals import clopper_pearson, rms_bounds

TRIES = 2000
#: of 2000 tries at 95 %: exceeded in either direction once in a million
LOW, HIGH = stats.binom.ppf([1e-6, 1 - 1e-6], TRIES, power.POWER)


def normal(replicates: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((TRIES, replicates))


@pytest.mark.parametrize("replicates", [16, 32, 256])
@pytest.mark.parametrize("components", [1, 41])
def test_errors_so_much_larger_than_claimed_are_found(replicates, components):
    # by the runs that are no disasters, or by two that are
    alpha = ALPHA / 2 / components
    factor = power.detect_calibration(replicates, alpha, 1.15)
    found = 0
    for one in factor * normal(replicates, 1):
        ordinary = one[np.abs(one) <= DISASTER]
        found += rms_bounds(ordinary, alpha)[0] > 1.15 or replicates - len(ordinary) >= 2
    assert LOW - 20 <= found <= HIGH  # the sum of cut squares is a gamma variable to 1 %


@pytest.mark.parametrize("tolerated", [1.15, 130.0])
def test_a_shift_is_found_whatever_is_tolerated(tolerated):
    shift = power.detect_shift(64, ALPHA, tolerated)
    found = np.square(shift + normal(64, 2)).sum(axis=1) > tolerated**2 * stats.chi2.isf(ALPHA, 64)
    assert LOW <= found.sum() <= HIGH


@pytest.mark.parametrize("spread", [0.03, 0.3])  # the margin is tolerated, or half of the spread
@pytest.mark.parametrize("replicates", [16, 32, 256])
def test_a_bias_so_large_is_found_by_the_mean(replicates, spread):
    bias = power.detect_mean(replicates, spread, ALPHA / 20, 0.05)
    found = 0
    for errors in bias + spread * normal(replicates, 2):
        mean, seen, half = t_interval(errors, ALPHA / 20)
        found += mean - half > max(0.05, 0.5 * seen)
    assert LOW <= found <= HIGH


@pytest.mark.parametrize("ess", [50, 400])
@pytest.mark.parametrize("replicates", [32, 256])
def test_a_bias_that_is_planned_for_is_found_however_little_runs_are_worth(replicates, ess):
    # of few effective draws half of the spread is tolerated, which is more than the margin
    spread, count = 1 / np.sqrt(ess), 1
    bias = power._choose_detector("bias", ess, count, DEFAULT)(replicates)
    found = 0
    for errors in bias + spread * normal(replicates, 4):
        mean = _compare_mean(errors, 0.0, DEFAULT.bias, ALPHA / (13 * count + 2))
        claims = rms_bounds(errors / spread, ALPHA / 2 / count)[0]
        found += mean.excess > 1 or claims > DEFAULT.accused_calibration
    assert found >= LOW  # either may find it


@pytest.mark.parametrize("replicates", [32, 256])
def test_a_bias_so_large_in_claimed_errors_is_found_by_the_claims(replicates):
    shift = power.detect_shift(replicates, ALPHA / 4, 1.15)
    z = shift + normal(replicates, 3)
    assert LOW <= sum(rms_bounds(one, ALPHA / 4)[0] > 1.15 for one in z) <= HIGH


@pytest.mark.parametrize("replicates", [16, 32, 256, 1000])
def test_so_many_runs_far_off_are_found_and_one_less_would_not_do(replicates):
    rate = power.detect_rate(replicates)
    counts = np.arange(2, replicates + 1)
    enough = [clopper_pearson(int(k), replicates, ALPHA)[0] > DISASTER_RATE for k in counts]
    least = counts[enough.index(True)]
    assert stats.binom.sf(least - 1, replicates, rate) == pytest.approx(power.POWER)
    assert power.detect_rate(256) == pytest.approx(0.0184, abs=1e-4)  # two of 256


def test_what_takes_so_many_replicates_is_not_found_by_fewer():
    def detect(count: int) -> float:
        return power.detect_calibration(count, ALPHA / 4, 1.15)

    count = power.count_replicates(detect, 1.5)
    assert detect(count) <= 1.5 < detect(int(count / 1.02))
    assert power.count_replicates(detect, 1.15) is None
