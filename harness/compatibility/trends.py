"""What the rows of a matrix say together: of releases that are all that differs between stacks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from packaging.version import Version
from scipy import stats

from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.tried_samplers import REFERENCE

FEWEST = 3  # processes a stack: with two the interval spans orders of magnitude
LEVEL = 0.95


@dataclass(frozen=True)
class Cold:
    """First calls of NUTS on one stack, each in a process of its own."""

    numpyro: str
    jax: str
    seconds: tuple[float, ...]  # of CPU, all threads: a busy machine hardly changes them
    python: str = ""  # its minor version: JAX's releases are compared on the same one

    @property
    def mean(self) -> float:
        """Their geometric mean."""
        return math.exp(float(np.log(self.seconds).mean()))


@dataclass(frozen=True)
class Step:
    """A first call on one release of JAX over that on the one tried before it."""

    old: Cold
    new: Cold
    ratio: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Reruns:
    """How many programs a second call of NUTS compiles, on every stack of one NumPyro release."""

    numpyro: str
    compiles: tuple[int, ...]  # one a stack
    jax: tuple[str, ...]  # of the same stacks


def cold_by_jax(rows: Iterable[StackRow]) -> list[Cold]:
    """Stacks with several first calls, by NumPyro's and JAX's release; where JAX's alone varies."""
    seconds: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        runs = row.samplers.get(REFERENCE, {}).get("cold_cpu_runs", ())
        if len(runs) >= FEWEST:
            versions = row.versions()
            seconds[versions["numpyro"], versions["jax"], row.minor] += runs
    every = [
        Cold(numpyro, jax, tuple(runs), python) for (numpyro, jax, python), runs in seconds.items()
    ]
    varied = [cold for cold in every if sum(_alike(cold, other) for other in every) > 1]
    return sorted(varied, key=lambda c: (Version(c.numpyro), c.python, Version(c.jax)))


def _alike(one: Cold, other: Cold) -> bool:
    """Whether JAX's release is all that differs."""
    return (one.numpyro, one.python) == (other.numpyro, other.python)


def steps(cold: Sequence[Cold]) -> list[Step]:
    """Each release of JAX against the one before, NumPyro's and Python's the same.

    Welch's t-interval on log seconds, the level split over all steps (Bonferroni).
    """
    pairs = [(a, b) for a, b in zip(cold, cold[1:], strict=False) if _alike(a, b)]
    return [_step(before, after, (1 - LEVEL) / len(pairs)) for before, after in pairs]


def _step(before: Cold, after: Cold, alpha: float) -> Step:
    logs = [np.log(after.seconds), np.log(before.seconds)]
    interval = stats.ttest_ind(*logs, equal_var=False).confidence_interval(1 - alpha)
    lo, hi = math.exp(interval.low), math.exp(interval.high)
    return Step(before, after, after.mean / before.mean, lo, hi)


def reruns(rows: Iterable[StackRow]) -> list[Reruns]:
    """By release of NumPyro, oldest first; only stacks on which NUTS ran."""
    compiles_and_jax: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in rows:
        compiles = row.samplers.get(REFERENCE, {}).get("compiles_per_rerun")
        if compiles is not None:
            versions = row.versions()
            compiles_and_jax[versions["numpyro"]].append((compiles, versions["jax"]))
    return [
        Reruns(numpyro, *zip(*compiles_and_jax[numpyro], strict=True))
        for numpyro in sorted(compiles_and_jax, key=Version)
    ]
