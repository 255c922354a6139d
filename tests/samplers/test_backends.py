"""Backends of other libraries draw from the exact posterior, count what they cost, decline by name.

Tolerances are standard errors of as many independent draws as a backend is held to at the least:
5.5 of them, which fair draws exceed less than once in ten million, over at most 12 numbers a case.
Pooled over runs, since one run of a sampler that sometimes fails is no test of what it draws from.
"""

from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np
import pytest

from samplerbench.components import component_draws
from samplerbench.errors import UsageError
from samplerbench.models.base import Model, build
from samplerbench.options import fill
from samplerbench.samplers import ultranest_nested
from samplerbench.samplers.base import Budget, Declined, Draws, samplers
from samplerbench.samplers.support.cube_likelihood import CubeLikelihood

numpyro = pytest.importorskip("numpyro")
dist = numpyro.distributions

SIGMAS = 5.5
#: compiled chains: settings, budget, seeds, and independent draws that all are worth at the least
CHAINS = {
    "blackjax_nuts": ({}, Budget(2, 500, 1000), 8, 1600),
    "blackjax_mclmc": ({"desired_energy_var": 5e-6}, Budget(1, 1, 20_000), 4, 800),
    "numpyro_barker": ({}, Budget(1, 1000, 8000), 4, 400),
    "tfp_replica_exchange": ({}, Budget(1, 500, 2000), 4, 400),
}
#: nested samplers: settings that make a run cheap, live points, effective draws at the least
NESTED = {
    "dynesty_nested": ({"nlive": 100}, 100, 100),
    "dynesty_dynamic": ({"nlive": 100, "n_effective": 400}, 100, 200),
    "nautilus_nested": ({"n_live": 200, "n_networks": 0, "n_eff": 500}, 200, 200),
}

pytestmark = [
    pytest.mark.slow,  # JAX compiles
    pytest.mark.usefixtures("compile_fast"),
    pytest.mark.filterwarnings("ignore:There are not enough devices:UserWarning"),
]


def prepared(name: str, model: Model, budget: Budget | None = None, **settings):
    sampler = samplers.get(name)
    filled = fill(sampler.settings, settings, name)
    return sampler.prepare(model, budget or Budget(1, 50, 100), filled)


