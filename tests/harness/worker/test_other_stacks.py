"""The pinned stack's worker serves the newest stack, where this project is not installed.

Each sampler is run once, through the launcher, as a campaign does it.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from samplerbench.harness import launcher
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Result
from samplerbench.models.base import build
from tests.support.paths import EXAMPLES, ROOT
from tests.support.trials import small

pytestmark = [pytest.mark.stack, pytest.mark.process]

SAMPLERS = ("numpyro_nuts", "numpyro_hmc", "numpyro_sa", "jaxns_nested")
OWN_KERNEL = f"{EXAMPLES / 'own_kernel.py'}:RandomWalk"
TRIAL = small(
    environment="latest",
    precision=64,  # jaxns 2.6 switches to it whatever is asked
    warmup=200,
    draws=200,
    seed=1,
    replicates=6,
)


@pytest.fixture(scope="module")
def latest():
    """The newest stack that can be made here, once, in the user's cache."""
    reasons = []
    for name in ("latest", "latest-py311"):  # the first needs a Python that may not be installed
        try:
            return environments.resolve(name)
        except environments.EnvironmentFailed as error:
            reasons.append(str(error))
    pytest.skip("\n".join(reasons))


@pytest.fixture(scope="module")
def run(latest, tmp_path_factory) -> Callable[[str], tuple[Result, Path]]:
    """Gives the result and the draws file of a sampler, which is run once."""

    @functools.cache
    def run(sampler: str) -> tuple[Result, Path]:
        scratch = tmp_path_factory.mktemp(sampler.rpartition(":")[2])
        result = launcher.launch(
            replace(TRIAL, sampler=sampler), latest.python, scratch, timeout=300
        )
        log = (scratch / "log.txt").read_text()[-3000:]
        assert result.status == "ok", f"{result.reason}\n{log}"
        return result, scratch / "draws.npz"

    return run


def test_this_project_is_not_installed_there(latest, tmp_path):
    code = "from importlib.util import find_spec\n"
    code += "print([m for m in ('harness', 'samplers', 'models', 'reports') if find_spec(m)])"
    done = subprocess.run(
        [latest.python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_versions_are_those_of_the_pins(run, latest, sampler):
    result, _ = run(sampler)
    pins = dict(pin.split("==") for pin in latest.pins)
    shown = {name: result.versions[name] for name in ("numpyro", "jax", "jaxlib", "numpy")}
    assert shown == {name: pins[name] for name in shown}
    assert result.precision == 64


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_recompiling_on_every_call_is_counted_and_said(run, sampler):
    result, _ = run(sampler)
    assert result.timings["compiles_per_rerun"] >= 1
    assert any("second call compiles" in text for text in result.warnings)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_replicates_are_compiled_once_and_warm_seconds_hold_no_compiling(run, sampler):
    # compiling takes a second or more, executing 400 iterations of this model some 10 ms, and a
    # nested run of 50 live points 50 ms: a third leaves a factor of five for a busy machine
    result, _ = run(sampler)
    assert result.mode == "compiled"
    assert result.timings["warm_s"] < result.timings["rerun_s"] / 3


def test_the_example_of_a_kernel_of_one_s_own_runs_there(run):
    result, _ = run(OWN_KERNEL)
    assert result.mode == "compiled"


def test_nuts_agrees_with_the_exact_answer(run):
    exact = build("linear", {}).exact()
    with DrawsFile(run("numpyro_nuts")[1]) as draws:
        means = draws.components(exact.names).mean(axis=(1, 2))  # [replicate, component]
    # all replicates together, from the exact sd; 200 draws of this posterior are worth some 50
    # (1276 of 5000 on the pinned stack), 30 at the least
    error = exact.sd / np.sqrt(30 * len(means))
    assert np.all(abs(means.mean(axis=0) - exact.mean) < 6 * error)


def test_log_evidence_agrees_with_the_exact_answer(run):
    exact = build("linear", {}).exact().log_evidence
    with DrawsFile(run("jaxns_nested")[1]) as draws:
        log_z, error = draws.get("log_z"), draws.get("log_z_err")
    assert len(log_z) == TRIAL.replicates
    assert np.all(abs(log_z - exact) < 6 * error)


DENSITY = """
import jax, numpy as np
from numpyro.infer.util import initialize_model
from samplerbench.models.base import build
from tests.support.paths import ROOT
from samplerbench.samplers.support.log_density import make_log_density
from samplerbench.samplers.support.prior_transform import make_prior_transform
for name in ("linear", "eight_schools"):
    model = build(name, {})
    density, prior = make_log_density(model), make_prior_transform(model)
    u = density.find_start(jax.random.PRNGKey(1), model.data)
    sites = density.constrain(u, model.data)
    info = initialize_model(jax.random.PRNGKey(0), model.program, model_kwargs=model.data)
    joint = density.log_joint(u, model.data)
    np.testing.assert_allclose(joint, -info.potential_fn(density.split(u)), rtol=1e-12)
    both = density.log_prior(u, model.data) + density.log_likelihood(sites, model.data)
    np.testing.assert_allclose(both, joint, rtol=1e-12)
    np.testing.assert_allclose(density.unconstrain(sites, model.data), u, rtol=1e-9)
    middle = prior.transform(np.full(prior.dim, 0.5), model.data)
    print(name, *(f"{float(np.ravel(middle[s.name])[0]):.6f}" for s in prior.latents))
"""


def test_densities_and_prior_transforms_are_numpyros_own_there(latest):
    done = subprocess.run(
        [latest.python, "-c", DENSITY],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "JAX_ENABLE_X64": "1"},
    )
    # medians: of the box's sides; of Normal(0, 5), HalfCauchy(5) and Normal(0, 1)
    assert done.stdout.split("\n")[:2] == [
        "linear 0.000000 0.000000",
        "eight_schools 0.000000 5.000000 0.000000",
    ]
