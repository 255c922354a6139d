"""What a sampler here gives is what its library gives, in both modes and in the shapes promised.

Means and variances of replicates are compared by the two-sample Kolmogorov-Smirnov test with its
exact p-value, which holds for any distribution, so also for a sampler that has not converged.
"""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.worker.timing import CompileClock
from samplerbench.models.base import Model, build
from samplerbench.options import fill
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Declined,
    Draws,
    samplers,
)
from samplerbench.samplers.jaxns_nested import Settings, refuse_endless
from samplerbench.samplers.support import chain_programs, numpyro_mcmc
from samplerbench.samplers.support.jaxns_results import (
    describe_reason,
    is_cut_short,
    make_arguments,
)

numpyro = pytest.importorskip("numpyro")
dist = numpyro.distributions

MCMC_NAMES = ("numpyro_nuts", "numpyro_hmc", "numpyro_sa")
WITH_JAX = (*MCMC_NAMES, "jaxns_nested")
SHORT = Budget(chains=2, warmup=200, draws=250)
REPLICATES = 32
LANES = 12  # of a batch: three chunks for all replicates, the last one padded
#: 3 samplers, 2 comparisons of each, 6 numbers in each: together a false alarm below 1e-6
ALARM = 1e-6 / (3 * 2 * 6)

pytestmark = [
    pytest.mark.slow,  # JAX compiles
    pytest.mark.usefixtures("compile_fast"),
    # two chains on a machine with one device: NumPyro says so in every run, and is right
    pytest.mark.filterwarnings("ignore:There are not enough devices:UserWarning"),
]


def every_shape(y):
    scalar = numpyro.sample("scalar", dist.Normal(0, 1))
    vector = numpyro.sample("vector", dist.Normal(0, 1).expand([2]).to_event(1))
    matrix = numpyro.sample("matrix", dist.Normal(0, 1).expand([2, 2]).to_event(2))
    numpyro.deterministic("sum", scalar + vector.sum())
    numpyro.deterministic("row", 2 * matrix[0])
    numpyro.sample("y", dist.Normal(scalar, 1), obs=y)


POINTS = np.array([0.5, 1.5])
SHAPES = {"scalar": (), "vector": (2,), "matrix": (2, 2), "sum": (), "row": (2,)}


def with_a_discrete_site(y):
    k = numpyro.sample("k", dist.Bernoulli(0.3))
    numpyro.sample("y", dist.Normal(k, 1), obs=y)


def with_no_latent_site(y):
    numpyro.sample("y", dist.Normal(0, 1), obs=y)


def with_an_improper_prior(y):
    real = dist.constraints.real
    location = numpyro.sample("location", dist.ImproperUniform(real, (), event_shape=()))
    numpyro.sample("y", dist.Normal(location, 1), obs=y)


def model_of(program) -> Model:
    return Model(program.__name__, {"y": POINTS}, program)


def prepared(name: str, model: Model, budget: Budget = SHORT, **settings):
    sampler = samplers.get(name)
    return sampler.prepare(model, budget, fill(sampler.settings, settings, name))


def one(compiled: Compiled, seed: int) -> Draws:
    state = compiled.warmup(seed) if compiled.warmup else seed
    return compiled.collect(compiled.sample(state))


@pytest.fixture(scope="module")
def clock():
    import jax  # noqa: F401 (the clock listens to it)

    clock = CompileClock()
    clock.listen()
    return clock


@pytest.fixture(scope="module")
def linear():
    return build("linear", {})


@pytest.fixture(scope="module", params=MCMC_NAMES)
def shaped(request, clock):
    """An MCMC sampler on sites of every shape, two chains: its name, plain and compiled runs."""
    ready = prepared(request.param, model_of(every_shape), chain_method="sequential")
    with pytest.MonkeyPatch.context() as patch:
        lane = 64 * SHORT.chains * SHORT.draws
        patch.setattr(chain_programs, "BATCH_BYTES", (LANES + 0.5) * lane)
        return request.param, ready.plain, ready.compile()


@pytest.fixture(scope="module")
def nested(clock):
    """Nested sampling of sites of every shape: the plain run of seed 3, and compiled runs."""
    ready = prepared("jaxns_nested", model_of(every_shape))
    return ready.plain(3), ready.compile()


