"""The density that samplers are given is the program's own, by any route to it."""

from __future__ import annotations

import functools

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from jax.flatten_util import ravel_pytree
from scipy import special, stats

from samplerbench.models.base import Model, build, models
from samplerbench.samplers.base import Declined
from samplerbench.samplers.controls import spread_by_site
from samplerbench.samplers.support.log_density import LogDensity, make_log_density, map_batches
from samplerbench.samplers.support.prior_transform import make_prior_transform

pytestmark = pytest.mark.slow
NAMES = models.names()
#: their posteriors are normal, or a normal cut off by the prior's box, with one or two parameters
WITH_EVIDENCE = [("linear", {}), ("gaussian", {"dim": 2}), ("gaussian", {"dim": 1})]
SDS = 8  # a normal density has fallen by e^-32 there
DRAWS = 4000
#: two-sample Kolmogorov-Smirnov tests of all components of all models: below 1e-6 together
ALARM = 1e-6 / 200


@pytest.fixture(scope="module", autouse=True)
def double():
    """Equality of densities is to be judged, so in 64 bits; the other test modules use 32."""
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with enable(True):
        yield


def one_of_each(y):
    """Sites of every shape, two of them constrained, one given another, and a factor."""
    zeta = numpyro.sample("zeta", dist.LogNormal(0, 0.5))
    shares = numpyro.sample("shares", dist.Dirichlet(np.array([2.0, 3.0, 4.0])))
    with numpyro.plate("rows", 2):
        numpyro.sample("alpha", dist.Normal(zeta, 1).expand([2, 2]).to_event(1))
    numpyro.deterministic("double", 2 * zeta)
    numpyro.factor("penalty", -0.5 * shares[0])
    numpyro.sample("y", dist.Normal(zeta, 1), obs=y)


EACH = Model("one_of_each", {"y": np.array([0.5, 1.5])}, one_of_each)


@functools.cache
def model_of(name: str) -> Model:
    return EACH if name == EACH.name else build(name, {})


def points(density: LogDensity, model: Model, count: int = 3) -> list[np.ndarray]:
    keys = jax.random.split(jax.random.PRNGKey(3), count)
    return [density.find_start(key, model.data) for key in keys]


# -- one vector and the sites --------------------------------------------------------------------


def test_the_vector_holds_the_sites_in_alphabetical_order_as_jax_flattens_a_dict():
    density = make_log_density(EACH)
    assert dict(density.shapes) == {"alpha": (2, 2), "shares": (2,), "zeta": ()}
    assert density.dim == 7
    assert [site.name for site in density.latents] == ["zeta", "shares", "alpha"]
    assert density.observed_sites == ("penalty", "y")
    vector = np.arange(7.0)
    flat, _ = ravel_pytree(density.split(vector))
    np.testing.assert_array_equal(flat, vector)


@pytest.mark.parametrize("name", [*NAMES, EACH.name])
def test_constraining_and_unconstraining_are_inverses(name):
    model = model_of(name)
    density = make_log_density(model)
    for u in points(density, model):
        sites = density.constrain(u, model.data)
        np.testing.assert_allclose(density.unconstrain(sites, model.data), u, atol=1e-9)


def test_constrained_sites_hold_the_deterministic_ones():
    density = make_log_density(EACH)
    sites = density.constrain(points(density, EACH)[0], EACH.data)
    assert sites.keys() == {"zeta", "shares", "alpha", "double"}
    assert sites["double"] == 2 * sites["zeta"]
    assert sites["shares"].sum() == pytest.approx(1)


# -- the density ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, EACH.name])
def test_the_joint_density_is_numpyros_potential_energy(name):
    from numpyro.infer.util import initialize_model

    model = model_of(name)
    density = make_log_density(model)
    info = initialize_model(jax.random.PRNGKey(0), model.program, model_kwargs=model.data)
    for u in points(density, model):
        wanted = -info.potential_fn(density.split(u))
        assert float(density.log_joint(u, model.data)) == pytest.approx(float(wanted), rel=1e-12)


@pytest.mark.parametrize("name", [*NAMES, EACH.name])
def test_prior_and_likelihood_make_the_joint_density(name):
    model = model_of(name)
    density = make_log_density(model)
    for u in points(density, model):
        likelihood = density.log_likelihood(density.constrain(u, model.data), model.data)
        both = density.log_prior(u, model.data) + likelihood
        assert float(both) == pytest.approx(float(density.log_joint(u, model.data)), rel=1e-10)


def test_the_likelihood_is_of_the_data_and_of_factors_alone():
    density = make_log_density(EACH)
    sites = density.constrain(points(density, EACH)[0], EACH.data)
    y = stats.norm.logpdf(EACH.data["y"], float(sites["zeta"])).sum()
    wanted = y - 0.5 * float(sites["shares"][0])
    assert float(density.log_likelihood(sites, EACH.data)) == pytest.approx(wanted)


def test_what_is_compiled_for_one_data_set_serves_another():
    density = make_log_density(EACH)
    joint = jax.jit(density.log_joint)
    u = points(density, EACH)[0]
    other = {"y": EACH.data["y"] + 1}
    wanted = make_log_density(EACH.with_data(other)).log_joint(u, other)
    assert joint(u, other) == pytest.approx(float(wanted))
    assert joint(u, EACH.data) != joint(u, other)
    assert joint._cache_size() == 1


