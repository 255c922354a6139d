"""What samplers share: calls in a thread of their own, and draws from a model's prior."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from samplerbench.models.base import Model, build
from samplerbench.samplers.base import Budget, Compiled, Declined, Draws, Prepared, samplers
from samplerbench.samplers.support import jaxns_compiled, jaxns_cube, jaxns_exact
from samplerbench.samplers.support.background_call import BackgroundCall
from samplerbench.samplers.support.mapped_draws import map_draws
from samplerbench.samplers.support.prior_predictive import make_simulator


@pytest.mark.slow  # compiles kernels
@pytest.mark.parametrize("mode", ["plain", "compiled"])
@pytest.mark.parametrize("name", ["numpyro_nuts", "numpyro_hmc"])
def test_chains_of_a_superchain_start_at_one_point_and_go_apart(name, mode):
    sampler, model = samplers.get(name), build("gaussian", {"dim": 2})
    still = sampler.settings(
        superchains=2, chain_method="vectorized", adapt_step_size=False, step_size=1e-3
    )
    fields = {"max_tree_depth": 1} if name == "numpyro_nuts" else {"trajectory_length": 1e-3}
    prepared = sampler.prepare(model, Budget(4, 0, 2), replace(still, **fields))
    compiled = prepared.compile() if mode == "compiled" else None
    draws = compiled.collect(compiled.sample(compiled.warmup(3))) if compiled else prepared.plain(3)
    (x,) = draws.sites.values()
    first = x[:, 0].astype(float)  # [chain, component]
    assert abs(first[0] - first[1]).max() < 0.02 and abs(first[2] - first[3]).max() < 0.02
    assert abs(first[0] - first[2]).max() > 0.1
    assert abs(first[0] - first[1]).max() > 0 and abs(first[2] - first[3]).max() > 0


@pytest.mark.slow  # compiles a kernel
def test_one_chain_is_a_superchain_whose_draws_have_their_own_shape():
    sampler, model = samplers.get("numpyro_nuts"), build("gaussian", {"dim": 2})
    alone, grouped = (
        sampler.prepare(model, Budget(1, 5, 3), sampler.settings(superchains=count)).plain(3)
        for count in (0, 1)
    )
    assert np.array_equal(grouped.sites["x"], alone.sites["x"])


def test_superchains_of_unlike_sizes_are_declined_with_how_many_chains_would_do():
    sampler, model = samplers.get("numpyro_nuts"), build("gaussian", {"dim": 2})
    with pytest.raises(Declined, match="4 chains make no 3 superchains .*: --chains 6 would"):
        sampler.prepare(model, Budget(4, 10, 10), sampler.settings(superchains=3))


def test_a_call_goes_on_while_its_caller_waits_only_so_long():
    gate = threading.Event()
    call = BackgroundCall(lambda: gate.wait(60) and "through")
    assert not call.wait(0.01)
    gate.set()
    assert call.wait(60) and call.result() == "through"


def test_what_a_call_raises_is_raised_for_whoever_takes_its_result():
    with pytest.raises(ZeroDivisionError):
        BackgroundCall(lambda: 1 / 0).result()


def test_a_models_own_simulation_comes_first():
    def simulate(rng):
        return {}, {"y": rng.random()}

    assert make_simulator(Model("own", {}, print, simulate=simulate)) is simulate


def observe(y, scale):
    import numpyro
    import numpyro.distributions as dist

    mean = numpyro.sample("mean", dist.Normal(100.0, 1.0))
    with numpyro.plate("rows", len(y)):
        numpyro.sample("y", dist.Normal(mean, scale), obs=y)


@pytest.mark.slow
def test_a_program_is_run_forward_with_new_data_around_its_parameters():
    pytest.importorskip("numpyro")
    data = {"y": np.zeros(50), "scale": np.array(0.01)}
    simulate = make_simulator(Model("normal", data, observe))
    parameters, drawn = simulate(np.random.default_rng(1))
    again, _ = simulate(np.random.default_rng(2))
    assert parameters.keys() == {"mean"} and parameters["mean"] != again["mean"]
    assert drawn["y"].shape == (50,) and drawn["scale"] == data["scale"]
    assert np.abs(drawn["y"] - parameters["mean"]).max() < 0.06  # 6 sds of the noise


@pytest.mark.slow
def test_a_program_without_observations_or_of_changed_ones_is_declined():
    numpyro = pytest.importorskip("numpyro")

    def silent(y):
        numpyro.sample("mean", numpyro.distributions.Normal(0.0, 1.0))

    def halved(y):
        numpyro.sample("y", numpyro.distributions.Normal(0.0, 1.0), obs=y / 2)

    def by_default(x=1.0):
        numpyro.sample("y", numpyro.distributions.Normal(0.0, 1.0), obs=x)

    def masked(y):
        mean = numpyro.sample("mean", numpyro.distributions.Normal(0.0, 1.0).mask(False))
        numpyro.sample("y", numpyro.distributions.Normal(mean, 1.0), obs=y)

    def weighed(y):
        mean = numpyro.sample("mean", numpyro.distributions.Normal(0.0, 1.0))
        with numpyro.handlers.scale(scale=0.5):
            numpyro.sample("y", numpyro.distributions.Normal(mean, 1.0), obs=y)

    for program, data, reason in (
        (silent, {"y": np.zeros(3)}, "observes nothing"),
        (weighed, {"y": np.zeros(3)}, "density of site 'y' of 'odd' is raised to a power"),
        (halved, {"y": np.zeros(3)}, "is not observed to be"),
        (by_default, {}, "by --data, not as a default"),
        (masked, {"y": np.zeros(3)}, "that of 'mean' is improper"),
    ):
        with pytest.raises(Declined, match=reason):
            make_simulator(Model("odd", data, program))


@pytest.mark.slow
def test_data_that_have_a_part_beside_being_observed_can_not_be_drawn_from_the_prior():
    numpyro = pytest.importorskip("numpyro")
    normal = numpyro.distributions.Normal

    def autoregression(y):
        slope = numpyro.sample("slope", normal(0.0, 1.0))
        numpyro.sample(
            "y", normal(slope * np.r_[0.0, np.ones(2)] * y[np.array([0, 0, 1])], 1.0), obs=y
        )

    def wide_as_data(y):
        mean = numpyro.sample("mean", normal(y.mean(), y.std()))
        numpyro.sample("y", normal(mean, 1.0), obs=y)

    def observed_twice(y):
        numpyro.sample("first", normal(0.0, 1.0), obs=y)
        numpyro.sample("second", normal(0.0, 1.0), obs=y)

    for program, reason in (
        (autoregression, "distribution of site 'y' of 'odd' depends on data .*'y'"),
        (wide_as_data, "distribution of site 'mean' of 'odd' depends on data"),
        (observed_twice, "two sites of 'odd', 'second' among them, are observed to be 'y'"),
    ):
        with pytest.raises(Declined, match=reason):
            make_simulator(Model("odd", {"y": np.array([0.1, 2.0, -3.0])}, program))(
                np.random.default_rng(0)
            )


def test_points_of_nested_sampling_are_padded_to_the_next_power_of_two():
    assert [jaxns_exact._round_up(points) for points in (1, 2, 3, 64, 65)] == [1, 2, 4, 64, 128]


@pytest.mark.slow
def test_threads_that_meet_new_sizes_trace_the_program_one_after_the_other(monkeypatch):
    jaxns = pytest.importorskip("jaxns")
    if not hasattr(jaxns, "ExactNestedSampler"):
        pytest.skip("of jaxns 2.0 and 2.1 alone")
    compile_now, tracing, most = jaxns_exact.version_compat.compile_side_by_side, [], []

    def compile_slowly(*programs):
        tracing.append(None)
        most.append(len(tracing))
        time.sleep(0.2)
        tracing.pop()
        return compile_now(*programs)

    monkeypatch.setattr(jaxns_exact.version_compat, "compile_side_by_side", compile_slowly)
    sampler = samplers.get("jaxns_nested")
    model = build("gaussian", {"dim": 1})
    settings = replace(sampler.settings(), num_live_points=20)
    compiled = sampler.prepare(model, Budget(1, 0, 100), settings).compile()
    with ThreadPoolExecutor(4) as pool:
        raw = list(pool.map(compiled.sample, range(4)))
    assert set(most) == {1} and len({str(compiled.collect(each).log_z) for each in raw}) == 4


def normals(y):
    """Observes all of ``y`` without a plate."""
    import numpyro
    import numpyro.distributions as dist

    mean = numpyro.sample("mean", dist.Normal(0.0, 2.0))
    numpyro.sample("y", dist.Normal(mean, 0.5), obs=y)


@pytest.mark.slow
def test_a_value_that_the_program_gives_a_latent_site_is_no_draw_from_its_prior():
    numpyro = pytest.importorskip("numpyro")
    given = numpyro.handlers.substitute(normals, data={"mean": 2.0})
    simulate = make_simulator(Model("mine", {"y": np.ones(3)}, given))
    means = {float(simulate(np.random.default_rng(seed))[0]["mean"]) for seed in range(3)}
    assert len(means) == 3 and 2.0 not in means


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(), (400,), (20, 20)])
def test_an_array_observed_without_a_plate_is_drawn_whole(shape):
    pytest.importorskip("numpyro")
    simulate = make_simulator(Model("mine", {"y": np.ones(shape)}, normals))
    truth, data = simulate(np.random.default_rng(3))
    assert data["y"].shape == shape
    if shape:
        assert len(np.unique(data["y"])) == 400
        assert abs(data["y"].std() - 0.5) < 0.1  # 5.7 standard errors
        assert abs(data["y"].mean() - truth["mean"]) < 0.15  # 6


@pytest.mark.slow
def test_data_that_can_not_be_drawn_in_their_own_shape_are_declined_with_what_is_expected():
    pytest.importorskip("numpyro")

    def three(y):
        import numpyro
        import numpyro.distributions as dist

        mean = numpyro.sample("mean", dist.Normal(np.zeros(3), 2.0).to_event(1))
        numpyro.sample("y", dist.Normal(mean, 0.5), obs=y)

    simulate = make_simulator(Model("mine", {"y": np.ones(1)}, three))
    with pytest.raises(Declined, match=r"have shape \(3,\)\n  expected: .*\(1,\)") as declined:
        simulate(np.random.default_rng(3))
    assert "numpyro.plate" in str(declined.value)


@pytest.mark.slow
def test_a_kernel_that_tells_no_divergences_has_no_count_of_them_in_either_mode():
    pytest.importorskip("numpyro")
    from numpyro.infer import BarkerMH

    from samplerbench.samplers.support.numpyro_mcmc import prepare_mcmc

    model, budget = build("linear", {}), Budget(chains=2, warmup=300, draws=400)
    prepared = prepare_mcmc(lambda: BarkerMH(model.program), model, budget, "sequential")
    compiled = prepared.compile()
    single = compiled.collect(compiled.sample(compiled.warmup(1)))
    for draws in (prepared.plain(1), single, *compiled.batch([1, 2])):
        assert draws.divergences is None and "diverging" not in draws.stats
        assert draws.sites["m"].shape == (2, 400)
        assert abs(draws.sites["m"].mean() - model.exact().mean[0]) < model.exact().sd[0]
    assert single.gradients == 2 * (300 + 400) and single.likelihoods is None  # one a proposal


def test_each_generation_of_jaxns_is_compiled_by_its_own_function(monkeypatch):
    pytest.importorskip("jaxns")
    model, made = build("linear", {}), []

    def compile_one(cube, settings, data):
        made.append((cube.sites, settings, dict(data)))
        return jaxns_cube.Programs(lambda seed, data: {"seed": seed}, lambda seeds, data: None)

    for generation, name in (("exact", "compile_exact"), ("public", "_compile_public")):
        monkeypatch.setattr(jaxns_compiled, name, compile_one)
        shims = jaxns_compiled.version_compat
        monkeypatch.setattr(shims, "find_nested_generation", lambda known=generation: known)
        compiled = jaxns_compiled.prepare_compiled(print, model, [], "settings").compile()
        assert compiled.sample(7) == {"seed": 7} and made.pop() == ([], "settings", {})


def test_enumeration_begins_left_of_the_last_plate_and_only_where_a_site_asks_for_it():
    numpyro = pytest.importorskip("numpyro")

    def program(y, enumerated):
        with numpyro.plate("data", len(y)):
            infer = {"enumerate": "parallel"} if enumerated else {}
            z = numpyro.sample("z", numpyro.distributions.Bernoulli(0.5), infer=infer)
            numpyro.sample("y", numpyro.distributions.Normal(z, 1.0), obs=y)

    for enumerated, dim in ((True, -2), (False, None)):
        model = Model("z", {"y": np.zeros(3), "enumerated": enumerated}, program)
        assert jaxns_cube.find_enumeration_dim(model) == dim


def test_draws_are_changed_in_every_mode_and_claims_stay():
    def run(seed):
        return Draws({"x": np.full((1, 4), float(seed))})

    def compile_one():
        compiled = Compiled(sample=run, collect=lambda raw: raw, batch=lambda s: [*map(run, s)])
        return replace(compiled, with_data=lambda data: compiled)

    prepared = Prepared(run, compile_one, compile_one, claims="Kish")
    mapped = map_draws(prepared, lambda draws: Draws({"y": draws.sites["x"] + 1}))
    compiled = mapped.compile()
    each = [compiled, mapped.compile_for_data(), compiled.with_data({})]
    runs = [mapped.plain(2), *(one.collect(one.sample(2)) for one in each), *compiled.batch([2])]
    assert all(set(draws.sites) == {"y"} and (draws.sites["y"] == 3).all() for draws in runs)
    assert mapped.claims == "Kish" and map_draws(Prepared(run), lambda draws: draws).compile is None
