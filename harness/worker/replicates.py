"""Runs the replicates of a trial in the compiled mode: some timed, none able to hang the rest."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from samplerbench.errors import one_line
from samplerbench.harness.draws_file import make_nan_draws, take_run
from samplerbench.harness.records import PATIENCE, PATIENCE_S, Result
from samplerbench.harness.worker.outcome import warn_contended
from samplerbench.harness.worker.raised_errors import RaisedErrors, name_seeds
from samplerbench.harness.worker.time_limit import OutOfTime, TimeLimit
from samplerbench.harness.worker.timing import (
    CompileClock,
    Lap,
    read_load,
)
from samplerbench.samplers.base import Compiled, Draws
from samplerbench.samplers.support.background_call import BackgroundCall
from samplerbench.text import format_count

T = TypeVar("T")
#: a compiled sampler, bound to its data, and the seed to run it with
BoundSampler = tuple[Compiled, int]

REPEATS = 5  # of the first replicate under the clock, where one takes less than:
REPEATED_BELOW_S = 1.0


class StuckCall(Exception):
    """Raised for a call that did not return in time; its thread goes on until the process ends."""


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """``call()``; raises StuckCall when it has not returned after ``seconds``."""
    background = BackgroundCall(call)
    if not background.wait(seconds):
        raise StuckCall
    return background.result()


class ReplicateRunner:
    """Runs replicates and notes timings and warnings in ``result``.

    Where ``limit`` lets no further one end in time, those that have finished are all. ``announce``
    is told the seconds that replicates will take, once one has been timed.
    """

    def __init__(
        self,
        clock: CompileClock,
        result: Result,
        first: Draws,
        laps: Sequence[Lap],
        limit: TimeLimit | None = None,
        announce: Callable[[float], None] = lambda seconds: None,
        explain: Callable[[Exception], str] = one_line,
    ) -> None:
        self.clock, self.result, self.first = clock, result, first
        self.limit, self.announce = limit or TimeLimit(), announce
        self.patience = max(PATIENCE_S, PATIENCE * sum(lap.wall for lap in laps))
        self.longest = sum(lap.wall - lap.compile for lap in laps)  # seconds of a run so far
        self.abandoned: list[int] = []  # seeds
        self.raised = RaisedErrors(explain)

    def run_timed(self, pairs: Sequence[BoundSampler], more: int = 0) -> list[Draws]:
        """Replicates run one after the other under the clock; ``more`` will follow untimed."""
        replicates: list[Draws] = []
        timed: list[list[Lap]] = []
        with contextlib.suppress(OutOfTime):
            for compiled, seed in pairs:
                draws, laps = self._run_guarded(compiled, seed)
                replicates.append(draws)
                if any(lap.compiles for lap in laps):  # a shape not met before: time it once more
                    replicates[-1], laps = self._run_guarded(compiled, seed)
                timed += [laps] if laps else []
                if len(replicates) == 1:
                    self.announce(self.longest * (len(pairs) - 1 + more))
        if timed:
            self._record_timings(timed, pairs[0][0])
            self.check_stability(pairs[0], timed, more)
        return replicates

    def run_untimed(self, pairs: Sequence[BoundSampler], together: bool) -> list[Draws]:
        """Replicates that no clock runs for; ``together`` in one program where there is one."""
        seeds = [seed for _, seed in pairs]
        if together and seeds and pairs[0][0].batch and self._allows_batch():
            return self._run_batch(pairs[0][0].batch, seeds)
        # no clock runs: on all cores, by threads over one compiled program
        # a library's own call may keep objects between runs, and so none runs beside another
        alone = self.result.mode == "plain" or self.result.machine.get("device") != "cpu"
        cores = 1 if alone else os.cpu_count() or 1
        with ThreadPoolExecutor(cores) as pool:
            runs = [pool.submit(self._run_guarded, compiled, seed) for compiled, seed in pairs]
            return list(_take_finished(runs))

    def _run_batch(
        self, batch: Callable[[Sequence[int]], list[Draws]], seeds: Sequence[int]
    ) -> list[Draws]:
        """The replicates of one vectorised program; none where it does not return in time.

        Each lane waits for the slowest one. It is given up where one by one all would have ended,
        and holds the device then, so that nothing can follow it.
        """
        patience = 2 * self._compile_s() + max(self.patience, self.longest * len(seeds))
        left = self.limit.seconds_left()
        try:
            runs = call_within(min(patience, left), lambda: batch(seeds))
            return [take_run(run, f"run {at} of the batch") for at, run in enumerate(runs)]
        except StuckCall:
            if patience < left:
                self.result.warnings.append(
                    f"{len(seeds)} replicates, vectorised, did not end in {patience:.0f} s, and"
                    " are left out: a lane is stuck, or far slower than those timed"
                )
            return []

    def _allows_batch(self) -> bool:
        """Whether there is time for another program to compile, and to run once at the least."""
        return self.limit.allows(self._compile_s() + self.longest)

    def _compile_s(self) -> float:
        return self.result.timings.get("aot_s") or 0.0

    @property
    def failed_seeds(self) -> list[int]:
        """Seeds of the runs that were given up, or raised an error."""
        return [*self.abandoned, *self.raised.seeds]

    def report_failures(self) -> None:
        """Warn of the replicates that were given up, and of those that raised an error."""
        self.raised.report(self.result)
        if self.abandoned:
            count = format_count(len(self.abandoned), "replicate")
            self.result.warnings.append(
                f"{count} did not finish, counted as failed: given up after {self.patience:.0f} s "
                f"(seed {name_seeds(self.abandoned)})"
            )

    def _run_guarded(self, compiled: Compiled, seed: int) -> tuple[Draws, list[Lap]]:
        """One run, or NaN for one that hangs or raises an error; may raise OutOfTime."""
        if not self.limit.allows(self.longest):
            raise OutOfTime
        is_limited, patience = self.limit.seconds_left() < self.patience, self.patience
        patience = min(patience, self.limit.seconds_left())
        try:
            draws, laps = call_within(patience, lambda: run_once(self.clock, compiled, seed))
        except StuckCall:
            if is_limited:
                raise OutOfTime from None
            self.abandoned.append(seed)
            return make_nan_draws(self.first), []
        except Exception as error:  # a library's; other seeds may do
            self.raised.add(error, seed)
            return make_nan_draws(self.first), []
        self.longest = max(self.longest, sum(lap.wall for lap in laps))
        return draws, laps

    def _record_timings(self, timed: Sequence[Sequence[Lap]], compiled: Compiled) -> None:
        timings = self.result.timings
        totals = [sum(lap.wall for lap in laps) for laps in timed]
        timings["warm_s"] = median = statistics.median(totals)
        self.patience = max(PATIENCE_S, PATIENCE * median)
        self.result.runs["warm_s"] = totals
        # of all threads: others on the machine hardly change them
        self.result.runs["warm_cpu_s"] = [sum(lap.cpu for lap in laps) for laps in timed]
        if compiled.warmup:
            timings["warmup_s"] = statistics.median(laps[0].wall for laps in timed)
            timings["sample_s"] = statistics.median(laps[-1].wall for laps in timed)
        else:
            reason = "this sampler has no warm-up phase of its own"
            self.result.missing.update(warmup_s=reason, sample_s=reason)

    def check_stability(
        self, first: BoundSampler, timed: Sequence[Sequence[Lap]], more: int = 0
    ) -> None:
        """Warn of a busy machine, judged by repeats of one seed, since seeds differ in work.

        There are none where ``more`` replicates would then not end in time.
        """
        self.result.machine["load_after"] = read_load()
        every = [lap for laps in timed for lap in laps]
        wall, cpu = sum(lap.wall for lap in every), sum(lap.cpu for lap in every)
        self.result.timings["warm_wall_over_cpu"] = wall / cpu if cpu > 0 else None
        is_short = wall / len(timed) < REPEATED_BELOW_S
        in_time = self.limit.allows((REPEATS + more) * self.longest)
        if is_short and in_time and not self.abandoned:
            repeats = [run_once(self.clock, *first)[1] for _ in range(REPEATS)]
            totals = [sum(lap.wall for lap in laps) for laps in repeats]
            spread = statistics.pstdev(totals) / statistics.fmean(totals)
            self.result.timings["warm_spread"] = spread
            if spread > 0.10:
                text = f"unstable: repeats of one seed spread by {100 * spread:.0f} %"
                self.result.warnings.append(text)
        warn_contended(self.result, wall, cpu)


def _take_finished(runs: Sequence[Future[tuple[Draws, list[Lap]]]]) -> Iterator[Draws]:
    """The draws of runs in their order, up to the first that did not end in time."""
    for run in runs:
        try:
            yield run.result()[0]
        except OutOfTime:
            return


def run_once(clock: CompileClock, compiled: Compiled, seed: int) -> tuple[Draws, list[Lap]]:
    """One run and its laps: warm-up, where there is one, and sampling."""
    raw, laps = time_run(clock, compiled, seed)
    draws, fetch = clock.lap(lambda: compiled.collect(raw))
    clock.fetches.append(fetch.wall)
    return take_run(draws, f"the run of seed {seed}"), laps


def time_run(clock: CompileClock, compiled: Compiled, seed: int) -> tuple[Any, list[Lap]]:
    """Run a compiled sampler, each part until its result is ready -> raw draws and the laps."""
    laps: list[Lap] = []
    state: Any = seed
    if compiled.warmup:
        warmup = compiled.warmup
        state, lap = clock.lap(lambda: _block_until_ready(warmup(seed)))
        laps.append(lap)
    raw, lap = clock.lap(lambda: _block_until_ready(compiled.sample(state)))
    return raw, [*laps, lap]


def _block_until_ready(value: Any) -> Any:
    if "jax" in sys.modules:
        import jax

        return jax.block_until_ready(value)
    return value