@pytest.fixture(scope="module")
def bare_nested():
    """What a script gets of NumPyro's nested sampler, with nothing set: the object, after a run."""
    import jax
    from numpyro.contrib.nested_sampling import NestedSampler

    sampler = NestedSampler(every_shape)
    sampler.run(jax.random.PRNGKey(3), **model_of(every_shape).data)
    return sampler


# -- the plain mode is the library's own call ---------------------------------------------------


def bare(name: str, model: Model, budget: Budget, seed: int) -> dict[str, np.ndarray]:
    import jax
    import numpyro.infer

    kernel = getattr(numpyro.infer, name.removeprefix("numpyro_").upper())
    run = numpyro.infer.MCMC(
        kernel(model.program),
        num_warmup=budget.warmup,
        num_samples=budget.draws,
        num_chains=budget.chains,
        progress_bar=False,
    )
    run.run(jax.random.PRNGKey(seed), **model.data)
    return {k: np.asarray(v) for k, v in run.get_samples(group_by_chain=True).items()}


def assert_same_bits(sites: dict[str, np.ndarray], script: dict[str, np.ndarray]) -> None:
    assert sites.keys() == script.keys()
    for site, draws in script.items():
        np.testing.assert_array_equal(sites[site], draws)


@pytest.mark.parametrize("name", MCMC_NAMES)
def test_a_plain_run_gives_the_draws_of_a_bare_script_bit_for_bit(name, linear):
    budget = Budget(chains=1, warmup=60, draws=60)
    plain = prepared(name, linear, budget).plain
    plain(8)  # a run before leaves nothing behind
    assert_same_bits(plain(3).sites, bare(name, linear, budget, 3))


def test_a_plain_run_of_two_chains_gives_the_draws_of_a_bare_script_bit_for_bit(shaped):
    name, plain, _ = shaped
    assert_same_bits(plain(3).sites, bare(name, model_of(every_shape), SHORT, 3))


def test_a_plain_nested_run_gives_the_evidence_and_draws_of_a_bare_script(nested, bare_nested):
    found, results = nested[0], bare_nested._results
    assert found.log_z == float(results.log_Z_mean)
    assert found.log_z_err == float(results.log_Z_uncert)
    for site, draws in results.samples.items():
        np.testing.assert_array_equal(found.sites[site], draws[None])


# -- settings are the library's ----------------------------------------------------------------

#: arguments of a kernel that a model, not a sampler, decides, or that only a caller of NumPyro can
#: give; NUTS has no use for a trajectory length
LEFT_OUT = {
    "model",
    "potential_fn",
    "kinetic_fn",
    "inverse_mass_matrix",
    "trajectory_length",
    "forward_mode_differentiation",
}


@pytest.mark.parametrize("name", MCMC_NAMES)
def test_settings_default_to_what_the_library_ships(name):
    import numpyro.infer

    kernel = getattr(numpyro.infer, name.removeprefix("numpyro_").upper())
    shipped = {k: p.default for k, p in inspect.signature(kernel).parameters.items()}
    ours = dataclasses.asdict(samplers.get(name).settings())
    runs = inspect.signature(numpyro.infer.MCMC).parameters
    assert not ours.pop("noncentered", False)  # of the program, not of the kernel
    assert not ours.pop("superchains", 0)  # of where chains start
    assert ours.pop("log_z", "none") == "none"  # of the draws, not of the kernel
    assert ours.pop("chain_method") == runs["chain_method"].default
    assert numpyro_mcmc.find_init_strategy(ours.pop("init")) is shipped.pop("init_strategy")
    assert ours == {setting: shipped[setting] for setting in ours}
    assert shipped.keys() - ours.keys() <= LEFT_OUT


def test_nested_settings_default_to_what_numpyro_ships(bare_nested):
    from samplerbench.samplers.support.latent_sites import find_latents

    constructor, termination = make_arguments(find_latents(model_of(every_shape)), Settings())
    assert termination == bare_nested.termination_kwargs
    assert constructor == {name: bare_nested.constructor_kwargs[name] for name in constructor}
    assert bare_nested.constructor_kwargs.keys() - constructor.keys() == {"num_parallel_samplers"}


