"""The whole ``samplerbench run`` beside bare scripts that make the same library calls.

    python tests/benchmarks/whole_command.py --replicates 32 --script-replicates 4

Script "fresh" builds the library's objects anew for each replicate; script "kept" builds them
once. Each is one fresh process, as is the command, and each clock runs from the process's start
to its end. With fewer script replicates than replicates a script is extrapolated: each sampler's
first call, and the mean of its later calls for the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

import samplerbench  # noqa: E402
from samplerbench.harness.worker.provenance import read_cpu_model  # noqa: E402

COMMAND = Path(sys.executable).with_name("samplerbench")
SAMPLERS = ("numpyro_nuts", "numpyro_hmc", "numpyro_sa", "jaxns_nested")
SHOWN = ("numpyro", "jax", "jaxlib", "jaxns", "numpy")

#: what a user of the libraries writes; prints the seconds of each call, by sampler, as JSON
BARE = """
import json, sys, time
import numpy as np
import jax
import numpyro, numpyro.distributions as dist
from jax.random import PRNGKey
from numpyro.contrib.nested_sampling import NestedSampler
from numpyro.infer import HMC, MCMC, NUTS, SA

kept, replicates, names = sys.argv[1] == "kept", int(sys.argv[2]), sys.argv[3:]
np.random.seed(123)
x = np.linspace(0, 10, 32)
error = np.random.poisson(lam=10, size=32) / 10 * 1.5
y = 2 * x + 3.5 + error * np.random.normal(size=32)

def model(x, y, error):
    m = numpyro.sample("m", dist.Uniform(-5, 5))
    c = numpyro.sample("c", dist.Uniform(-10, 10))
    with numpyro.plate("data", len(x)):
        numpyro.sample("y", dist.Normal(m * x + c, error), obs=y)

def build(name):
    if name == "jaxns_nested":
        return NestedSampler(model)
    kernel = {"numpyro_nuts": NUTS, "numpyro_hmc": HMC, "numpyro_sa": SA}[name](model)
    return MCMC(kernel, num_warmup=500, num_samples=5000, progress_bar=False)

def call(sampler, seed):
    sampler.run(PRNGKey(seed), x=x, y=y, error=error)
    nested = isinstance(sampler, NestedSampler)
    jax.block_until_ready(sampler.get_weighted_samples() if nested else sampler.get_samples())

seconds = {}
for name in names:
    sampler = build(name) if kept else None
    for seed in range(replicates):
        start = time.perf_counter()
        call(sampler or build(name), seed)
        seconds.setdefault(name, []).append(time.perf_counter() - start)
print(json.dumps(seconds))
"""


def script(kind: str, calls: int, replicates: int, samplers: list[str]) -> float:
    """Seconds of the bare script ``kind`` for ``replicates``, ``calls`` of them called."""
    start = time.perf_counter()
    arguments = [sys.executable, "-c", BARE, kind, str(calls), *samplers]
    process = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    seconds = json.loads(process.stdout)
    for name, times in seconds.items():
        later = f", then {statistics.fmean(times[1:]):.3f} s a call" if times[1:] else ""
        print(f"  script {kind!r}, {name}: {times[0]:.2f} s the first call{later}", flush=True)
    if calls == replicates:
        return wall
    missing = [(replicates - calls) * statistics.fmean(times[1:]) for times in seconds.values()]
    return wall + sum(missing)


def command(replicates: int, samplers: list[str], blocks: str, folder: Path) -> tuple[float, float]:
    """Wall seconds of the command, and of its workers together."""
    out = folder / "out"
    arguments = [str(COMMAND), "run", "--replicates", str(replicates), "--out", str(out)]
    arguments += ["--blocks", blocks]
    start = time.perf_counter()
    process = subprocess.run([*arguments, "--sampler", *samplers], cwd=folder)
    wall = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"samplerbench run ended with {process.returncode}: no comparison")
    with samplerbench.load(out) as campaign:
        return wall, campaign.store.total_seconds()


def main() -> None:
    """Parse the command line, run all three, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--replicates", type=int, default=32)
    add("--samplers", nargs="+", choices=SAMPLERS, default=list(SAMPLERS), metavar="NAME")
    add("--script-replicates", type=int, metavar="K", help="make K, extrapolate (default: all)")
    add("--blocks", default="1", help="processes for the clocked phases, as of the command")
    args = parser.parse_args()
    calls = args.script_replicates or args.replicates
    if not min(2, args.replicates) <= calls <= args.replicates:
        parser.error("--script-replicates: from 2 to --replicates")

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        wall, workers = command(args.replicates, args.samplers, args.blocks, Path(folder))
    seconds_by_kind = {
        kind: script(kind, calls, args.replicates, args.samplers) for kind in ("fresh", "kept")
    }

    how = f" (extrapolated from {calls} replicates)" if calls < args.replicates else ""
    print(f"\n{args.replicates} replicates of {', '.join(args.samplers)}")
    print(f"{'what':16}{'seconds':>9}  script / command")
    print(f"{'command':16}{wall:9.1f}")
    for kind, seconds in seconds_by_kind.items():
        print(f"{f'script {kind!r}':16}{seconds:9.1f}  {seconds / wall:.1f}{how}")
    own = wall - workers
    print(f"the command's own share: {own:.1f} s, {100 * own / wall:.1f} % of its wall time")
    print(f"{read_cpu_model()}, {os.cpu_count()} cores; load {load:.2f} before the first run")
    print(", ".join(f"{name} {version(name)}" for name in SHOWN))


if __name__ == "__main__":
    main()
