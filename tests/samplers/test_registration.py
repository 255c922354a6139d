"""A sampler's file registers what it holds; its settings refuse what makes no run."""

from __future__ import annotations

import pytest

from samplerbench.samplers import exact_iid, jaxns_nested, numpyro_hmc, numpyro_nuts, numpyro_sa
from samplerbench.samplers.base import samplers

MODULES = {
    "exact_iid": exact_iid,
    "jaxns_nested": jaxns_nested,
    "numpyro_hmc": numpyro_hmc,
    "numpyro_nuts": numpyro_nuts,
    "numpyro_sa": numpyro_sa,
}


@pytest.mark.parametrize("name", MODULES)
def test_a_sampler_is_its_files_settings_and_prepare(name):
    module, sampler = MODULES[name], samplers.get(name)
    assert (sampler.settings, sampler.prepare) == (module.Settings, module.prepare)
    assert sampler.summary and sampler.name == name


def test_samplers_of_one_library_need_the_same_packages():
    needs = {name: set(samplers.get(name).needs) for name in MODULES}
    mcmc = needs["numpyro_hmc"] | needs["numpyro_nuts"] | needs["numpyro_sa"]
    assert mcmc == {"jax", "numpyro"} == needs["numpyro_nuts"]
    assert "jaxns" in needs["jaxns_nested"] and not needs["exact_iid"]


@pytest.mark.parametrize("name", ["numpyro_hmc", "numpyro_nuts", "numpyro_sa"])
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