def measure_moments(model: Model, runs: list[Draws]) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the pooled mean in sds, and of the second moment about the exact mean, relative."""
    exact = model.exact()
    first, second = [], []
    for draws in runs:
        x = component_draws(draws.sites, exact.names, 2)
        z = ((np.asarray(x, np.float64) - exact.mean) / exact.sd).reshape(-1, len(exact.names))
        w = np.ones(len(z)) if draws.log_weights is None else np.exp(draws.log_weights.ravel())
        first.append(w @ z / w.sum())
        second.append(w @ z**2 / w.sum())
    return np.mean(first, axis=0), np.mean(second, axis=0) - 1


def assert_exact(model: Model, runs: list[Draws], independent: int) -> None:
    """The runs together draw as well as ``independent`` independent draws do."""
    mean, variance = measure_moments(model, runs)
    assert np.abs(mean).max() < SIGMAS / math.sqrt(independent)
    assert np.abs(variance).max() < SIGMAS * math.sqrt(2 / independent)


def assert_same(first: Draws, second: Draws) -> None:
    for site, values in first.sites.items():
        np.testing.assert_array_equal(second.sites[site], values)


# -- what is drawn -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAINS)
def test_chains_draw_from_the_exact_posterior_of_a_line(name):
    settings, budget, seeds, independent = CHAINS[name]
    model = build("linear", {})
    compiled = prepared(name, model, budget, chain_method="sequential", **settings).compile()
    runs = [compiled.collect(compiled.sample(compiled.warmup(seed))) for seed in range(seeds)]
    assert_exact(model, runs, independent)
    assert runs[0].sites["m"].shape == (budget.chains, budget.draws)
    assert_same(runs[1], compiled.collect(compiled.sample(compiled.warmup(1))))
    assert not np.array_equal(runs[0].sites["m"], runs[1].sites["m"])


def test_the_comparison_sees_a_shift_and_a_wrong_width():
    model, rng = build("linear", {}), np.random.default_rng(0)
    sites = {name: x.reshape(1, -1) for name, x in model.exact().draw(rng, 4000).items()}
    assert_exact(model, [Draws(sites)], 4000)
    sd = dict(zip(model.exact().names, model.exact().sd, strict=True))
    for wrong in (sites["m"] + 0.2 * sd["m"], 1.2 * sites["m"]):
        with pytest.raises(AssertionError):
            assert_exact(model, [Draws({**sites, "m": wrong})], 4000)


@pytest.mark.parametrize("name", NESTED)
def test_nested_sampling_gives_posterior_and_evidence_of_a_line(name):
    settings, live, independent = NESTED[name]
    model = build("linear", {})
    plain = prepared(name, model, **settings).plain
    runs = [plain(seed) for seed in range(2)]
    assert_exact(model, runs, 2 * independent)
    assert all(draws.log_weights.shape == draws.sites["m"].shape for draws in runs)
    # Skilling (2006): the sd of log Z is sqrt(H / live points), H the information gained
    information = measure_information(model)
    off = np.mean([draws.log_z for draws in runs]) - model.exact().log_evidence
    assert abs(off) < SIGMAS * math.sqrt(information / live / len(runs))
    assert all(draws.log_z_err > 0 and draws.ess > independent for draws in runs)
    assert all(draws.likelihoods > live and not draws.cut_short for draws in runs)
    assert_same(runs[1], plain(1))
    assert runs[0].log_z != runs[1].log_z


def measure_information(model: Model) -> float:
    """Mean log likelihood over the posterior less log Z, from independent draws."""
    import jax

    from samplerbench.samplers.support.log_density import make_log_density

    density, exact = make_log_density(model), model.exact()
    sites = exact.draw(np.random.default_rng(0), 2000)
    log_l = jax.vmap(lambda s: density.log_likelihood(s, model.data))(sites)
    return float(np.mean(log_l)) - exact.log_evidence


def test_an_ensemble_is_one_chain_of_as_many_draws_as_asked_for():
    model, walkers, budget = build("linear", {}), 8, Budget(2, 200, 500)
    plain = prepared("emcee_ensemble", model, budget, walkers=walkers).plain
    runs = [plain(seed) for seed in range(3)]
    assert_exact(model, runs, 600)  # every eighth step of a path: a fifth of the draws and more
    assert runs[0].sites["m"].shape == (2, 500)
    steps = budget.warmup + walkers * math.ceil(budget.draws / walkers)
    least = budget.chains * walkers * (steps + 1)  # and those of finding an optimum
    assert least < runs[0].likelihoods < least + 1000
    assert_same(runs[1], plain(1))
    chain = runs[0].sites["m"]
    assert not np.array_equal(chain[0], chain[1])


def test_an_ensembles_walkers_follow_one_another_in_its_chain():
    # of one walker the steps hang together, of walkers at one step they don't: 8 of each
    model = build("gaussian", {"dim": 2})
    budget = Budget(1, 200, 512)
    x = prepared("emcee_ensemble", model, budget, walkers=4, move="de").plain(0).sites["x"]
    paths = x[0, :, 0].reshape(4, 128)
    lag = [np.corrcoef(path[:-1], path[1:])[0, 1] for path in paths]
    assert np.mean(lag) > 5.5 / math.sqrt(508)


def test_walnuts_takes_as_many_draws_in_every_chain_and_counts_every_gradient():
    model, budget = build("gaussian", {"dim": 5}), Budget(2, 150, 300)
    plain = prepared("walnutpie_walnuts", model, budget).plain
    runs = [plain(seed) for seed in range(2)]
    assert_exact(model, runs, 200)
    assert runs[0].sites["x"].shape == (2, 300, 5)
    assert runs[0].gradients > 2 * (150 + 300)  # one at least an iteration
    assert_same(runs[1], plain(1))


def test_what_a_density_raises_is_what_walnuts_raises(capfd):
    from samplerbench.samplers.walnutpie_walnuts import _Callback

    def gradient(u):
        raise OverflowError("of the density")

    callback = _Callback(gradient)
    with pytest.raises(OverflowError, match="of the density"), callback.raise_own():
        assert math.isnan(callback(np.zeros(2))[0])
    assert not capfd.readouterr().out


def test_approximations_are_called_so_where_samplers_and_their_claims_are_told():
    svi = samplers.get("numpyro_svi")
    assert "approximation" in svi.summary
    assert "which the guide's own error exceeds" in svi.claims


def test_variational_draws_of_a_normal_posterior_are_exact_with_a_laplace_guide():
    model, budget = build("gaussian", {"dim": 5}), Budget(1, 1, 4000)
    ready = prepared("numpyro_svi", model, budget, guide="laplace", step_size=0.02)
    compiled = ready.compile()
    draws = compiled.collect(compiled.sample(compiled.warmup(0)))
    assert_exact(model, [draws], 4000)
    assert draws.gradients == 2000


def test_independent_normals_are_too_narrow_for_a_correlated_posterior():
    # for a normal target their sd is that given all others: Bishop (2006), section 10.1.2
    model, budget = build("gaussian", {"dim": 2, "correlation": 0.8}), Budget(1, 1, 4000)
    compiled = prepared("numpyro_svi", model, budget, num_particles=8).compile()
    draws = compiled.collect(compiled.sample(compiled.warmup(0)))
    _, variance = measure_moments(model, [draws])
    np.testing.assert_allclose(1 + variance, 1 - 0.8**2, rtol=0.25)


# -- a likelihood that is not a number on part of the prior ------------------------------------


def half_of_the_prior(y):
    import jax.numpy as jnp

    theta = numpyro.sample("theta", dist.Normal(0, 1).expand([2]).to_event(1))
    numpyro.factor("positive", jnp.where(theta[0] < 0, jnp.nan, 0.0))
    numpyro.sample("y", dist.Normal(theta[0], 1), obs=y)


HALF = Model("half_of_the_prior", {"y": np.zeros(1)}, half_of_the_prior)


@pytest.mark.parametrize("name", NESTED)
def test_nested_sampling_takes_a_likelihood_of_nan_for_zero(name):
    draws = prepared(name, HALF, **NESTED[name][0]).plain(0)
    weights = np.exp(draws.log_weights - draws.log_weights.max())
    assert not weights[draws.sites["theta"][..., 0] < 0].any()
    # y = 0 is Normal(0, 2), half of it from either side; of live points half are inside: the
    # binomial error of that share, about 1 / sqrt(live), comes to that of the evidence
    exact = math.log(0.5) - 0.5 * math.log(4 * math.pi)
    assert abs(draws.log_z - exact) < SIGMAS * math.sqrt(2 / NESTED[name][1])


@pytest.mark.parametrize(
    ("name", "settings"),
    [("emcee_ensemble", {"walkers": 8, "start": "uniform"}), ("walnutpie_walnuts", {})],
)
def test_a_sampler_by_density_takes_nan_for_zero(name, settings):
    draws = prepared(name, HALF, Budget(1, 100, 400), **settings).plain(0)
    theta = draws.sites["theta"][0]
    assert (theta[:, 0] > 0).all() and theta[:, 0].std() > 0.2


def hierarchy(y):
    tau = numpyro.sample("tau", dist.HalfNormal(5.0))
    with numpyro.plate("groups", 8):
        theta = numpyro.sample("theta", dist.Normal(0.0, tau))
        numpyro.sample("y", dist.Normal(theta, 10.0), obs=y)


@pytest.mark.parametrize("start", ["optimum", "uniform"])
def test_an_ensemble_at_a_maximum_that_lies_at_infinity_says_where_to_start(start):
    model = Model("hierarchy", {"y": np.arange(8.0)}, hierarchy)
    plain = prepared("emcee_ensemble", model, Budget(1, 50, 200), start=start).plain
    expected = pytest.warns(UserWarning, match="start=uniform starts them apart")
    with expected if start == "optimum" else nullcontext():
        draws = plain(0)
    assert (draws.sites["tau"].max() < 1e-6) == (start == "optimum")


# -- what is refused ---------------------------------------------------------------------------


def discrete(y):
    numpyro.sample("k", dist.Bernoulli(0.3))


def improper(y):
    numpyro.sample("m", dist.ImproperUniform(dist.constraints.real, (), ()))
    numpyro.sample("n", dist.Dirichlet(np.ones(3)))


def model_of(program) -> Model:
    return Model(program.__name__, {"y": np.zeros(1)}, program)


@pytest.mark.parametrize(
    "name", [*NESTED, "blackjax_nuts", "emcee_ensemble", "nutpie_nuts", "walnutpie_walnuts"]
)
def test_a_discrete_site_is_declined_by_its_name(name):
    with pytest.raises(Declined, match="site 'k' of 'discrete' is discrete"):
        prepared(name, model_of(discrete))


#: samplers that need a prior to draw from, and settings that do
PROPER = {
    **dict.fromkeys([*NESTED, "jaxns_nested", "jaxns_direct", "jaxns3_nested"], {}),
    **dict.fromkeys(["blackjax_nss", "blackjax_smc"], {}),
    "numpyro_nuts": {"log_z": "bridge"},
}


@pytest.mark.parametrize("name", PROPER)
def test_an_improper_prior_is_declined_by_its_site_with_what_to_do(name):
    with pytest.raises(Declined, match="prior of 'm' is improper.*give it bounds"):
        prepared(name, model_of(improper), **PROPER[name])


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("blackjax_mclmc", {}, "MCLMC turns a direction"),
        ("nautilus_nested", {}, "nautilus takes two"),
        ("numpyro_svi", {"guide": "inverse_autoregressive"}, "guide=inverse_autoregressive takes"),
    ],
)
def test_a_single_parameter_is_declined_by_what_needs_two(name, settings, reason):
    def program(y):
        numpyro.sample("m", dist.Normal(0, 1))

    with pytest.raises(Declined, match=f"one parameter; {reason}"):
        prepared(name, model_of(program), **settings)


def test_an_ensemble_of_too_few_walkers_is_refused_with_the_least():
    with pytest.raises(ValueError, match=r"4 walkers are too few(.|\n)*walkers=10 at least"):
        prepared("emcee_ensemble", build("gaussian", {"dim": 5}), walkers=4)


WRONG = [
    ("blackjax_nuts", {"chain_method": "both"}),
    ("blackjax_nuts", {"target_acceptance_rate": 1.5}),
    ("blackjax_nuts", {"max_num_doublings": 0}),
    ("blackjax_mclmc", {"frac_tune2": 0.0}),
    ("blackjax_mclmc", {"desired_energy_var": 0.0}),
    ("numpyro_barker", {"init": "wrong"}),
    ("numpyro_barker", {"step_size": -1.0}),
    ("tfp_replica_exchange", {"replicas": 1}),
    ("tfp_replica_exchange", {"ratio": 1.0}),
    ("dynesty_nested", {"bound": "many"}),
    ("dynesty_nested", {"dlogz": 0.0}),
    ("dynesty_dynamic", {"n_effective": 0}),
    ("nautilus_nested", {"f_live": 1.0}),
    ("nautilus_nested", {"n_networks": -1}),
    ("ultranest_nested", {"num_bootstraps": 1}),
    ("emcee_ensemble", {"move": "jump"}),
    ("emcee_ensemble", {"a": 1.0}),
    ("walnutpie_walnuts", {"max_trajectory_doublings": 0}),
    ("numpyro_svi", {"guide": "delta"}),
    ("numpyro_svi", {"num_steps": 0}),
    ("jaxns_nested", {"num_live_points": 1}),
    ("jaxns_nested", {"max_samples": 0}),
    ("jaxns_nested", {"live_evidence_frac": 1.0}),
    ("blackjax_nss", {"num_live_points": 1}),
    ("blackjax_nss", {"num_delete": 500}),
    ("blackjax_adjusted_mclmc", {"target": 1.5}),
    ("blackjax_adjusted_mclmc", {"target_num_integration_steps": 0.0}),
    ("blackjax_smc", {"target_ess": 1.0}),
    ("blackjax_smc", {"num_particles": 1}),
    ("blackjax_pathfinder", {"paths": 0}),
    ("blackjax_pathfinder", {"gtol": 0.0}),
    ("jaxns3_nested", {"allocation_target": "best"}),
    ("jaxns3_nested", {"max_samples": 0}),
    ("nutpie_nuts", {"adaptation": "full"}),
    ("nutpie_nuts", {"maxdepth": 0}),
    ("numpyro_aies", {"move": "walk"}),
    ("numpyro_ess", {"init_mu": -1.0}),
]


@pytest.mark.parametrize(("name", "settings"), WRONG)
def test_settings_that_make_no_run_are_refused_with_what_is_expected(name, settings):
    with pytest.raises(UsageError, match=rf"{next(iter(settings))}=(.|\n)*expected: "):
        fill(samplers.get(name).settings, settings, name)


@pytest.mark.parametrize(
    ("likelihood", "is_declined"),
    [(lambda x: 0 * x, True), (lambda x: x, False), (lambda x: np.log(0 * x), False)],
)
def test_ultranest_declines_a_likelihood_that_is_the_same_everywhere(likelihood, is_declined):
    def evaluate_many(points):
        with np.errstate(divide="ignore"):
            return likelihood(points[:, 0])

    cube = CubeLikelihood(2, float, evaluate_many, dict)
    refusal = pytest.raises(Declined, match="is 0 at each of 50 points of its prior")
    with refusal if is_declined else nullcontext():
        ultranest_nested._refuse_constant(Model("mine", {}, print), cube, 50)
