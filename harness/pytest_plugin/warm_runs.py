"""Warm runs of one sampler under pytest-benchmark, and the scored draws of its replicates."""

from __future__ import annotations

import functools
import math
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from samplerbench.harness import draws_file
from samplerbench.harness.pytest_plugin.request import Request
from samplerbench.harness.pytest_plugin.scores import estimate_median_interval
from samplerbench.harness.records import TIMED_RUNS, Result, Trial, fit_replicates
from samplerbench.harness.scoring import columns, score_trial
from samplerbench.harness.worker import provenance
from samplerbench.harness.worker.replicates import ReplicateRunner, call_within, run_once, time_run
from samplerbench.harness.worker.timing import CompileClock, Lap, read_load
from samplerbench.models.base import Model
from samplerbench.samplers.base import Compiled, Draws, Prepared
from samplerbench.text import format_count

MOST_ROUNDS = 200  # the median of so many runs is known to a tenth of their spread
FIRST_S = 600.0  # seconds that compiling and the first run may take together
COLD = "not timed: a warm benchmark shares its process; a cold run wants one of its own"
OF_COLD = ("import_s", "cold_s", "compile_s", "compiles", "rerun_s", "compiles_per_rerun")
OF_PROCESS = "the memory of the test process, which holds other things too"

_still_running: list[str] = []  # calls that were given up: compiled code can't be interrupted


@functools.cache
def compile_clock() -> CompileClock:
    """The clock of this process; JAX keeps its listeners, so there is one. JAX is imported."""
    clock = CompileClock()
    clock.listen()
    return clock


