"""Programs for posteriordb have the densities of its Stan programs, up to a constant."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.models.posteriordb import load
from samplerbench.models.posteriordb.base import programs
from samplerbench.samplers.support.latent_sites import find_latents
from tests.support import (
    posteriordb_folder,
    stan_points,
    stan_regressions,
    stan_targets,
)

POINTS = 6
#: of the log density: rounding of some 100 terms, each to 2e-16, a thousand times over
TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("posteriordb")
    rng = np.random.default_rng(1)
    for name in programs.names():
        posteriordb_folder.add(folder, name, stan_points.data(name, rng), data_name=name)
    return folder


@pytest.fixture(autouse=True)
def in_64_bits():
    from jax.experimental import enable_x64

    with enable_x64():
        yield


def modelled(checkout, name):
    return load.load_posterior(str(posteriordb_folder.posterior(checkout, f"{name}-{name}")))


def traced(model, values):
    """Log density and sites of the program with its latent sites at ``values``."""
    import jax.numpy as jnp
    from numpyro.infer.util import log_density

    free = [
        site.name for site in find_latents(model)
    ]  # others would be put in place of what is derived
    latent = {name: jnp.asarray(values[name], float) for name in free}
    log, trace = log_density(model.program, (), model.data, latent)
    return float(log), trace


def differences(model, name, target, data):
    """The program's log density less Stan's at random points, and how large they get."""
    rng, found, largest = np.random.default_rng(2), [], 1.0
    for _ in range(POINTS):
        p = stan_points.parameters(name, rng)
        values, jacobian = stan_points.sites(name, p)
        expected = target(data, p) + jacobian
        found.append(traced(model, values)[0] - expected)
        largest = max(largest, abs(expected))
    return np.array(found), largest


def given(name):
    """The data of ``name`` in the checkout: made in the same order."""
    rng = np.random.default_rng(1)
    for one in programs.names():
        data = stan_points.data(one, rng)
        if one == name:
            return data
    raise KeyError(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", programs.names())
def test_a_program_has_stans_density_up_to_a_constant(name, checkout):
    model = modelled(checkout, name)
    found, largest = differences(model, name, stan_targets.TARGETS[name], given(name))
    assert np.isfinite(found).all()
    assert np.ptp(found) < TOLERANCE * largest


@pytest.mark.slow
@pytest.mark.parametrize("name", programs.names())
def test_a_programs_sites_are_stans_parameters_by_name_and_shape(name, checkout):
    model, program = modelled(checkout, name), programs.get(name)
    p = stan_points.parameters(name, np.random.default_rng(3))
    values, _ = stan_points.sites(name, p)
    _, trace = traced(model, values)
    free = {n for n, s in trace.items() if s["type"] == "sample" and not s["is_observed"]}
    made = {n for n, s in trace.items() if s["type"] == "deterministic"}
    assert set(program.parameters) <= free | made
    assert free - set(program.parameters) == set(program.extra_sites)
    for parameter in set(program.parameters) & p.keys():
        if name != "eight_schools_noncentered" or parameter != "theta":
            site = np.asarray(trace[parameter]["value"])
            np.testing.assert_allclose(site, p[parameter], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, other",
    [
        ("kidscore_momhs", "logearn_height"),  # a flat prior in place of the Cauchy
        ("kidscore_interaction_c2", "kidscore_interaction_c"),  # centred elsewhere
        ("low_dim_gauss_mix_collapse", "low_dim_gauss_mix"),
    ],
)
def test_a_wrong_density_would_be_seen(name, other, checkout, monkeypatch):
    data = given(name)
    wrong = stan_targets.TARGETS[name]
    if other == "logearn_height":
        monkeypatch.setattr(stan_regressions, "WITH_CAUCHY", set())
    elif other == "low_dim_gauss_mix":
        wrong = lambda d, p: stan_targets.mixture(d, {**p, "theta": 1 - p["theta"]})  # noqa: E731
    else:
        wrong = stan_targets.TARGETS[other]
    found, largest = differences(modelled(checkout, name), name, wrong, data)
    assert np.ptp(found) > 1e6 * TOLERANCE * largest


@pytest.mark.slow
def test_a_forgotten_jacobian_would_be_seen(checkout, monkeypatch):
    mapped = stan_points.sites
    monkeypatch.setattr(stan_points, "sites", lambda name, p: (mapped(name, p)[0], 0.0))
    target = stan_targets.TARGETS["garch11"]
    found, largest = differences(modelled(checkout, "garch11"), "garch11", target, given("garch11"))
    assert np.ptp(found) > 1e6 * TOLERANCE * largest
