"""Scores against the exact answer are right on known cases, and so are their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.statistics import estimates, intervals
from tests.support.synthetic import Case, gaussian, iid

SD = np.array([1.0, 2.0])
MEAN = np.array([0.0, 5.0])

# Intervals of nominal level p over 1000 independent data sets: held ~ Binomial(1000, p), whose 1e-6
# lower and upper quantiles at 0.95 are 914 and 980. Bootstrap and order statistics are allowed
# their known defects below.
LOW, HIGH = stats.binom.ppf([1e-6, 1 - 1e-6], 1000, 0.95)


def held(truth: float, found: list[intervals.Estimate]) -> int:
    """How many intervals hold the truth."""
    return sum(one.lo <= truth <= one.hi for one in found)


def normal_estimates(columns: int, replicates: int, ess: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((replicates, columns)) / np.sqrt(ess)


def test_realised_ess_interval_holds_the_truth():
    est = normal_estimates(1000, 32, 100.0)
    assert LOW <= held(100.0, estimates.realised_ess(est, 0.0, 1.0)) <= HIGH


@pytest.mark.parametrize("replicates", [64, 256])
def test_realised_ess_interval_holds_the_truth_of_errors_with_heavy_tails(replicates):
    # as runs have that differ; with the degrees of freedom of normal errors 880 hold it
    est = np.random.default_rng(6).standard_t(8, size=(replicates, 1000)) / 10
    assert LOW <= held(100 * 6 / 8, estimates.realised_ess(est, 0.0, 1.0)) <= HIGH


def test_realised_ess_counts_bias():
    est = np.full((50, 2), 0.1) * SD + MEAN
    values = [one.value for one in estimates.realised_ess(est, MEAN, SD)]
    assert values == pytest.approx([100.0, 100.0])


@pytest.mark.slow
def test_mean_error_and_sd_ratio_intervals_hold_the_truth():
    values = 0.3 + normal_estimates(1000, 16, 4.0)
    assert LOW <= held(0.3, estimates.mean_error(values, 0.0, 1.0)) <= HIGH
    assert LOW <= held(0.3, estimates.sd_ratio(values, 1.0)) <= HIGH


@pytest.mark.parametrize("replicates", [16, 32, 64, 256])
def test_calibration_interval_holds_the_truth(replicates):
    z = normal_estimates(1000, replicates, 1.0)
    assert LOW <= held(1.0, estimates.calibration(z, np.ones_like(z), 0.0)) <= HIGH


@pytest.mark.parametrize("replicates", [64, 256])
@pytest.mark.parametrize("kind", ["t with 10 degrees", "half and twice by turns"])
def test_calibration_interval_holds_the_truth_of_errors_with_heavy_tails(kind, replicates):
    rng, tries = np.random.default_rng(22), 4000
    if kind == "t with 10 degrees":
        z = rng.standard_t(10, size=(replicates, tries)) / np.sqrt(1.25)
    else:
        z = rng.standard_normal((replicates, tries)) / np.sqrt(2.125)
        z[::2], z[1::2] = z[::2] * 2, z[1::2] / 2
    kept = held(1.0, estimates.calibration(z, np.ones_like(z), 0.0)) / tries
    assert 0.93 < kept < 0.97  # chi-square with a degree for each replicate: 0.855 to 0.90
    # what accuses two parameters: 0.8 to 1.1 % by such a chi-square
    assert np.mean([intervals.rms_bounds(column, 0.00125)[0] > 1 for column in z.T]) < 0.002


@pytest.mark.slow
@pytest.mark.parametrize("replicates", [16, 32, 64, 256])
def test_calibration_interval_holds_the_truth_of_weighted_draws(replicates):
    """Weights are independent of the draws: Kish's ESS is right, and differs from run to run."""
    rng, runs, count, draws = np.random.default_rng(20), 500, replicates, 200
    w = np.exp(rng.standard_normal((count, runs, draws)))
    w /= w.sum(axis=2, keepdims=True)
    est = np.einsum("rkn,rkn->rk", w, rng.standard_normal(w.shape))
    se = np.sqrt(np.square(w).sum(axis=2))  # of draws whose sd is known
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], runs, 0.95)
    assert low <= held(1.0, estimates.calibration(est, se, 0.0)) <= high


