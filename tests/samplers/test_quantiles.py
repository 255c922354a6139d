"""Quantiles of everyday priors are SciPy's, at either precision.

At 64 bits to 1e-8 of the quantile. At 32 bits, where a quantile itself is rounded, the probability
below it is off by 1e-6 at the most, or by what two ulps of it make.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.experimental import enable_x64
from scipy import integrate as integration
from scipy import optimize, special, stats

from samplerbench.samplers.support.joint_quantiles import joint_quantiles
from samplerbench.samplers.support.quantiles import cube_shape, quantile
from samplerbench.samplers.support.scalar_quantiles import halve

U = np.array([1e-6, 1e-4, 0.01, 0.1, 0.25, 0.3, 0.5, 0.5005, 0.7, 0.9, 0.99, 0.9999, 1 - 2**-20])


def between(base, low, high):
    """SciPy's answer for ``base`` kept between bounds: by the smaller tail, in float64."""
    a, b, sa, sb = base.cdf(low), base.cdf(high), base.sf(low), base.sf(high)

    def ppf(q):
        by_lower, by_upper = base.ppf(a + q * (b - a)), base.isf(sb + (1 - q) * (sa - sb))
        return np.where(a + q * (b - a) < 0.5, by_lower, by_upper)

    def cdf(x):
        return (base.cdf(x) - a) / (b - a) if a < 0.5 else (sa - base.sf(x)) / (sa - sb)

    return ppf, cdf


def scipys(frozen):
    return frozen.ppf, frozen.cdf


def solve(cdf, low, high, q):
    return optimize.brentq(lambda x: cdf(x) - q, low, high, xtol=1e-15, rtol=1e-14)


def mixture(*parts):
    """SciPy's answer for a mixture of ``(weight, distribution)``."""

    def cdf(x):
        return sum(weight * part.cdf(x) for weight, part in parts)

    def ppf(q):
        ends = [[part.ppf(each) for _, part in parts] for each in q]
        return np.array([solve(cdf, min(e), max(e), p) for p, e in zip(q, ends, strict=True)])

    return ppf, cdf


def von_mises(kappa):
    """By SciPy's quadrature, since its own is an approximation where kappa is above 50."""
    reach = 8 / np.sqrt(kappa)

    def integrate(x):
        return integration.quad(
            lambda t: np.exp(kappa * (np.cos(t) - 1)), 0, x, epsabs=0, epsrel=1e-13
        )[0]

    def cdf(x):
        return 0.5 + np.vectorize(integrate)(x) / (2 * integrate(reach))

    return lambda q: np.array([solve(cdf, -reach, reach, p) for p in q]), cdf


