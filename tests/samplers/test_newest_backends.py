"""Backends that need an environment of their own, most of them for a newer JAX.

Each runs once in its own environment, through the launcher, as a campaign does it. Means are held
to 5.5 standard errors of as many independent draws as all runs together are worth at the least,
which fair draws exceed less than once in ten million; log Z to as many of the claimed errors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness import launcher
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.environments import environments
from samplerbench.models.base import build
from samplerbench.samplers import jaxns_direct, jaxns_nested, numpyro_aies
from samplerbench.samplers.base import Budget, samplers
from samplerbench.samplers.support.numpyro_ensemble import import_kernel
from tests.support.trials import small

SIGMAS = 5.5
#: settings, budget, and independent draws that all replicates together are worth at the least
RUNS = {
    "blackjax_nss": ({"num_live_points": 100}, {}, 300),
    "blackjax_adjusted_mclmc": ({}, {"draws": 2000}, 300),
    "nutpie_nuts": ({}, {"warmup": 300, "draws": 500}, 150),
    "blackjax_smc": ({"num_particles": 400, "num_mcmc_steps": 5}, {}, 300),
    # its walkers start far off and find the posterior slowly
    "numpyro_ess": ({"walkers": 8}, {"warmup": 3000, "draws": 400}, 20),
    "numpyro_aies": ({"walkers": 8}, {"warmup": 3000, "draws": 400}, 20),
    "jaxns3_nested": ({"root_allocation_degree": 100}, {}, 300),
    "ultranest_nested": ({"min_num_live_points": 100, "min_ess": 100}, {}, 300),
}


def launch_there(trial, folder):
    """The result of a trial in its sampler's environment, in ``folder / "scratch"``."""
    try:
        stack = environments.resolve(samplers.get(trial.sampler).environment)
    except environments.EnvironmentFailed as error:
        pytest.skip(str(error))  # no such Python, or no compiler
    return launcher.launch(trial, stack.python, folder / "scratch", timeout=500)


def run_there(trial, folder):
    """Draws [replicate, chain, draw, component] in the sampler's environment, with what is exact.

    And beside them the weights, the evidence and the result.
    """
    result = launch_there(trial, folder)
    log = (folder / "scratch" / "log.txt").read_text()[-3000:]
    assert result.status == "ok", f"{result.reason}\n{log}"
    exact = build(trial.model, trial.model_options).exact()
    with DrawsFile(folder / "scratch" / "draws.npz") as draws:
        numbers = {name: draws.get(name) for name in ("log_weights", "log_z", "log_z_err")}
        return draws.components(exact.names), exact, numbers, result


@pytest.mark.stack
@pytest.mark.process
@pytest.mark.parametrize("name", RUNS)
def test_each_draws_from_the_exact_posterior_in_its_own_environment(name, tmp_path):
    settings, budget, independent = RUNS[name]
    trial = replace(small(sampler=name, settings=settings, replicates=4), **budget)
    x, exact, numbers, _ = run_there(trial, tmp_path)
    log_weights, log_z, claimed = numbers.values()
    weights = np.ones(x.shape[:3]) if log_weights is None else np.exp(log_weights)
    means = np.einsum("rcd,rcdk->rk", weights, x) / weights.sum(axis=(1, 2))[:, None]
    errors = (means.mean(axis=0) - exact.mean) / exact.sd
    assert np.abs(errors).max() < SIGMAS / math.sqrt(independent)
    if log_z is not None:
        # SMC claims no error; each of its 10 steps leaves half of 400 particles effective: 10 / 400
        off = (log_z - exact.log_evidence) / (math.sqrt(10 / 400) if claimed is None else claimed)
        assert abs(off.mean()) < SIGMAS / math.sqrt(len(off))


GROUPS = """
import numpy as np, numpyro, numpyro.distributions as dist

data = {"group": np.repeat(np.arange(3), 4), "y": np.repeat(np.arange(3), 4) + 1.0}

def program(group, y):
    with numpyro.plate("groups", len(np.unique(group))):
        mean = numpyro.sample("mean", dist.Normal(0.0, 5.0))
    numpyro.sample("y", dist.Normal(mean[group], 1.0), obs=y)
"""


@pytest.mark.stack
@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("blackjax_nss", "compiled"),
        ("blackjax_smc", "compiled"),
        ("jaxns3_nested", "plain"),
        ("nutpie_nuts", "plain"),
    ],
)
def test_sizes_that_a_program_finds_in_its_data_are_borne(name, mode, tmp_path, monkeypatch):
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.chdir(folder)
    file = tmp_path / "groups.py"
    file.write_text(GROUPS)
    settings = RUNS[name][0]
    trial = small(model=f"{file}:program", sampler=name, settings=settings, replicates=3)
    result = launch_there(trial, tmp_path)
    assert (result.status, result.mode) == ("ok", mode), result.reason
    assert not list(folder.iterdir())  # jaxns 3 writes a log where it is imported


VAGUE = """
import numpy as np, numpyro, numpyro.distributions as dist

def program():
    rate = numpyro.sample("rate", dist.Gamma(0.01, 0.01))
    numpyro.sample("y", dist.Normal(0.0, 1 / rate**0.5).expand([2]), obs=np.array([0.5, -0.5]))
"""


@pytest.mark.stack
@pytest.mark.process
def test_a_prior_that_overflows_where_it_has_mass_has_no_evidence_in_32_bits(tmp_path):
    file = tmp_path / "vague.py"
    file.write_text(VAGUE)
    settings = RUNS["blackjax_nss"][0]
    trial = small(model=f"{file}:program", sampler="blackjax_nss", settings=settings)
    result = launch_there(trial, tmp_path)
    assert result.status == "failed" and "of 100 draws from the prior are infinite" in result.reason
    assert "--precision 64" in result.reason


@pytest.mark.stack
@pytest.mark.process
def test_pathfinder_is_near_a_normal_posterior_and_says_that_it_is_an_approximation(tmp_path):
    assert "approximation" in samplers.get("blackjax_pathfinder").summary
    trial = small(model="gaussian", model_options={"dim": 5}, sampler="blackjax_pathfinder")
    x, exact, _, result = run_there(replace(trial, replicates=4, draws=1000), tmp_path)
    assert "which the fit's own error exceeds" in result.claims
    z = (x - exact.mean) / exact.sd
    # the optimiser ends near the mode, and its inverse Hessian is a tenth or two off
    assert np.abs(z.mean(axis=(0, 1, 2))).max() < 0.2
    variance = np.square(z).mean(axis=(0, 1, 2))
    assert 0.5 < variance.min() and variance.max() < 1.5


@pytest.mark.slow
def test_jaxns_without_the_wrapper_draws_what_it_draws_with_it():
    model, runs = build("linear", {}), []
    for module in (jaxns_direct, jaxns_nested):
        settings = jaxns_nested.Settings(num_live_points=20)
        compiled = module.prepare(model, Budget(), settings).compile()
        compiled.prime([3])
        runs.append(compiled.collect(compiled.sample(3)))
    direct, wrapped = runs
    assert direct.log_z == pytest.approx(wrapped.log_z, abs=1e-3)
    np.testing.assert_allclose(direct.sites["m"], wrapped.sites["m"], rtol=1e-4)


def test_an_older_numpyro_has_no_ensembles_and_says_which_has():
    with pytest.raises(ImportError, match="has no AIES; it came with 0.15"):
        numpyro_aies.prepare(build("linear", {}), Budget(), numpyro_aies.Settings())
    assert import_kernel("NUTS").__name__ == "NUTS"
