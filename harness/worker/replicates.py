"""All replicates of a trial in the compiled mode: some timed, none able to hang the others."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from samplerbench.harness.records import Result
from samplerbench.harness.worker.timing import (
    CONTENDED,
    CompileClock,
    Lap,
    load,
)
from samplerbench.samplers.base import Compiled, Draws
from samplerbench.samplers.support.background_call import Aside

T = TypeVar("T")
Bound = tuple[Compiled, int]  # a compiled sampler, bound to its data, and the seed to run it with

TIMED = 10  # replicates run one by one under the clock; the median of so many is warm_s
REPEATS = 5  # of the first of them, where one takes less than:
REPEATED_BELOW_S = 1.0
# A replicate is given up after this many seconds, or this many times what the first one took,
# whichever is more: NUTS at its deepest tree takes 150 times what it takes on an easy posterior.
PATIENCE_S, PATIENCE = 20.0, 200.0


class Stuck(Exception):
    """A call that did not return in time; its thread goes on until the process ends."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """``call()``; raises Stuck when it has not returned after ``seconds``."""
    aside = Aside(call)
    if not aside.done(seconds):
        raise Stuck
    return aside.result()


class Replicates:
    """Runs replicates and notes timings and warnings in ``result``."""

    def __init__(self, clock: CompileClock, result: Result, first: Draws, took: Sequence[Lap]):
        self.clock, self.result, self.first = clock, result, first
        self.patience = max(PATIENCE_S, PATIENCE * sum(lap.wall for lap in took))
        self.given_up: list[int] = []

    def timed(self, pairs: Sequence[Bound]) -> list[Draws]:
        """One after the other under the clock."""
        found, laps = [], []
        for compiled, seed in pairs:
            draws, took = self._guarded(compiled, seed)
            if any(lap.compiles for lap in took):  # a shape not met before: time it once more
                draws, took = self._guarded(compiled, seed)
            found.append(draws)
            laps += [took] if took else []
        if laps:
            self._note(laps, pairs[0][0])
            self.unstable(pairs[0], laps)
        return found

    def rest(self, pairs: Sequence[Bound], together: bool) -> list[Draws]:
        """Those that no clock runs for; ``together`` in one program where the sampler has one."""
        seeds = [seed for _, seed in pairs]
        if together and seeds and pairs[0][0].batch:
            batch, patience = pairs[0][0].batch, self.patience * len(seeds)
            try:
                return within(patience, lambda: batch(seeds))
            except Stuck:
                self.result.warnings.append("a vectorised batch hung; its seeds ran one by one")
        return [self._guarded(compiled, seed)[0] for compiled, seed in pairs]

    def told(self) -> None:
        """Say which replicates were given up."""
        if self.given_up:
            seeds = ", ".join(map(str, self.given_up[:10]))
            self.result.warnings.append(
                f"{len(self.given_up)} replicate(s) did not finish and count as failures: "
                f"given up after {self.patience:.0f} s (seed {seeds})"
            )

    def _guarded(self, compiled: Compiled, seed: int) -> tuple[Draws, list[Lap]]:
        try:
            return within(self.patience, lambda: one(self.clock, compiled, seed))
        except Stuck:
            self.given_up.append(seed)
            return nothing(self.first), []

    def _note(self, laps: Sequence[Sequence[Lap]], compiled: Compiled) -> None:
        timings = self.result.timings
        totals = [sum(lap.wall for lap in took) for took in laps]
        timings["warm_s"] = statistics.median(totals)
        timings["warm_s_lo"], timings["warm_s_hi"] = median_interval(totals)
        self.result.runs["warm_s"] = totals
        if compiled.warmup:
            timings["warmup_s"] = statistics.median(took[0].wall for took in laps)
            timings["sample_s"] = statistics.median(took[-1].wall for took in laps)
        else:
            reason = "this sampler has no warm-up phase of its own"
            self.result.missing.update(warmup_s=reason, sample_s=reason)

    def unstable(self, first: Bound, timed: Sequence[Sequence[Lap]]) -> None:
        """Flag a machine that was not quiet: by repeats of one seed, since seeds differ in work."""
        self.result.machine["load_after"] = load()
        laps = [lap for took in timed for lap in took]
        wall, cpu = sum(lap.wall for lap in laps), sum(lap.cpu for lap in laps)
        self.result.timings["warm_wall_over_cpu"] = wall / cpu if cpu > 0 else None
        if wall / len(timed) < REPEATED_BELOW_S and not self.given_up:
            repeats = [one(self.clock, *first)[1] for _ in range(REPEATS)]
            totals = [sum(lap.wall for lap in took) for took in repeats]
            spread = statistics.pstdev(totals) / statistics.fmean(totals)
            self.result.timings["warm_spread"] = spread
            if spread > 0.10:
                self.result.warnings.append(f"unstable: repeats of one seed spread by {spread:.0%}")
        on_cpu = self.result.machine.get("device") == "cpu"
        if on_cpu and cpu > 0.05 and wall / cpu > CONTENDED:
            self.result.warnings.append(f"contended: wall over CPU time is {wall / cpu:.2f}")


def one(clock: CompileClock, compiled: Compiled, seed: int) -> tuple[Draws, list[Lap]]:
    """One run and its laps: warm-up, where there is one, and sampling."""
    raw, laps = under_clock(clock, compiled, seed)
    draws, fetch = clock.lap(lambda: compiled.collect(raw))
    clock.fetches.append(fetch.wall)
    return draws, laps


def under_clock(clock: CompileClock, compiled: Compiled, seed: int) -> tuple[Any, list[Lap]]:
    """What is timed of one run, each part until its result is ready, and the laps."""
    laps: list[Lap] = []
    state: Any = seed
    if compiled.warmup:
        warmup = compiled.warmup
        state, lap = clock.lap(lambda: _ready(warmup(seed)))
        laps.append(lap)
    raw, lap = clock.lap(lambda: _ready(compiled.sample(state)))
    return raw, [*laps, lap]


def nothing(like: Draws) -> Draws:
    """Draws of the shape of ``like`` that hold NaN: what a run that did not finish gave."""
    sites = {name: np.full(x.shape, np.nan, _floating(x)) for name, x in like.sites.items()}
    stats = {name: np.zeros_like(x) for name, x in like.stats.items()}
    weights = None if like.log_weights is None else np.full_like(like.log_weights, -np.inf)
    return Draws(sites, log_weights=weights, stats=stats, termination=like.termination and "")


def _floating(x: np.ndarray) -> Any:
    return x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64


def _ready(value: Any) -> Any:
    if "jax" in sys.modules:
        import jax

        return jax.block_until_ready(value)
    return value


def median_interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Order statistics that hold the median with at least 95 % (binomial), None below 6 values."""
    n, ordered = len(values), sorted(values)
    below, rank = 0.5**n, 0  # below: P(Binomial(n, 1/2) <= rank)
    if 2 * below > 0.05:
        return None, None
    term = below
    while True:
        term *= (n - rank) / (rank + 1)
        if 2 * (below + term) > 0.05:
            return ordered[rank], ordered[n - 1 - rank]
        below, rank = below + term, rank + 1