INF = np.inf
PRIORS = {
    "Beta": (lambda: dist.Beta(2.0, 3.0), scipys(stats.beta(2, 3))),
    "Beta at the ends": (lambda: dist.Beta(0.5, 0.5), scipys(stats.beta(0.5, 0.5))),
    "Gamma": (lambda: dist.Gamma(2.0, 3.0), scipys(stats.gamma(2, scale=1 / 3))),
    "Beta of large concentrations": (lambda: dist.Beta(100.0, 80.0), scipys(stats.beta(100, 80))),
    "Beta near an end": (lambda: dist.Beta(2.0, 100.0), scipys(stats.beta(2, 100))),
    "Gamma of ten": (lambda: dist.Gamma(10.0, 3.0), scipys(stats.gamma(10, scale=1 / 3))),
    "Gamma of a hundred": (lambda: dist.Gamma(100.0, 3.0), scipys(stats.gamma(100, scale=1 / 3))),
    "Gamma of ten thousand": (lambda: dist.Gamma(1e4, 3.0), scipys(stats.gamma(1e4, scale=1 / 3))),
    "Gamma by whole numbers": (lambda: dist.Gamma(25, 4), scipys(stats.gamma(25, scale=1 / 4))),
    "Chi2": (lambda: dist.Chi2(3.0), scipys(stats.chi2(3))),
    "a Cauchy StudentT": (lambda: dist.StudentT(1.0, 1.0, 2.0), scipys(stats.t(1, 1, 2))),
    "StudentT": (lambda: dist.StudentT(4.0, 1.0, 2.0), scipys(stats.t(4, 1, 2))),
    "HalfNormal": (lambda: dist.HalfNormal(2.0), scipys(stats.halfnorm(scale=2))),
    "HalfCauchy": (lambda: dist.HalfCauchy(2.0), scipys(stats.halfcauchy(scale=2))),
    "LogNormal": (lambda: dist.LogNormal(0.5, 1.0), scipys(stats.lognorm(1, scale=np.exp(0.5)))),
    "LogUniform": (lambda: dist.LogUniform(1.0, 5.0), scipys(stats.loguniform(1, 5))),
    "Exponential": (lambda: dist.Exponential(2.0), scipys(stats.expon(scale=0.5))),
    "Weibull": (lambda: dist.Weibull(2.0, 1.5), scipys(stats.weibull_min(1.5, scale=2))),
    "Normal from below": (
        lambda: dist.TruncatedNormal(0.0, 1.0, low=1.0),
        between(stats.norm(), 1, INF),
    ),
    "Normal from far below": (
        lambda: dist.TruncatedNormal(1.0, 2.0, low=-3.0),
        between(stats.norm(1, 2), -3, INF),
    ),
    "Normal in its upper tail": (
        lambda: dist.TruncatedNormal(0.0, 1.0, low=2.0, high=3.0),
        between(stats.norm(), 2, 3),
    ),
    "Normal from above": (
        lambda: dist.TruncatedNormal(0.0, 1.0, high=0.5),
        between(stats.norm(), -INF, 0.5),
    ),
    "Cauchy from below": (
        lambda: dist.TruncatedCauchy(0.0, 1.0, low=1.0),
        between(stats.cauchy(), 1, INF),
    ),
    "half StudentT": (
        lambda: dist.TruncatedDistribution(dist.StudentT(3.0, 0.0, 2.0), low=0.0),
        between(stats.t(3, 0, 2), 0, INF),
    ),
    "VonMises": (lambda: dist.VonMises(0.0, 2.0), scipys(stats.vonmises(2))),
    "a nearly uniform VonMises": (lambda: dist.VonMises(0.0, 0.01), scipys(stats.vonmises(0.01))),
    "a narrow VonMises": (lambda: dist.VonMises(0.0, 300.0), von_mises(300)),
    "a mixture of one family": (
        lambda: dist.MixtureSameFamily(
            dist.Categorical(np.array([0.3, 0.7])),
            dist.Normal(np.array([-1.0, 2.0]), np.array([0.5, 1.0])),
        ),
        mixture((0.3, stats.norm(-1, 0.5)), (0.7, stats.norm(2, 1))),
    ),
    "a mixture of two families": (
        lambda: dist.MixtureGeneral(
            dist.Categorical(np.array([0.4, 0.6])), [dist.Normal(1.0, 0.1), dist.Cauchy(0.2, 2.0)]
        ),
        mixture((0.4, stats.norm(1, 0.1)), (0.6, stats.cauchy(0.2, 2))),
    ),
    "folded StudentT": (
        lambda: dist.FoldedDistribution(dist.StudentT(3.0, 0.0, 2.0)),
        between(stats.t(3, 0, 2), 0, INF),
    ),
}

pytestmark = pytest.mark.slow  # JAX compiles


def find_all(q):
    """The quantiles of all priors at ``q``, by one program: most of these tests is compiling."""
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        every = jax.jit(
            lambda q: {name: quantile(prior(), q) for name, (prior, _) in PRIORS.items()}
        )
        return {name: np.asarray(found, np.float64) for name, found in every(q).items()}
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def at_64_bits():
    with enable_x64():
        return find_all(jnp.asarray(U))


@pytest.fixture(scope="module")
def at_32_bits():
    return find_all(jnp.asarray(U, jnp.float32))


@pytest.mark.parametrize("name", PRIORS)
def test_quantiles_are_scipys_at_64_bits(name, at_64_bits):
    ppf, _ = PRIORS[name][1]
    np.testing.assert_allclose(at_64_bits[name], ppf(U), rtol=1e-8)


@pytest.mark.parametrize("name", PRIORS)
def test_at_32_bits_the_probability_below_a_quantile_is_right(name, at_32_bits):
    _, cdf = PRIORS[name][1]
    found, q = at_32_bits[name], U.astype(np.float32).astype(np.float64)
    ulps = 2 * 2.0**-23 * np.abs(found)
    assert (cdf(found - ulps) < q + 1e-6).all() and (cdf(found + ulps) > q - 1e-6).all()


