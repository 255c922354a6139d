"""A sampler's file registers what it holds; its settings refuse what makes no run."""

from __future__ import annotations

import pytest

from samplerbench.harness.environments import environments
from samplerbench.harness.environments.pins import read_pins
from samplerbench.samplers.base import samplers


@pytest.mark.parametrize("name", samplers.names())
def test_a_sampler_runs_by_default_where_its_library_is_pinned(name):
    sampler = samplers.get(name)
    stack = read_pins(environments.STACKS / f"{sampler.environment or 'pinned'}.txt")
    assert {*sampler.distributions[:1]} <= {pin.split("==")[0] for pin in stack}


def test_claims_that_are_not_the_draws_own_are_named():
    nested = "dynesty_nested", "dynesty_dynamic", "nautilus_nested", "ultranest_nested"
    for name in (*nested, "jaxns_nested"):
        assert "; log Z error: " in samplers.get(name).claims
    assert "one chain" in samplers.get("emcee_ensemble").claims


def test_samplers_of_one_library_need_the_same_packages():
    needs = {name: set(samplers.get(name).needs) for name in samplers.names()}
    mcmc = needs["numpyro_hmc"] | needs["numpyro_nuts"] | needs["numpyro_sa"]
    assert mcmc == {"jax", "numpyro"} == needs["numpyro_nuts"]
    assert "jaxns" in needs["jaxns_nested"] and not needs["exact_iid"]


@pytest.mark.parametrize("name", [n for n in samplers.names() if samplers.get(n).host_devices])
def test_parallel_chains_want_a_device_each_and_others_one(name):
    sampler = samplers.get(name)
    wanted = {
        method: sampler.host_devices(sampler.settings(chain_method=method), 4)
        for method in ("parallel", "sequential", "vectorized")
    }
    assert wanted == {"parallel": 4, "sequential": 1, "vectorized": 1}


def test_a_sampler_without_jax_wants_no_devices_and_no_versions():
    sampler = samplers.get("exact_iid")
    assert sampler.host_devices is None and sampler.distributions == ()
    assert "jaxns" in samplers.get("jaxns_nested").distributions
