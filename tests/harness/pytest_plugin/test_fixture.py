"""The plugin in projects of its users: each is a folder with tests of its own, run by pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process

CLOCK = """
passed = 0.0

def now():
    return passed
"""
#: HMC and exact draws by a clock that gradients, not seconds, move on (1 ms each), and a sampler
#: that compiles in every call
BY_GRADIENTS = """
import os
from dataclasses import replace
import jax, numpy as np, numpyro, numpyro.distributions as dist
import clock
from samplerbench.samplers.base import Compiled, Draws, Prepared, Sampler, samplers
from samplerbench.samplers.exact_iid import Settings, prepare

x = np.arange(8.0)
steps = int(os.environ["STEPS"])

def program(x, y, error):
    m = numpyro.sample("m", dist.Normal(0.0, 10.0))
    numpyro.sample("y", dist.Normal(m * x, error), obs=y)

def counting(model, budget, settings):
    hmc = samplers.get("numpyro_hmc")
    prepared = hmc.prepare(model, budget, hmc.settings(num_steps=steps))

    def compile():
        compiled = prepared.compile()

        def sample(state):
            raw = compiled.sample(state)
            clock.passed += 0.001 * compiled.collect(raw).gradients
            return raw

        return replace(compiled, sample=sample)

    return replace(prepared, compile=compile)

def steady(model, budget, settings):
    draw = prepare(model, budget, settings).plain

    def run(seed):
        clock.passed += 0.5
        return draw(seed)

    return Prepared(run, lambda: Compiled(run, lambda draws: draws))

def compiling(model, budget, settings):
    def run(seed):
        value = jax.jit(lambda key: jax.random.normal(key, (1, budget.draws)))
        return Draws({"m": np.asarray(value(jax.random.PRNGKey(seed)))})

    return Prepared(plain=run)

def test_hmc(sampler_benchmark):
    sampler = Sampler("counting", Settings, counting, "", needs=("jax", "numpyro"))
    given = (program, dict(x=x, y=2.0 * x, error=1.0))
    scores = sampler_benchmark(given, sampler, draws=100, warmup=50, replicates=3)
    assert scores.gradients == 150 * steps
    assert scores.verdict == "no exact answer" and scores.mode == "compiled"

def test_steady(sampler_benchmark):
    sampler = Sampler("steady", Settings, steady, "")
    assert sampler_benchmark("linear", sampler, draws=200).verdict == "honest"

def test_compiles(sampler_benchmark):
    sampler = Sampler("compiling", Settings, compiling, "", needs=("jax",))
    sampler_benchmark(program, sampler, data=dict(x=x, y=x, error=1.0), draws=100)
"""


class Project:
    """A folder with tests; ``run`` calls pytest in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def run(self, *options: str, code: int = 0, **variables: str) -> str:
        """All that pytest printed, having ended with ``code``."""
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**inherited, **variables},
            text=True,
            stdout=-1,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def saved(self, *options: str, code: int = 0, **variables: str) -> list[dict[str, Any]]:
        """The benchmarks in the file that pytest-benchmark writes."""
        self.output = self.run("--benchmark-json=out.json", *options, code=code, **variables)
        return json.loads((self.folder / "out.json").read_text())["benchmarks"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_project_that_does_not_use_it_imports_nothing_of_it(project):
    project.write(
        "test_other.py",
        """
import sys

def test_nothing_is_imported():
    names = {name for name in sys.modules if name.split(".")[0] in ("samplerbench", "jax",
             "numpyro", "numpy", "pandas", "arviz", "scipy")}
    assert names == {"samplerbench", "samplerbench.version", "samplerbench.harness",
                     "samplerbench.harness.pytest_plugin"}
""",
    )
    project.run("-p", "no:hypothesispytest")
    assert "--samplerbench-replicates" in project.run("--help")


def test_without_pytest_benchmark_the_fixture_says_what_to_install(project):
    project.write("test_a.py", "def test_a(sampler_benchmark): pass\ndef test_b(): pass\n")
    output = project.run("-p", "no:benchmark", code=1)
    assert "pip install pytest-benchmark" in output and "1 passed, 1 error" in output


HONEST = """
def test_exact(sampler_benchmark):
    scores = sampler_benchmark("linear:n_points=12", sampler="exact_iid", draws=300)
    assert scores.verdict == "honest" == scores["verdict"]
    assert scores.replicates == 256 and scores.draws == 300 and scores.chains == 1
    assert scores.warm_s > 0 and scores.warm_s_lo <= scores.warm_s <= scores.warm_s_hi
    assert "honest" in repr(scores) and "exact_iid on linear" in repr(scores)
"""


def test_scores_come_back_and_stand_in_extra_info(project):
    project.write("test_a.py", HONEST)
    (one,) = project.saved()
    assert one["group"] == "warm: linear:n_points=12"
    info = one["extra_info"]
    assert (info["timed"], info["verdict"], info["device"]) == ("warm_s", "honest", "cpu")
    assert one["stats"]["min"] < info["warm_s"] < one["stats"]["max"]
    assert one["stats"]["rounds"] % 10 == 0
    assert info["round_compiles"] == 0 and info["aot_compiles"] == 0
    assert info["versions"]["python"] and info["ess"] > 100
    assert info["realised_ess_lo"] < info["realised_ess"] < info["realised_ess_hi"]


def test_the_command_line_sets_what_a_call_leaves_open(project):
    project.write(
        "test_a.py",
        """
def test_open(sampler_benchmark):
    assert sampler_benchmark("linear", "exact_iid", draws=200).verdict == "too few replicates"

def test_named(sampler_benchmark):
    assert sampler_benchmark("linear", "exact_iid", 20, draws=200).replicates == 20
""",
    )
    saved_row = project.saved("--samplerbench-replicates=5", "--samplerbench-rounds=7")
    assert [one["extra_info"]["replicates"] for one in saved_row] == [5, 20]
    assert [one["stats"]["rounds"] for one in saved_row] == [7, 7]
    assert "whole number" in project.run("--samplerbench-rounds=0", code=4)


def test_a_round_that_compiles_fails_and_a_saved_run_is_compared_by_the_work(project):
    """The clock counts gradients: what fails and what passes does not hang on this machine."""
    project.write("clock.py", CLOCK)
    project.write("test_a.py", BY_GRADIENTS)
    timer = "--benchmark-timer=clock.now"
    saved = project.saved(timer, "--benchmark-autosave", code=1, STEPS="2")
    assert [one["name"] for one in saved] == ["test_hmc", "test_steady"]
    assert "round 1 (seed 0) compiled 1 program," in project.output
    info = saved[0]["extra_info"]
    assert info["aot_compiles"] > 0 and info["versions"]["numpyro"] and info["model"] == "program"

    compare = (timer, "--benchmark-compare", "--benchmark-compare-fail=median:10%")
    assert "1 passed" in project.run(*compare, "-k", "steady", STEPS="2")
    output = project.run(*compare, "-k", "hmc or steady", code=1, STEPS="4")
    (line,) = [line for line in output.splitlines() if "Field 'median' has failed" in line]
    assert "test_hmc" in line and ": 100.0" in line