def test_an_inverse_gamma_falls_with_the_uniform_number():
    with enable_x64():
        found = np.asarray(quantile(dist.InverseGamma(2.0, 3.0), jnp.asarray(U)))
    np.testing.assert_allclose(found, stats.invgamma(2, scale=3).isf(U), rtol=1e-8)


def test_what_is_folded_elsewhere_than_at_its_centre_is_folded_as_it_is():
    with enable_x64():
        found = np.asarray(quantile(dist.FoldedDistribution(dist.Normal(1.0, 1.0)), jnp.asarray(U)))
    np.testing.assert_allclose(stats.foldnorm(1).cdf(found), U, rtol=1e-8)


def test_a_multivariate_normal_is_drawn_by_as_many_numbers_as_it_has_components():
    covariance = np.array([[2.0, 1.2], [1.2, 1.0]])
    prior = dist.MultivariateNormal(np.array([1.0, -1.0]), covariance)
    assert cube_shape(prior) == (2,) and cube_shape(prior.expand([3])) == (3, 2)
    q = np.random.default_rng(0).random((20_000, 2))
    draws = np.asarray(jax.vmap(lambda row: quantile(prior, row))(q), np.float64)
    # 5.5 standard errors of independent draws; of a covariance at most sqrt(2) times the variances
    assert np.abs(draws.mean(axis=0) - [1, -1]).max() < 5.5 * np.sqrt(2 / 20_000)
    assert np.abs(np.cov(draws.T) - covariance).max() < 5.5 * 2 * np.sqrt(2 / 20_000)


def test_arrays_of_parameters_and_wrappers_keep_their_shapes():
    prior = dist.TruncatedNormal(np.zeros((2, 1)), 1.0, low=0.5).expand([2, 3]).to_event(1)
    assert cube_shape(prior) == (2, 3)
    assert quantile(prior, jnp.full((2, 3), 0.5)).shape == (2, 3)
    folded = dist.FoldedDistribution(dist.StudentT(3.0, np.zeros(3), 1.0))
    assert cube_shape(folded) == (3,) and quantile(folded, jnp.full(3, 0.2)).shape == (3,)


#: of which a draw is a smooth map of as many uniform numbers; the entries that are free
JOINT = {
    "MultivariateNormal": (
        lambda: dist.MultivariateNormal(np.ones(2), np.array([[2.0, 1.2], [1.2, 1.0]])),
        np.ravel,
    ),
    "LowRankMultivariateNormal": (
        lambda: dist.LowRankMultivariateNormal(
            np.ones(3), np.array([[1.0], [2.0], [-1.0]]), np.array([0.5, 1.0, 2.0])
        ),
        np.ravel,
    ),
    "MatrixNormal": (
        lambda: dist.MatrixNormal(
            np.ones((2, 3)),
            np.array([[1.0, 0.0], [0.5, 2.0]]),
            np.array([[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [-0.2, 0.1, 0.5]]),
        ),
        np.ravel,
    ),
    "GaussianRandomWalk": (lambda: dist.GaussianRandomWalk(0.7, num_steps=4), np.ravel),
    "CAR": (
        lambda: dist.CAR(np.ones(3), 0.6, 2.0, np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])),
        np.ravel,
    ),
    "Dirichlet": (lambda: dist.Dirichlet(np.array([0.7, 2.0, 5.0, 1.0])), lambda x: x[:-1]),
    "LKJCholesky of two": (lambda: dist.LKJCholesky(2, 0.8), lambda x: x[np.tril_indices(2, -1)]),
    "LKJCholesky": (lambda: dist.LKJCholesky(4, 2.0), lambda x: x[np.tril_indices(4, -1)]),
}