@pytest.mark.parametrize("name", samplers.names())
def test_a_sampler_is_called_what_its_file_is_called_and_its_settings_are_frozen(name):
    sampler = samplers.get(name)
    assert sampler.name == name
    file = "controls" if name.startswith("control_") else name
    assert sampler.prepare.__module__ == f"samplerbench.samplers.{file}"
    assert sampler.settings.__dataclass_params__.frozen
    assert fill(sampler.settings, {}, name) == sampler.settings()
    assert sampler.summary


# -- the two modes are one algorithm -----------------------------------------------------------


def summaries(found: list[Draws]) -> np.ndarray:
    """[number, replicate]: means and variances of three components, over both chains."""
    rows = []
    for draws in found:
        picked = [draws.sites["scalar"], draws.sites["vector"][..., 1], draws.sites["row"][..., 0]]
        rows.append([*(x.mean() for x in picked), *(x.var() for x in picked)])
    return np.array(rows).T


def differ(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = zip(first, second, strict=True)
    return min(stats.ks_2samp(a, b, method="exact").pvalue for a, b in pairs) < ALARM


@pytest.fixture(scope="module")
def by_mode(shaped):
    """Name, and replicates of the plain mode, one after the other, and in one batch."""
    name, plain, compiled = shaped
    after_another = [one(compiled, seed) for seed in range(1000, 1000 + REPLICATES)]
    batch = compiled.batch(range(2000, 2000 + REPLICATES))
    return name, [plain(seed) for seed in range(REPLICATES)], after_another, batch


def test_plain_and_compiled_runs_agree_in_distribution(by_mode):
    _, plain, compiled, _ = by_mode
    assert not differ(summaries(plain), summaries(compiled))


def test_a_batch_and_runs_one_after_the_other_agree_in_distribution(by_mode):
    _, _, compiled, batch = by_mode
    assert len(batch) == REPLICATES
    assert not differ(summaries(compiled), summaries(batch))


def test_the_comparison_of_modes_sees_a_shift_and_a_scale(by_mode):
    # NUTS alone: its means of 500 draws scatter by 0.05 sd, its variances by 7 %; 32 against 32
    # replicates at this level need D = 0.8, a shift of 2.6 times the scatter
    name, plain, compiled, _ = by_mode
    if name == "numpyro_nuts":
        good = summaries(plain)
        flawed = summaries(compiled)
        assert differ(good, flawed + np.array([0.3, 0, 0, 0, 0, 0])[:, None])
        assert differ(good, flawed * np.array([1, 1, 1, 1.4, 1, 1])[:, None])


def test_a_compiled_nested_run_gives_the_evidence_of_the_plain_run_of_its_seed(nested):
    first, second = nested[0], one(nested[1], 3)
    # the same float32 arithmetic in another order: 1e-7 of each of a thousand terms or two
    assert second.log_z == pytest.approx(first.log_z, abs=1e-3)
    assert second.log_z_err == pytest.approx(first.log_z_err, abs=1e-3)
    for site, draws in first.sites.items():
        assert second.sites[site].shape == draws.shape
    # both points are Normal(0, 2) with the scalar's variance between them
    exact = stats.multivariate_normal.logpdf(POINTS, [0, 0], [[2, 1], [1, 2]])
    assert abs(second.log_z - exact) < 5 * second.log_z_err  # 6e-7 of fair runs fail


# -- a new seed compiles nothing ---------------------------------------------------------------


def test_a_new_seed_of_a_compiled_mcmc_run_compiles_nothing(shaped, clock):
    _, _, compiled = shaped
    one(compiled, 50)  # reading results out compiles small programs once in a process
    _, lap = clock.lap(lambda: [one(compiled, seed) for seed in range(51, 55)])
    assert lap.compiles == 0


def test_primed_seeds_of_a_compiled_nested_run_compile_nothing(nested, clock):
    _, compiled = nested
    seeds = range(60, 62)
    compiled.prime(seeds)
    one(compiled, 60)  # reading results out compiles small programs once in a process
    _, lap = clock.lap(lambda: [one(compiled, seed) for seed in seeds])
    assert lap.compiles == 0


# -- batches -----------------------------------------------------------------------------------


def test_a_batch_gives_the_seeds_asked_for_in_any_lane_and_no_padding(shaped):
    _, _, compiled = shaped
    seeds = list(range(70, 70 + LANES + 5))  # two chunks through one program, LANES - 5 unused
    there = [draws.sites["scalar"] for draws in compiled.batch(seeds)]
    back = [draws.sites["scalar"] for draws in compiled.batch(seeds[::-1])]
    assert len(there) == len(back) == len(seeds)
    np.testing.assert_array_equal(there, back[::-1])  # nothing comes from another lane
    assert len({draws.tobytes() for draws in there}) == len(seeds)


# -- what comes along --------------------------------------------------------------------------


def test_draws_are_by_chain_and_draw_and_hold_deterministic_sites(by_mode):
    for found in by_mode[1:]:
        for draws in found[:2]:
            assert {name: x.shape for name, x in draws.sites.items()} == {
                name: (SHORT.chains, SHORT.draws, *event) for name, event in SHAPES.items()
            }
            sites = draws.sites
            total = sites["scalar"] + sites["vector"].sum(axis=-1)
            np.testing.assert_allclose(sites["sum"], total, rtol=1e-5, atol=1e-5)  # float32
            np.testing.assert_array_equal(sites["row"], 2 * sites["matrix"][:, :, 0])
            assert not np.array_equal(sites["scalar"][0], sites["scalar"][1])  # two chains


def test_divergences_acceptance_and_costs_come_along(by_mode):
    name, plain, compiled, batch = by_mode
    for draws in (plain[0], compiled[0], batch[0]):
        assert draws.divergences == draws.stats["diverging"].sum()
        assert all(x.shape == (SHORT.chains, SHORT.draws) for x in draws.stats.values())
    steps = SHORT.chains * (SHORT.warmup + SHORT.draws)
    for draws in (compiled[0], batch[0]):
        assert draws.accept_prob == pytest.approx(draws.stats["accept_prob"].mean())
        assert 0 < draws.accept_prob <= 1
        if name == "numpyro_sa":
            assert draws.gradients is None
            assert draws.likelihoods == steps
        else:
            assert draws.gradients >= steps  # at least one leapfrog step an iteration
            assert draws.likelihoods is None


def test_the_steps_of_each_draw_come_along_and_nuts_tells_its_trees_and_energies(by_mode):
    name, _, compiled, batch = by_mode
    for draws in (compiled[0], batch[0]):
        if name == "numpyro_sa":
            assert "n_steps" not in draws.stats
            continue
        steps = draws.stats["n_steps"]
        assert steps.min() >= 1 and steps.sum() < draws.gradients
        if name == "numpyro_nuts":
            depth = draws.stats["tree_depth"].astype(float)
            assert (2 ** (depth - 1) <= steps).all() and (steps < 2**depth).all()
            kinetic = draws.stats["energy"] + draws.stats["lp"]
            assert kinetic.min() > -1e-4  # 0 to 32 bits


def test_the_log_density_comes_along_up_to_a_constant(by_mode):
    def log_density(sites):
        priors = sites["scalar"] ** 2 + (sites["vector"] ** 2).sum(-1)
        priors = priors + (sites["matrix"] ** 2).sum((-1, -2))
        return -0.5 * (priors + (sites["scalar"] - 0.5) ** 2 + (sites["scalar"] - 1.5) ** 2)

    for draws in (by_mode[2][0], by_mode[3][0]):
        constant = draws.stats["lp"] - log_density(draws.sites)
        assert np.ptp(constant) < 1e-4  # 1e-6 of a sum of 20 in float32
        assert constant.mean() == pytest.approx(-4.5 * np.log(2 * np.pi), abs=1e-4)  # 9 normals


def test_nested_draws_are_one_weighted_chain_of_every_site(nested):
    for draws in (nested[0], one(nested[1], 3)):
        count = draws.log_weights.shape[1]
        shapes = {name: x.shape for name, x in draws.sites.items()}
        assert shapes == {name: (1, count, *event) for name, event in SHAPES.items()}
        assert draws.log_weights.shape == (1, count)
        assert np.exp(draws.log_weights).sum() == pytest.approx(1, abs=1e-3)  # float32
        np.testing.assert_array_equal(draws.sites["row"], 2 * draws.sites["matrix"][:, :, 0])


def test_a_nested_run_says_why_it_stopped_and_what_it_cost(nested):
    for draws in (nested[0], one(nested[1], 3)):
        assert draws.termination == "remaining evidence small enough" and not draws.cut_short
        assert 0 < draws.ess < draws.log_weights.size < draws.likelihoods
        assert draws.gradients is None


def test_every_reason_to_stop_is_said():
    assert describe_reason(0b1) == "used the maximum number of samples"
    assert (
        describe_reason(0b100100)
        == "remaining evidence small enough; maximum likelihood contour reached"
    )
    assert describe_reason(0) == "unknown reason 0"


@pytest.mark.parametrize(
    ("reason", "is_short"),
    [(0b1, True), (0b10000, True), (0b10001, True), (0b101, False), (0b100, False), (0, False)],
)
def test_a_run_is_cut_short_where_it_stopped_for_a_limit_alone(reason, is_short):
    assert is_cut_short(reason) is is_short


# -- declined ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_JAX)
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (with_a_discrete_site, "site 'k' of 'with_a_discrete_site' is discrete"),
        (with_no_latent_site, "has no latent site"),
    ],
)
def test_a_model_that_a_sampler_cannot_do_is_declined_with_a_reason(name, program, reason, clock):
    def decline():
        with pytest.raises(Declined, match=reason):
            prepared(name, model_of(program))

    _, lap = clock.lap(decline)
    assert lap.compiles <= 2  # a key is made of its seed; nothing of the model is compiled


