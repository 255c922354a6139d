"""The first plain runs of a trial: one as a user waits for it, and a second with a new seed."""

from __future__ import annotations

import math
from collections.abc import Callable

from samplerbench.harness import draws_file
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.worker import outcome
from samplerbench.harness.worker.raised_errors import RaisedErrors
from samplerbench.harness.worker.time_limit import OutOfTime, TimeLimit
from samplerbench.harness.worker.timing import CompileClock, Lap, estimate_alone
from samplerbench.samplers.base import Draws, Prepared
from samplerbench.text import format_count


class ColdRuns:
    """Makes both runs under the clock, and notes timings and warnings in ``result``."""

    def __init__(
        self,
        trial: Trial,
        result: Result,
        clock: CompileClock,
        limit: TimeLimit,
        explain: Callable[[Exception], str],
    ) -> None:
        self.trial, self.result, self.clock, self.limit = trial, result, clock, limit
        self.explain = explain
        self.draws: list[Draws] = []  # of the first run, and of the second where it ended
        self.guesses = math.inf, math.inf  # seconds of compiling, and of a run: not known yet
        self.alone_s: float | None = None  # the second run's, had the machine done nothing else
        self.second_error = ""  # of the second run; as a replicate it would say so itself

    def run_first(self, prepare: Callable[[], Prepared], count: int) -> tuple[Prepared, Lap]:
        """What ``prepare`` gives, and the seconds until its first run has ended.

        ``count`` runs of that size are to be saved at the end.
        """

        def run_from_nothing() -> tuple[Prepared, Draws]:
            prepared = prepare()
            return prepared, prepared.plain(self.trial.seed)

        (prepared, draws), cold = self.clock.lap(run_from_nothing)
        draws = draws_file.take_run(draws)
        asked = self.trial.chains, self.trial.draws
        draws_file.refuse_swapped(draws, *asked)
        self.result.warnings += filter(None, [draws_file.describe_size(draws, *asked)])
        self.limit.reserve(draws, count)
        self.draws.append(draws)
        self.result.timings.update(
            cold_s=cold.wall, cold_cpu_s=cold.cpu, compile_s=cold.compile, compiles=cold.compiles
        )
        outcome.warn_busy(self.result, cold.wall, cold.cpu)
        return prepared, cold

    def run_second(self, prepared: Prepared, cold: Lap) -> None:
        """Run again with the next seed, where time is left by the first run's ``cold`` seconds."""
        seed = self.trial.seed + 1
        lacking = ("rerun_s", "compiles_per_rerun")
        guesses = cold.wall, cold.wall - cold.compile  # of the seed that comes first there
        try:
            if not self.limit.allows(cold.wall - cold.compile):
                raise OutOfTime
            draws, rerun = self.clock.lap(lambda: self.limit.call(lambda: prepared.plain(seed)))
        except OutOfTime:
            outcome.explain_missing(self.result, self.limit, lacking, "a second run")
            return
        except Exception as error:  # of this seed or of every second call: replicates tell
            raised = RaisedErrors(self.explain)
            raised.add(error, seed)
            self.second_error = f"a second call, with seed {seed}, failed: {raised.first}"
            self.result.missing.update(dict.fromkeys(lacking, self.second_error))
            self.guesses = guesses
            return
        self.guesses = guesses
        self.alone_s = estimate_alone(rerun.wall, rerun.cpu)
        self.result.timings.update(rerun_s=rerun.wall, compiles_per_rerun=rerun.compiles)
        if rerun.compiles:
            self.result.warnings.append(
                f"a second call compiles {format_count(rerun.compiles, 'program')} again, "
                f"{rerun.compile:.2f} s"
            )
        self.draws.append(draws_file.take_run(draws, "run 1"))
