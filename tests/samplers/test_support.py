"""What samplers share: calls in a thread of their own, and draws from a model's prior."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from samplerbench.models.base import Model, build
from samplerbench.samplers.base import Declined
from samplerbench.samplers.support import jaxns_compiled, jaxns_cube, jaxns_exact
from samplerbench.samplers.support.background_call import BackgroundCall
from samplerbench.samplers.support.prior_predictive import make_simulator


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

    data = {"y": np.zeros(3)}
    for program, reason in ((silent, "observes nothing"), (halved, "is not observed to be")):
        with pytest.raises(Declined, match=reason):
            make_simulator(Model("odd", data, program))


def test_points_of_nested_sampling_are_padded_to_the_next_power_of_two():
    assert [jaxns_exact._round_up(points) for points in (1, 2, 3, 64, 65)] == [1, 2, 4, 64, 128]


def test_each_generation_of_jaxns_is_compiled_by_its_own_function(monkeypatch):
    pytest.importorskip("jaxns")
    model, made = build("linear", {}), []

    def compile_one(cube, settings, data):
        made.append((cube.sites, settings, dict(data)))
        return jaxns_cube.Programs(lambda seed, data: {"seed": seed}, lambda seeds, data: None)

    for generation, name in (("exact", "compile_exact"), ("public", "_compile_public")):
        monkeypatch.setattr(jaxns_compiled, name, compile_one)
        compiled = jaxns_compiled.compile_sampler(model, [], "settings", generation)
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
