"""A sampler's file registers what it holds; its settings refuse what makes no run."""

from __future__ import annotations

import re

import pytest

from samplerbench.harness.environments import environments
from samplerbench.harness.environments.pins import read_pins
from samplerbench.options import describe
from samplerbench.samplers import (
    blackjax_mclmc,
    blackjax_nuts,
    dynesty_dynamic,
    dynesty_nested,
    emcee_ensemble,
    exact_iid,
    jaxns_nested,
    nautilus_nested,
    numpyro_barker,
    numpyro_hmc,
    numpyro_nuts,
    numpyro_sa,
    numpyro_svi,
    tfp_replica_exchange,
    ultranest_nested,
    walnutpie_walnuts,
)
from samplerbench.samplers.base import samplers

MODULES = {
    "blackjax_mclmc": blackjax_mclmc,
    "blackjax_nuts": blackjax_nuts,
    "dynesty_dynamic": dynesty_dynamic,
    "dynesty_nested": dynesty_nested,
    "emcee_ensemble": emcee_ensemble,
    "exact_iid": exact_iid,
    "jaxns_nested": jaxns_nested,
    "nautilus_nested": nautilus_nested,
    "numpyro_barker": numpyro_barker,
    "numpyro_hmc": numpyro_hmc,
    "numpyro_nuts": numpyro_nuts,
    "numpyro_sa": numpyro_sa,
    "numpyro_svi": numpyro_svi,
    "tfp_replica_exchange": tfp_replica_exchange,
    "ultranest_nested": ultranest_nested,
    "walnutpie_walnuts": walnutpie_walnuts,
}


@pytest.mark.parametrize("name", MODULES)
def test_a_sampler_is_its_files_settings_and_prepare(name):
    module, sampler = MODULES[name], samplers.get(name)
    assert (sampler.settings, sampler.prepare) == (module.Settings, module.prepare)
    assert sampler.summary and sampler.name == name


@pytest.mark.parametrize("name", MODULES)
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
    needs = {name: set(samplers.get(name).needs) for name in MODULES}
    mcmc = needs["numpyro_hmc"] | needs["numpyro_nuts"] | needs["numpyro_sa"]
    assert mcmc == {"jax", "numpyro"} == needs["numpyro_nuts"]
    assert "jaxns" in needs["jaxns_nested"] and not needs["exact_iid"]


@pytest.mark.parametrize("name", [name for name in MODULES if samplers.get(name).host_devices])
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


def test_each_setting_says_what_it_is_in_words_that_need_no_code():
    for name in samplers.names():
        for setting in describe(samplers.get(name).settings):
            assert setting.text, (name, setting.name)
            code = re.search(r"\w\.py\b|\bsee \w+$|\b[A-Z]{5,}\b", setting.text)
            assert code is None, (name, setting.text)
