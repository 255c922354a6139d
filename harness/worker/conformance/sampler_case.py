"""A sampler's runs on the easy program, made once each and shared by the checks."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from samplerbench.harness.worker.conformance import Skipped, programs
from samplerbench.models.base import Array, Model
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Draws,
    Prepared,
    Sampler,
)

T = TypeVar("T")
BUDGET = Budget(chains=2, warmup=200, draws=250)
TINY = Budget(chains=1, warmup=20, draws=20)
PLAIN, PLAIN_IF_SLOW, SLOW_S = 16, 8, 2.0  # plain runs; of one that takes more seconds a run
COMPILED = 64


@dataclass
class Runs:
    """A sampler with its settings, prepared on the easy program."""

    sampler: Sampler
    settings: Any
    imported: tuple[str, ...]  # libraries of samplers that listing it has imported
    printed: list[str] = field(default_factory=list)

    @functools.cached_property
    def model(self) -> Model:
        """The easy program."""
        return programs.easy()

    @functools.cached_property
    def prepared(self) -> Prepared:
        """What the sampler prepares on it."""
        return self.quietly(lambda: self.sampler.prepare(self.model, BUDGET, self.settings))

    @functools.cached_property
    def first(self) -> Draws:
        """The plain run of seed 0."""
        return self.plain(0)

    def plain(self, seed: int) -> Draws:
        """A plain run."""
        return self.quietly(lambda: self.prepared.plain(seed))

    @functools.cached_property
    def plains(self) -> list[Draws]:
        """Plain runs from seed 0 on."""
        started, again = time.perf_counter(), [self.first, self.plain(1)]
        slow = time.perf_counter() - started > 2 * SLOW_S
        return again + [self.plain(s) for s in range(2, PLAIN_IF_SLOW if slow else PLAIN)]

    @functools.cached_property
    def compiled(self) -> Compiled:
        """The compiled mode; raises Skipped where there is none."""
        build = self.prepared.compile
        if build is None:
            raise Skipped("the sampler has no compiled mode")
        return self.quietly(build)

    @functools.cached_property
    def after_another(self) -> list[Draws]:
        """Compiled runs, one after the other."""
        return [self.one(self.compiled, 1000 + r) for r in range(COMPILED)]

    def one(self, compiled: Compiled, seed: int) -> Draws:
        """One compiled run."""

        def run() -> Draws:
            state = compiled.warmup(seed) if compiled.warmup else seed
            return compiled.collect(compiled.sample(state))

        return self.quietly(run)

    @property
    def many(self) -> list[Draws]:
        """Replicates of whichever mode makes more."""
        return self.after_another if self.prepared.compile else self.plains

    def quietly(self, call: Callable[[], T]) -> T:
        """``call()``; what it writes to standard output is kept in ``printed``."""
        with _held_output() as told:
            try:
                return call()
            finally:
                self.printed.extend(filter(None, [told()]))


@contextlib.contextmanager
def _held_output() -> Iterator[Callable[[], str]]:
    """Keep what is written to standard output, by Python or below it; gives what reads it."""
    with tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)

        def told() -> str:
            sys.stdout.flush()
            file.seek(0)
            return file.read().decode(errors="replace").strip()

        try:
            yield told
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def weights(draws: Draws) -> Array | None:
    """Normalised weights [chain, draw]; None where all are equal."""
    if draws.log_weights is None:
        return None
    w = np.exp(draws.log_weights - np.max(draws.log_weights))
    return w / w.sum()


def summaries(replicates: Sequence[Draws]) -> Array:
    """Mean and sd of every component of every site of the easy program, [replicate, 2 x 8]."""
    return np.array([np.concatenate(moments(draws)) for draws in replicates])


def moments(draws: Draws) -> tuple[Array, Array]:
    """Mean and sd of each component in the order of ``programs.NAMES``."""
    w = weights(draws)
    flat = [np.asarray(draws.sites[name], np.float64) for name in programs.SHAPES]
    columns = np.concatenate([x.reshape(x.shape[0] * x.shape[1], -1) for x in flat], axis=1)
    mean = np.average(columns, axis=0, weights=None if w is None else w.ravel())
    square = np.average((columns - mean) ** 2, axis=0, weights=None if w is None else w.ravel())
    return mean, np.sqrt(square)