@pytest.mark.parametrize(("name", "options"), WITH_EVIDENCE)
def test_the_joint_density_integrates_to_the_exact_evidence(name, options):
    model = build(name, options)
    density, exact = make_log_density(model), model.exact()
    # the Laplace approximation's box in u; trapezoids of a function that vanishes at the border
    # and is as smooth as a normal are exact to rounding at this spacing
    sites = exact.draw(np.random.default_rng(1), DRAWS)
    u = jax.vmap(lambda s: density.unconstrain(s, model.data))(sites)
    edges = [(m - SDS * s, m + SDS * s) for m, s in zip(u.mean(0), u.std(0), strict=True)]
    log_z = integral(jax.jit(jax.vmap(lambda u: density.log_joint(u, model.data))), edges)
    assert log_z == pytest.approx(exact.log_evidence, abs=1e-6)


@pytest.mark.parametrize(("name", "options"), WITH_EVIDENCE)
def test_the_likelihood_over_the_priors_cube_integrates_to_the_exact_evidence(name, options):
    model = build(name, options)
    density, prior, exact = make_log_density(model), make_prior_transform(model), model.exact()

    def log_likelihood(q):
        return density.log_likelihood(prior.transform(q, model.data), model.data)

    # the posterior's box in the cube, by the prior's own cdf at the box's corners
    shapes = exact.draw(np.random.default_rng(0), 1)
    low, high = (
        spread_by_site(exact, exact.mean + side * SDS * exact.sd, shapes) for side in (-1, 1)
    )
    edges = list(zip(cdf(model, prior, low), cdf(model, prior, high), strict=True))
    assert integral(jax.jit(jax.vmap(log_likelihood)), edges) == pytest.approx(
        exact.log_evidence, abs=1e-6
    )


def cdf(model, prior, sites):
    """The point of the cube that is mapped to ``sites``, for uniform and normal priors."""
    from samplerbench.samplers.support.latent_sites import trace_sites

    records = trace_sites(model, model.data)
    parts = []
    for name in prior.shapes:
        base = records[name]["fn"]
        base = getattr(base, "base_dist", base)
        parts.append(np.ravel(base.cdf(sites[name])))
    return np.concatenate(parts)


def integral(log_density, edges) -> float:
    """Log of the integral of a density over a box, by trapezoids."""
    axes = [np.linspace(a, b, 161) for a, b in edges]
    grid = np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], axis=1)
    logs = map_batches(log_density, grid)
    return float(special.logsumexp(logs) + sum(np.log(axis[1] - axis[0]) for axis in axes))


def test_batches_give_each_point_its_value_whatever_their_number():
    function = jax.jit(jax.vmap(lambda u: (u.sum(), 2 * u)))
    for count in (1, 1024, 2500):
        grid = np.random.default_rng(count).normal(size=(count, 3))
        total, doubled = map_batches(function, grid)
        np.testing.assert_allclose(total, grid.sum(axis=1))
        np.testing.assert_array_equal(doubled, 2 * grid)
    assert function._cache_size() == 1


# -- the prior -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_uniform_points_of_the_cube_are_draws_from_the_prior(name):
    model = model_of(name)
    density = make_log_density(model)
    prior = make_prior_transform(model)
    cube = np.random.default_rng(5).random((DRAWS, prior.dim))
    mapped = jax.jit(jax.vmap(lambda q: prior.transform(q, model.data)))(cube)
    keys = jax.random.split(jax.random.PRNGKey(7), DRAWS)
    drawn = jax.jit(jax.vmap(lambda key: density.draw_prior(key, model.data)))(keys)
    assert drawn.keys() <= mapped.keys()
    for site, values in drawn.items():
        ours = np.reshape(mapped[site], (DRAWS, -1)).T
        assert mapped[site].shape == values.shape
        for a, b in zip(ours, np.reshape(values, (DRAWS, -1)).T, strict=True):
            assert stats.ks_2samp(a, b).pvalue > ALARM, site


def transformed(y):
    from numpyro.distributions.transforms import AffineTransform

    numpyro.sample(
        "falling",
        dist.TransformedDistribution(dist.HalfNormal(1).expand([2]), AffineTransform(3.0, -2.0)),
    )
    with numpyro.plate("columns", 3):
        numpyro.sample("both", dist.LogNormal(np.zeros(2), 0.5).to_event(1))


def test_transforms_wrappers_and_plates_are_mapped_with_their_shapes():
    model = Model("transformed", {"y": np.zeros(1)}, transformed)
    prior = make_prior_transform(model)
    assert dict(prior.shapes) == {"falling": (2,), "both": (3, 2)}
    q = np.random.default_rng(2).random(8)
    sites = prior.transform(q, model.data)
    np.testing.assert_allclose(sites["falling"], 3 - 2 * stats.halfnorm.ppf(q[:2]), rtol=1e-9)
    wanted = stats.lognorm.ppf(q[2:].reshape(3, 2), 0.5)
    np.testing.assert_allclose(sites["both"], wanted, rtol=1e-9)


def test_a_distribution_without_quantiles_is_declined_by_its_site():
    def point(y):
        numpyro.sample("angles", dist.SineBivariateVonMises(0.0, 0.0, 1.0, 1.0, 0.1))

    model = Model("point", {"y": np.zeros(1)}, point)
    with pytest.raises(
        Declined, match="'angles' of 'point'.*SineBivariateVonMises has no quantile"
    ):
        make_prior_transform(model)