class WarmRuns:
    """What pytest-benchmark calls: ``setup`` before and ``target`` in a round; ``check`` after it.

    The rounds run the seeds of the first 10 replicates in turn, each as often as any other: seeds
    differ in work, and so two sessions time the same work. ``prepare`` has run each of them once,
    so that nothing is left to compile.
    """

    def __init__(self, request: Request, benchmark: Any) -> None:
        self.request, self.benchmark = request, benchmark
        self.clock = compile_clock() if "jax" in request.sampler.needs else CompileClock()
        self.laps: list[list[Lap]] = []
        self.result = Result(
            "ok",
            precision=request.trial.precision,
            versions=provenance.read_versions(request.sampler.distributions),
            machine={**provenance.describe_machine(), "load_before": read_load()},
            warnings=[*request.warnings, *_concurrency_warnings()],
        )
        self.aot_compiles = 0

    def prepare(self, at_least: int, filling_s: float) -> int:
        """Compile, run each seed that will be timed, and give the number of rounds to time.

        As many as fill ``filling_s`` and no fewer than ``at_least``, unless the request names one.
        """
        request, first = self.request, self.request.trial.seed
        prepared = request.sampler.prepare(request.model, request.budget, request.settings)
        self._seeds = [first + r for r in range(request.trial.most_replicates)]
        self.result.mode = "compiled" if prepared.compile else "plain"

        def build() -> tuple[Compiled, tuple[Draws, list[Lap]]]:
            compiled = prepared.compile() if prepared.compile else _keep_objects(prepared)
            if compiled.prime:
                compiled.prime(self._seeds[:TIMED_RUNS])
            return compiled, run_once(self.clock, compiled, first)

        (self._compiled, (draws, _)), lap = self.clock.lap(lambda: call_within(FIRST_S, build))
        draws_file.refuse_swapped(draws, request.budget.chains, request.budget.draws)
        self.result.timings["aot_s"], self.aot_compiles = lap.wall, lap.compiles
        # a program may finish compiling in its first call, so that the second one is the measure
        laps = run_once(self.clock, self._compiled, first)[1]
        count = fit_replicates(request.trial, sum(lap.wall for lap in laps))
        self._seeds, self.result.replicates = self._seeds[:count], count
        self._replicates = ReplicateRunner(self.clock, self.result, draws, laps)
        head = self._seeds[: min(TIMED_RUNS, request.rounds or TIMED_RUNS)]
        self._head_draws = self._replicates.run_untimed(
            [(self._compiled, s) for s in head], together=False
        )
        self._timed_seeds = [seed for seed in head if seed not in self._replicates.failed_seeds]
        if not self._timed_seeds:
            self._replicates.report_failures()
            pytest.fail("; ".join(self.result.warnings), pytrace=False)
        enough = max(at_least, filling_s / max(sum(lap.wall for lap in laps), 1e-9))
        turns = math.ceil(min(enough, MOST_ROUNDS) / len(self._timed_seeds))
        return request.rounds or turns * len(self._timed_seeds)

    # -- rounds ----------------------------------------------------------------------------------

    def setup(self) -> tuple[tuple[Compiled, int], dict[str, Any]]:
        """The next round's arguments, once the last round is found to have been a warm one."""
        self.check()
        return (self._compiled, self._timed_seeds[len(self.laps) % len(self._timed_seeds)]), {}

    def target(self, compiled: Compiled, seed: int) -> None:
        """One compiled run; it returns when the result is ready."""
        self.laps.append(time_run(self.clock, compiled, seed)[1])

    def check(self) -> None:
        """Fail where the last round compiled: its seconds would not be those of a warm run."""
        if not self.laps:
            return
        compiles = sum(lap.compiles for lap in self.laps[-1])
        if not compiles:
            return
        took = sum(lap.compile for lap in self.laps[-1])
        self.benchmark.has_error = True
        if self.benchmark.stats:
            self.benchmark.stats.stats.data.clear()  # so that no table shows what was timed
        seed = self._timed_seeds[(len(self.laps) - 1) % len(self._timed_seeds)]
        work = f"compiled {format_count(compiles, 'program')}, {took:.3f} s"
        pytest.fail(
            f"round {len(self.laps)} (seed {seed}) {work}: {self.request.trial.label} is not warm\n"
            "  expected: a compiled run with a seed that has been run before compiles nothing",
            pytrace=False,
        )

    # -- the row -----------------------------------------------------------------------

    def row(self) -> dict[str, Any]:
        """The row of ``harness.scoring.columns.COLUMNS``: what was timed, and the judged draws."""
        self._set_timings()
        compiled, seeds = self._compiled, self._seeds[len(self._head_draws) :]
        together = len(seeds) >= compiled.batch_from
        draws = [
            *self._head_draws,
            *self._replicates.run_untimed([(compiled, s) for s in seeds], together),
        ]
        self._replicates.report_failures()
        abandoned = self._replicates.abandoned
        _still_running.extend(f"{self.request.trial.label} with seed {seed}" for seed in abandoned)
        self.result.missing.update(dict.fromkeys(OF_COLD, COLD))
        self.result.missing.update(dict.fromkeys(("peak_rss_mb", "device_peak_mb"), OF_PROCESS))
        return score_draws(self.request.trial, self.request.model, self.result, draws)

    def _set_timings(self) -> None:
        result, compiled = self.result, self._compiled
        if not self.benchmark.stats:
            reason = "pytest-benchmark is disabled (--benchmark-disable, or pytest-xdist)"
            result.missing.update(dict.fromkeys(("warm_s", "warmup_s", "sample_s"), reason))
            return
        seconds, turn = list(self.benchmark.stats.stats.data), len(self._timed_seeds)
        # a seed's repeats tell of the machine alone: the interval is over seeds
        set_timing(result, "warm_s", [statistics.median(seconds[k::turn]) for k in range(turn)])
        if compiled.warmup:
            result.timings["warmup_s"] = statistics.median(laps[0].wall for laps in self.laps)
            result.timings["sample_s"] = statistics.median(laps[-1].wall for laps in self.laps)
        else:
            reason = "this sampler has no warm-up phase of its own"
            result.missing.update(warmup_s=reason, sample_s=reason)
        self._replicates.check_stability((compiled, self._timed_seeds[0]), self.laps)


def _keep_objects(prepared: Prepared) -> Compiled:
    """For a sampler with only the library's own call: keeps its objects, so that it can be warm."""
    return Compiled(sample=prepared.plain, collect=lambda draws: draws)


def _concurrency_warnings() -> list[str]:
    if not _still_running:
        return []
    return [f"unstable: timed beside calls that never returned: {', '.join(_still_running)}"]


def set_timing(result: Result, name: str, seconds: Sequence[float]) -> None:
    """Set a timing of ``result``: the median with its interval, and every value."""
    lo, hi, why = estimate_median_interval(seconds)
    result.timings.update({name: statistics.median(seconds), f"{name}_lo": lo, f"{name}_hi": hi})
    result.warnings += [f"{name} has no interval: {why}"] if why else []
    result.runs[name] = list(seconds)


def score_draws(
    trial: Trial, model: Model, result: Result, draws: Sequence[Draws]
) -> dict[str, Any]:
    """The row of a result and its draws, scored as in any campaign."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draws.npz"
        draws_file.save_draws(path, {"replicates": list(draws)})
        scores = score_trial.score(trial, result, path, model.exact())
    return make_row(trial, result, scores)


def make_row(trial: Trial, result: Result, scores: dict[str, Any]) -> dict[str, Any]:
    """The row of a benchmark, whose intervals of seconds are of its own rounds."""
    ends = {name: value for name, value in result.timings.items() if name.endswith(("_lo", "_hi"))}
    return {**columns.row(trial, result, scores), **ends}