@pytest.mark.parametrize("name", JOINT)
def test_volumes_of_the_cube_are_probabilities_of_what_they_are_mapped_to(name):
    """The density at a draw times the map's volume element is 1 at every point of the cube."""
    make, choose_free = JOINT[name]
    with enable_x64():
        prior = make()
        points = np.random.default_rng(0).uniform(0.05, 0.95, (5, *cube_shape(prior)))

        @jax.jit
        def find(flat, shape=points.shape[1:]):
            return quantile(prior, flat.reshape(shape))

        for q in points.reshape(5, -1):
            value, density = find(q), prior.log_prob(find(q))
            steps = 1e-5 * np.eye(q.size)
            slopes = [choose_free(find(q + s) - find(q - s)) / 2e-5 for s in steps]
            volume = np.linalg.slogdet(np.array(slopes, np.float64))[1]
            assert prior.support(value).all()
            assert float(density) + volume == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("prior", "shape"),
    [
        (dist.Dirichlet(np.ones((2, 3))), (2, 2)),
        (dist.LKJ(3, 1.5), (3,)),
        (dist.LKJCholesky(3, np.ones(2)), (2, 3)),
        (dist.GaussianRandomWalk(np.ones(2), num_steps=5).to_event(1), (2, 5)),
        (dist.MultivariateStudentT(3.0, np.zeros(2), np.eye(2)).expand([4]), (4, 3)),
        (dist.ProjectedNormal(np.ones((2, 3))), (2, 3)),
    ],
)
def test_batches_of_joint_priors_keep_their_shapes(prior, shape):
    assert cube_shape(prior) == shape
    value = quantile(prior, jnp.full(shape, 0.3))
    assert value.shape == (*prior.batch_shape, *prior.event_shape)
    assert np.isfinite(np.asarray(value)).all()


def test_correlations_by_vines_have_their_known_margins():
    q = np.random.default_rng(1).random((4000, 6))
    draws = np.asarray(jax.jit(jax.vmap(lambda row: quantile(dist.LKJ(4, 1.5), row)))(q))
    for i, k in zip(*np.tril_indices(4, -1), strict=True):
        margin = stats.beta(2.5, 2.5)  # of (r + 1) / 2: concentration + (4 - 2) / 2, twice
        assert stats.kstest((draws[:, i, k] + 1) / 2, margin.cdf).pvalue > 1e-7


def test_what_takes_more_numbers_than_it_has_components_has_its_known_margins():
    rng, count = np.random.default_rng(2), 4000
    prior = dist.MultivariateStudentT(3.0, np.array([1.0, -1.0]), np.array([[2.0, 0], [1.0, 0.5]]))
    draws = np.asarray(jax.jit(jax.vmap(lambda row: quantile(prior, row)))(rng.random((count, 3))))
    for column, loc, scale in zip(draws.T, (1, -1), (2, np.sqrt(1.25)), strict=True):
        assert stats.kstest(column, stats.t(3, loc, scale).cdf).pvalue > 1e-7
    prior = dist.ProjectedNormal(np.array([0.6, 0.8]))
    draws = np.asarray(jax.jit(jax.vmap(lambda row: quantile(prior, row)))(rng.random((count, 2))))
    # of unit concentration: sqrt(pi / 8) exp(-1 / 4) (I_0(1 / 4) + I_1(1 / 4))
    length = np.sqrt(np.pi / 8) * np.exp(-0.25) * (special.iv(0, 0.25) + special.iv(1, 0.25))
    assert np.abs(draws.mean(axis=0) - length * np.array([0.6, 0.8])).max() < 5.5 / np.sqrt(count)


def test_an_angle_is_wrapped_to_where_it_is_measured():
    q = jnp.asarray([0.2, 0.5, 0.8])
    found = np.asarray(quantile(dist.VonMises(3.0, 4.0), q), np.float64)
    expected = stats.vonmises(4).ppf(np.asarray(q, np.float64)) + 3
    np.testing.assert_allclose(found, (expected + np.pi) % (2 * np.pi) - np.pi, atol=2e-6)


def test_every_joint_map_is_tested():
    tested = {name.partition(" ")[0] for name in JOINT} | {
        "MultivariateStudentT",
        "ProjectedNormal",
    }
    assert {kind.__name__ for kind in joint_quantiles()} == tested


def test_halving_ends_where_the_answer_turns():
    low, high = jnp.zeros(2), jnp.asarray([1.0, 8.0])
    found = halve(lambda x: x * x < 0.5, low, high)
    np.testing.assert_allclose(found, np.sqrt([0.5, 0.5]), rtol=1e-6)


def test_what_is_no_draw_by_uniform_numbers_has_no_quantile():
    spikes = dist.MixtureGeneral(
        dist.Categorical(np.ones(2) / 2), [dist.Delta(1.0), dist.Delta(0.0)]
    )
    with pytest.raises(NotImplementedError):
        quantile(spikes, jnp.asarray(0.3))
    sines = dist.SineBivariateVonMises(0.0, 0.0, 1.0, 1.0, 0.1)
    with pytest.raises(NotImplementedError):
        cube_shape(sines)