@pytest.mark.slow
@pytest.mark.parametrize(("size", "replicates"), [(1, 16), (2, 16), (2, 256), (10, 32), (50, 32)])
def test_the_worst_of_many_has_an_interval_that_holds_the_truth(size, replicates):
    """An ordinary interval of the worst of 50 parameters holds it in 7 % of campaigns."""
    z = normal_estimates(500 * size, replicates, 1.0).reshape(replicates, 500, size)
    level, kept = intervals.simultaneous_level(size, of_extreme=True), 0
    for campaign in np.moveaxis(z, 1, 0):
        each = estimates.calibration(campaign, np.ones_like(campaign), 0.0, level)
        worst = each[intervals.index_of_worst(each, -np.inf)]
        kept += worst.lo <= 1 <= worst.hi
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], 500, [0.95, 0.965])
    assert low <= kept <= high


def test_robust_calibration_interval_holds_the_truth():
    z = normal_estimates(1000, 64, 1.0)
    count = held(1.0, estimates.calibration_robust(z, np.ones_like(z), 0.0))
    assert count >= LOW  # exact for any distribution, a little wide as ranks are whole numbers


def test_halved_errors_double_the_calibration_and_a_stuck_replicate_only_the_rms():
    z = normal_estimates(1, 2000, 1.0)
    se = np.ones_like(z)
    # rms of 2000 normals has relative sd 1/sqrt(4000): six of them are 0.095.
    assert estimates.calibration(z, se / 2, 0.0)[0].value == pytest.approx(2.0, rel=0.095)
    z[0] = 1000.0
    assert estimates.calibration(z, se, 0.0)[0].value > 20
    # The median of |z| has relative sd 1 / (2 f sqrt(n)) / 0.6745 = 0.026 with f = 0.6356: six are
    # 0.16.
    assert estimates.calibration_robust(z, se, 0.0)[0].value == pytest.approx(1.0, abs=0.16)


def test_second_moment_of_exact_draws_is_calibrated():
    exact = gaussian(2)
    x = iid(Case(replicates=400, draws=1000), exact, np.random.default_rng(4))
    est, se = estimates.second_moment(x, exact.mean)
    for one in estimates.calibration(est, se, exact.sd**2):
        assert (
            0.80 < one.value < 1.22
        )  # chi-square of 400, 1e-7, and 4 % for the noise of the error
    np.testing.assert_allclose(est.mean(axis=0), exact.sd**2, rtol=6 * np.sqrt(2 / 400_000))


def test_log_z_scores():
    rng = np.random.default_rng(5)
    log_z = -66.0 + 0.3 * rng.standard_normal(2000)
    error = estimates.log_z_error(log_z, -66.5)
    assert error.value == pytest.approx(0.5, abs=6 * 0.3 / np.sqrt(2000))
    assert estimates.log_z_calibration(log_z, np.full(2000, 0.15), -66.0).value == pytest.approx(
        2.0, rel=0.095
    )


def test_what_cannot_be_computed_has_a_reason():
    one = np.array([[1.0]])
    assert estimates.mean_error(one, 0.0, 1.0)[0].lo is None
    assert "one replicate" in estimates.mean_error(one, 0.0, 1.0)[0].reason
    assert "one replicate" in estimates.calibration(one, one, 0.0)[0].reason
    assert "interval" in estimates.calibration_robust(one, one, 0.0)[0].reason
    nothing = np.empty((0, 1))
    assert estimates.mean_error(nothing, 0.0, 1.0)[0] == intervals.no_estimate("no replicates")
    assert intervals.estimate_share(0, 0).value is None
    lost = estimates.realised_ess(np.array([[np.nan], [np.nan]]), 0.0, 1.0)[0]
    assert lost.value is None and "2 of 2" in lost.reason
    claims_none = estimates.calibration(np.ones((5, 1)), np.zeros((5, 1)), 0.0)[0]
    assert claims_none.value is None and "standard error" in claims_none.reason


def test_replicates_left_out_are_told():
    est = np.array([[0.1], [np.nan], [0.2]])
    one = estimates.mean_error(est, 0.0, 1.0)[0]
    assert one.value == pytest.approx(0.15) and "1 of 3" in one.reason