def test_nuts_takes_an_improper_prior():
    # the posterior is Normal(1, 1/2); 500 draws of at least 50 effective: 6 standard errors
    draws = prepared("numpyro_nuts", model_of(with_an_improper_prior)).plain(0)
    assert abs(draws.sites["location"].mean() - 1) < 6 * np.sqrt(0.5 / 50)


# -- the control -------------------------------------------------------------------------------


def test_exact_iid_draws_agree_with_the_exact_answer(linear):
    n, exact = 40_000, linear.exact()
    sites = prepared("exact_iid", linear, Budget(chains=4, draws=n // 4)).plain(11).sites
    z = np.stack([sites[name].ravel() for name in exact.names], axis=1)
    z = (z - exact.mean) / exact.sd
    # Gaussian moments: standard errors 1, sqrt(2) and below sqrt(2) over sqrt(n); 6 of them each
    assert np.all(abs(z.mean(axis=0)) < 6 / np.sqrt(n))
    assert np.all(abs(z.var(axis=0) - 1) < 6 * np.sqrt(2 / n))
    correlation = exact.covariance[0, 1] / exact.sd.prod()
    assert abs((z[:, 0] * z[:, 1]).mean() - correlation) < 6 * np.sqrt(2 / n)


def test_exact_iid_draws_of_different_seeds_are_independent(linear):
    n = 10_000
    draw = prepared("exact_iid", linear, Budget(chains=1, draws=n)).plain
    found = np.array([draw(seed).sites["m"].ravel() for seed in range(8)])
    correlations = np.corrcoef(found)[np.triu_indices(8, 1)]
    assert np.all(abs(correlations) < 6 / np.sqrt(n))  # standard error 1 / sqrt(n)
    np.testing.assert_array_equal(draw(3).sites["m"].ravel(), found[3])


def with_a_likelihood_of_nan(y):
    m = numpyro.sample("m", dist.Uniform(-1, 1))
    numpyro.sample("y", dist.Normal(m * np.nan, 1, validate_args=False), obs=y)


def test_nested_sampling_of_a_nan_likelihood_is_refused_instead_of_waited_for():
    # jaxns never ends on it: after PATIENCE_S the likelihood is looked at
    with pytest.raises(ValueError, match="NaN at all of 64 points"):
        refuse_endless(model_of(with_a_likelihood_of_nan))
    refuse_endless(model_of(every_shape))
