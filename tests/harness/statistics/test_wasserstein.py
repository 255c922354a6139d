"""The Wasserstein distance and the coverage of draws are right on known cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.statistics import wasserstein
from tests.support.synthetic import Case, gaussian, iid, lognormal, two_modes


def test_w1_of_a_shift_is_the_shift_and_of_one_draw_the_mean_distance():
    exact = gaussian(2)
    probs = (np.arange(1000) + 0.5) / 1000
    x = (exact.quantile(probs) + 0.2 * exact.sd)[None, None]
    np.testing.assert_allclose(wasserstein.w1(x, exact), 0.2, rtol=1e-10)
    weights = np.zeros((1, 1, 1000))
    np.testing.assert_allclose(wasserstein.w1(x, exact, weights), 0.2, rtol=0.02)
    lone = wasserstein.w1(np.zeros((1, 1, 1, 2)) + exact.mean, exact)
    np.testing.assert_allclose(lone, 0.0, atol=1e-12)  # one mid-point: the median


def test_yardstick_equals_w1_of_exact_draws():
    exact = gaussian(2)
    x = iid(Case(replicates=200, draws=300), exact, np.random.default_rng(7))
    ideal = wasserstein.score_independent_draws(exact, 300)
    error = np.hypot(ideal.w1_error, wasserstein.w1(x, exact).std(axis=0) / np.sqrt(200))
    assert (np.abs(wasserstein.w1(x, exact).mean(axis=0) - ideal.w1) < 6 * error).all()
    assert (np.abs(ideal.calibration - 1) < 6 / np.sqrt(2 * ideal.replications) + 0.01).all()
    assert (wasserstein.score_independent_draws(exact, 300).w1 == ideal.w1).all()


def test_yardstick_shows_where_the_mean_is_hard():
    assert wasserstein.score_independent_draws(lognormal(1, sigma=2.5), 300).calibration[0] > 1.5


@pytest.mark.parametrize(
    "exact", [gaussian(3), two_modes(3), lognormal(3)], ids=["normal", "modes", "skewed"]
)
def test_central_intervals_of_exact_draws_cover_as_they_say(exact):
    x = iid(Case(replicates=100, draws=400, size=3), exact, np.random.default_rng(8))
    for level, covered in wasserstein.measure_coverage(x, exact).items():
        # of n draws they lack level / n and some: quantiles are between draws
        error = covered.std(axis=0) / np.sqrt(100)
        assert (np.abs(covered.mean(axis=0) - level) < 2 / 400 + 6 * error).all()
        assert (error < 0.003).all()  # one exact draw a replicate: 0.05


def test_coverage_shows_draws_that_are_too_narrow():
    exact = gaussian(1)
    x = iid(Case(replicates=50, draws=400, size=1), exact, np.random.default_rng(9))
    narrow = wasserstein.measure_coverage(exact.mean + 0.5 * (x - exact.mean), exact)[0.9]
    (one,) = wasserstein.estimate_coverage(narrow)
    truth = 2 * stats.norm.cdf(0.5 * stats.norm.ppf(0.95)) - 1
    assert one.lo < truth < one.hi < 0.62
    (none,) = wasserstein.estimate_coverage(np.full((3, 1), np.nan))
    assert none.reason == "the reference is moments alone"


def test_components_are_found_by_name():
    sites = {"m": np.arange(2.0), "L": np.arange(8.0).reshape(2, 2, 2)}
    got = wasserstein.component_draws(sites, ("L[1,0]", "m"), lead=1)
    assert got.tolist() == [[2.0, 0.0], [6.0, 1.0]]
    with pytest.raises(KeyError, match="no component 'x'"):
        wasserstein.component_draws(sites, ("x",), lead=1)
