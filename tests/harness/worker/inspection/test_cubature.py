"""Integrals over one or two parameters are right to their stated error, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from samplerbench.harness.worker.inspection.cubature import integrate
from samplerbench.harness.worker.inspection.mode_search import NoAnswer

RNG = np.random.default_rng(4)
#: what is said of an error is a bound; rounding of sums over some 1e4 nodes is on top
ROUNDING = 1e-10


def gaussian(mean, sd, rho):
    rest = np.sqrt(1 - rho**2)

    def density(u):
        z = (u - np.array(mean)) / np.array(sd)
        logs = stats.norm.logpdf(z[:, 0]) + stats.norm.logpdf((z[:, 1] - rho * z[:, 0]) / rest)
        return logs - np.log(sd[0] * sd[1] * rest), u

    return density


def dirichlet(u):
    """A Dirichlet(4, 6, 3) over the simplex by a softmax, with its Jacobian p1 p2 p3."""
    p = special.softmax(np.column_stack([u, np.zeros(len(u))]), axis=1)
    with np.errstate(divide="ignore"):
        return np.log(p) @ np.array([4.0, 6.0, 3.0]), p


def seeds(d, scale=5.0):
    return scale * np.random.default_rng(3).standard_normal((2000, d))


@pytest.mark.parametrize(
    ("mean", "sd", "rho"),
    [((0, 0), (1, 1), 0.0), ((3, 100), (1e-3, 50), 0.99), ((1e4, -7), (1.0, 1e-2), -0.9)],
)
def test_a_gaussian_is_known_to_its_stated_error(mean, sd, rho):
    points = np.array(mean) + seeds(2) * np.array(sd)
    found = integrate(gaussian(mean, sd, rho), points, 60, RNG)
    assert abs(found.log_z) <= found.log_z_error + ROUNDING
    off = np.abs(found.mean - mean)
    assert (off <= found.mean_error + ROUNDING * np.abs(mean) + ROUNDING).all()
    got = np.sqrt(np.diag(found.covariance))
    assert (np.abs(got / sd - 1) <= found.sd_error / sd + ROUNDING).all()
    assert (found.mean_error < 1e-6 * np.array(sd)).all() and found.log_z_error < 1e-6


def test_a_simplex_has_two_free_parameters_and_three_components():
    found = integrate(dirichlet, seeds(2), 60, RNG)
    a = np.array([4.0, 6.0, 3.0])
    p = a / a.sum()
    np.testing.assert_allclose(found.mean, p, atol=1e-9)
    exact = (np.diag(p) - np.outer(p, p)) / (a.sum() + 1)
    np.testing.assert_allclose(found.covariance, exact, atol=1e-9)
    assert found.log_z == pytest.approx(special.gammaln(a).sum() - special.gammaln(a.sum()))


def test_draws_are_independent_and_of_the_density():
    found = integrate(dirichlet, seeds(2), 60, np.random.default_rng(5))
    for i, (a, b) in enumerate(((4, 9), (6, 7), (3, 10))):
        # one in a million by chance, were they right
        assert stats.kstest(found.draws[:20_000, i], stats.beta(a, b).cdf).pvalue > 1e-6


def test_modes_far_apart_and_of_unlike_width_are_all_found():
    def density(u):
        narrow = np.log(0.3) + stats.norm(-20, 0.05).logpdf(u[:, 0])
        return np.logaddexp(narrow, np.log(0.7) + stats.norm(20, 2).logpdf(u[:, 0])), u

    found = integrate(density, seeds(1, 20.0), 60, RNG)
    assert found.mean[0] == pytest.approx(0.3 * -20 + 0.7 * 20)
    assert found.log_z == pytest.approx(0.0, abs=1e-7)


def test_tails_of_a_student_are_integrated_and_those_of_a_cauchy_refused():
    found = integrate(lambda u: (stats.t(5).logpdf(u[:, 0]), u), seeds(1), 60, RNG)
    assert found.covariance[0, 0] == pytest.approx(5 / 3, rel=1e-4)
    with pytest.raises(NoAnswer, match="no finite sd"):
        integrate(lambda u: (stats.cauchy.logpdf(u[:, 0]), u), seeds(1), 60, RNG)


def test_a_density_of_nothing_is_refused():
    for nothing in (np.nan, -np.inf):
        with pytest.raises(NoAnswer, match="zero or no number"):
            integrate(lambda u, n=nothing: (np.full(len(u), n), u), seeds(2), 60, RNG)


def test_what_takes_too_long_is_refused_with_its_error():
    jumps = lambda u: (np.where(np.sin(300 * u).sum(axis=1) > 0, -0.5 * (u**2).sum(axis=1), -9), u)  # noqa: E731
    with pytest.raises(NoAnswer, match="its error is still"):
        integrate(jumps, seeds(2), 0.0, RNG)
