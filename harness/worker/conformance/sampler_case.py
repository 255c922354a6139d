"""A sampler under test, and its runs on the easy program, which its checks share."""

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

from samplerbench.harness.worker.conformance import CheckSkipped, programs
from samplerbench.models.base import Array, Model
from samplerbench.samplers.base import Budget, Compiled, Draws, Prepared, Sampler

T = TypeVar("T")
BUDGET = Budget(chains=2, warmup=200, draws=250)
TINY = Budget(chains=1, warmup=20, draws=20)
PLAIN, PLAIN_IF_SLOW, SLOW_S = 16, 8, 2.0  # plain runs; of one that takes more seconds a run
COMPILED_RUNS = 64


@dataclass
class SamplerCase:
    """A sampler under test with its settings; what several checks need is run once."""

    sampler: Sampler
    settings: Any
    imported_libraries: tuple[
        str, ...
    ]  # libraries of samplers that listing the sampler has imported
    output: list[str] = field(default_factory=list)  # what its runs wrote to standard output

    @functools.cached_property
    def model(self) -> Model:
        """The easy program."""
        return programs.make_easy()

    @functools.cached_property
    def prepared(self) -> Prepared:
        """The sampler, prepared on the easy program."""
        return self.capture(lambda: self.sampler.prepare(self.model, BUDGET, self.settings))

    @functools.cached_property
    def first_run(self) -> Draws:
        """The plain run of seed 0."""
        return self.run_plain(0)

    def run_plain(self, seed: int) -> Draws:
        """A plain run with ``seed``."""
        return self.capture(lambda: self.prepared.plain(seed))

    @functools.cached_property
    def plain_runs(self) -> list[Draws]:
        """Plain runs from seed 0 on."""
        started, again = time.perf_counter(), [self.first_run, self.run_plain(1)]
        slow = time.perf_counter() - started > 2 * SLOW_S
        return again + [self.run_plain(s) for s in range(2, PLAIN_IF_SLOW if slow else PLAIN)]

    @functools.cached_property
    def compiled(self) -> Compiled:
        """The compiled mode; raises CheckSkipped where there is none."""
        build = self.prepared.compile
        if build is None:
            raise CheckSkipped("the sampler has no compiled mode")
        return self.capture(build)

    @functools.cached_property
    def compiled_for_data(self) -> Compiled:
        """The compiled mode for data other than the program's own; raises CheckSkipped likewise."""
        build = self.prepared.compile_for_data
        return self.capture(build) if build else self.compiled

    @functools.cached_property
    def compiled_runs(self) -> list[Draws]:
        """Compiled runs from seed 1000 on, one after the other."""
        return [self.run_compiled(self.compiled, 1000 + r) for r in range(COMPILED_RUNS)]

    def run_compiled(self, compiled: Compiled, seed: int) -> Draws:
        """One run of ``compiled`` with ``seed``."""

        def run() -> Draws:
            state = compiled.warmup(seed) if compiled.warmup else seed
            return compiled.collect(compiled.sample(state))

        return self.capture(run)

    @property
    def replicates(self) -> list[Draws]:
        """The runs of whichever mode has more."""
        return self.compiled_runs if self.prepared.compile else self.plain_runs

    def capture(self, call: Callable[[], T]) -> T:
        """``call()``; what it writes to standard output is kept in ``output``."""
        with _capture_output() as read_output:
            try:
                return call()
            finally:
                self.output.extend(filter(None, [read_output()]))


@contextlib.contextmanager
def _capture_output() -> Iterator[Callable[[], str]]:
    """Capture standard output, of Python or below it; gives a function that reads it."""
    with tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        stdout = os.dup(1)
        os.dup2(file.fileno(), 1)

        def read_output() -> str:
            sys.stdout.flush()
            file.seek(0)
            return file.read().decode(errors="replace").strip()

        try:
            yield read_output
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)


def normalise_weights(draws: Draws) -> Array | None:
    """Normalised weights [chain, draw]; None where all are equal."""
    if draws.log_weights is None:
        return None
    w = np.exp(draws.log_weights - np.max(draws.log_weights))
    return w / w.sum()


def summarise_runs(replicates: Sequence[Draws]) -> Array:
    """Mean and sd of every component of every site of the easy program, [replicate, 2 x 8]."""
    return np.array([np.concatenate(compute_moments(draws)) for draws in replicates])


def compute_moments(draws: Draws) -> tuple[Array, Array]:
    """Mean and sd of each component in the order of ``programs.NAMES``."""
    w = normalise_weights(draws)
    flat = [np.asarray(draws.sites[name], np.float64) for name in programs.SHAPES]
    columns = np.concatenate([x.reshape(x.shape[0] * x.shape[1], -1) for x in flat], axis=1)
    mean = np.average(columns, axis=0, weights=None if w is None else w.ravel())
    square = np.average((columns - mean) ** 2, axis=0, weights=None if w is None else w.ravel())
    return mean, np.sqrt(square)
