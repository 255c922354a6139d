"""Trials for tests of what runs them: small ones, and models files that misbehave."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from samplerbench.harness.launcher import launch
from samplerbench.harness.records import Result, Trial
from samplerbench.models.loading import model_names

#: the command as installed: its folder, not the current one, is the first that Python looks in
COMMAND = str(Path(sys.executable).with_name("samplerbench"))
#: for what is to happen at once; on a busy machine that may take a while
PATIENCE_S = 600.0
SMALL = Trial(
    model="linear",
    model_options={},
    model_digest="",
    sampler="exact_iid",
    settings={},
    environment="current",
    environment_digest="0" * 16,
    device="cpu",
    precision=32,
    chains=1,
    warmup=50,
    draws=50,
    seed=0,
    replicates=3,
)


def small(**changes: object) -> Trial:
    """A trial that takes half a second: three replicates of 50 independent exact draws."""
    return replace(SMALL, **changes)


def trial_of_file(folder: Path, text: str, name: str = "program", **changes: object) -> Trial:
    """A trial of the model ``name`` in a file holding ``text``."""
    file = folder / "model_of_mine.py"
    file.write_text(text)
    full, digest = model_names.check_model(f"{file}:{name}", {})
    return small(model=full, model_digest=digest, **changes)


def run(trial: Trial, scratch: Path, timeout: float = 300.0, **options: object) -> Result:
    """What a worker in this environment makes of ``trial``."""
    return launch(trial, sys.executable, scratch, timeout, **options)


def has_ended(pid: int) -> bool:
    """Whether no such process runs; one that waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def wait_until(happened: Callable[[], object]) -> bool:
    """Whether ``happened()`` comes true, however busy the machine is."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


#: programs that take a table's columns as arrays of JAX only, of either kind, or of NumPy only
INDEXED = """
import numpy as np, numpyro, numpyro.distributions as dist
def plate(g, y):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([3]))
    with numpyro.plate("rows", len(y)) as i:
        numpyro.sample("y", dist.Normal(a[g[i]], 1.0), obs=y)
def at(g, y):
    b = numpyro.sample("b", dist.Normal(0, 1))
    numpyro.sample("y", dist.Normal(b, 1.0), obs=y.at[0].set(1.0))
def either(g, y):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([3]))
    numpyro.sample("y", dist.Normal(a[g], 1.0), obs=y)
def whole(df):
    return plate(df["g"], df["y"])
def sizes(g, y):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([len(np.unique(g))]))
    numpyro.sample("y", dist.Normal(a[g], 1.0), obs=y)
"""
