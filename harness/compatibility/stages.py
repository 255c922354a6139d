"""One stack through its stages, up to a row: resolves, installs, imports, runs, answers rightly."""

from __future__ import annotations

import dataclasses
import shutil
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from samplerbench.harness import launcher
from samplerbench.harness.compatibility import known_stacks, sampler_run, tried_samplers
from samplerbench.harness.compatibility.known_stacks import (
    ACCURATE,
    BREAKS,
    CALIBRATION,
    IMPORTS,
    INSTALLS,
    NOT_TRIED,
    RESOLVES,
    RUNS,
    StackRow,
)
from samplerbench.harness.compatibility.matrix_file import Budget
from samplerbench.harness.compatibility.resolve import resolve_pins
from samplerbench.harness.compatibility.sampler_run import CALM, TOO_FEW
from samplerbench.harness.compatibility.stack_tables import Stack
from samplerbench.harness.compatibility.tried_samplers import LIBRARY_GROUP, REFERENCE
from samplerbench.harness.environments import environments, interpreters, root_cause, uv
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.environments.root_cause import Cause, Probe
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.records import Result, Trial
from samplerbench.samplers.base import samplers

T = TypeVar("T")
TIMEOUT = 300.0  # seconds a sampler may take on a stack


@dataclass(frozen=True)
class Tools:
    """What the stages are made with; tests give others."""

    resolve: Callable[[Stack, Path], tuple[str, ...]] = resolve_pins
    install: Callable[..., Environment] = environments.from_pins
    is_made: Callable[..., bool] = environments.is_made
    remove: Callable[[Environment], None] = environments.remove
    probe: Callable[[str, Sequence[str]], Probe] = root_cause.probe
    launch: Callable[..., Result] = launcher.launch


@dataclass(frozen=True)
class Config:
    """Configuration of a compatibility-matrix run: work directory, budget, concurrency, tools."""

    folder: Path  # for files on the way
    budget: Budget
    keep_environments: bool = False
    jobs: int = 1  # stacks at once
    tools: Tools = Tools()
    is_cancelled: Callable[[], bool] = lambda: False
    find_known: Callable[[str], StackRow | None] = lambda pins_key: None  # a row of the same pins
    turn: Callable[[str], AbstractContextManager[Any]] = nullcontext  # one at a time of a pins_key


class _Stop(Exception):
    """A stage failed after which nothing more can be tried."""


def run_stages(stack: Stack, config: Config) -> StackRow:
    """The row of ``stack``. Whatever fails is in it; only KeyboardInterrupt ends it early."""
    return _Course(stack, config).run()


class _Course:
    """One stack under way."""

    def __init__(self, stack: Stack, config: Config) -> None:
        self.stack, self.config = stack, config
        self.stages: dict[str, dict[str, Any]] = {}
        self.samplers: dict[str, dict[str, Any]] = {}
        self.pins: tuple[str, ...] = ()
        self.transient = False
        self.python = ""
        self.machine: dict[str, Any] = {}
        self.load: float | None = None

    def run(self) -> StackRow:
        start = time.monotonic()
        try:
            self._go_through_stages()
        except _Stop:
            pass  # the stage that failed is noted, with its cause
        self._fill_up()
        return self._make_row(time.monotonic() - start)

    def _fill_up(self) -> None:
        """The word on samplers that an earlier stage has kept from running."""
        failures = [(name, s["cause"]) for name, s in self.stages.items() if not s["ok"]]
        for name in self._replicates:
            if name not in self.samplers:
                stage, cause = failures[0]
                self.samplers[name] = {
                    "word": BREAKS if stage == IMPORTS and not self.transient else NOT_TRIED,
                    "cause": cause,
                }

    def _go_through_stages(self) -> None:
        config, tools, stack = self.config, self.config.tools, self.stack
        self.pins = self._attempt(RESOLVES, lambda: tools.resolve(stack, config.folder))
        with config.turn(self._pins_key()):
            if row := config.find_known(self._pins_key()):
                self._copy(row)
                return
            is_mine = not tools.is_made(self.pins, stack.python)
            environment = self._attempt(INSTALLS, self._install)
            try:
                self._import(environment)
                self._run_samplers(environment)
            except OSError as error:  # the disk, not the stack
                self.transient = True
                self._note(RUNS, None, Cause(f"{type(error).__name__}: {error}"))
            finally:
                shutil.rmtree(self._scratch(), ignore_errors=True)
                if is_mine and not config.keep_environments:
                    tools.remove(environment)

    def _copy(self, row: StackRow) -> None:
        self.stages, self.samplers = dict(row.stages), dict(row.samplers)
        self.python, self.machine, self.load = row.python, row.machine, row.load

    def _install(self) -> Environment:
        return self.config.tools.install(
            self.stack.name,
            self.pins,
            python=self.stack.python,
            log=lambda line: None,
            bytecode=self.config.keep_environments,  # 15 s; what is imported once pays less
        )

    def _attempt(self, stage: str, action: Callable[[], T]) -> T:
        """What ``action`` gives, its seconds noted; a failure is noted and ends the stack."""
        start = time.monotonic()
        try:
            outcome = action()
        except (EnvironmentFailed, ValueError, OSError) as error:
            if self.config.is_cancelled():
                raise KeyboardInterrupt from error  # uv was stopped by the same signal
            # OSError: the disk, not the stack
            self.transient = isinstance(error, OSError) or getattr(error, "transient", False)
            self._note(stage, time.monotonic() - start, Cause(uv.find_cause(error)))
            raise _Stop from error
        self._note(stage, time.monotonic() - start, None)
        return outcome

    def _note(self, stage: str, seconds: float | None, cause: Cause | None) -> None:
        note: dict[str, Any] = {"ok": cause is None}
        if seconds is not None:
            note["seconds"] = round(seconds, 2)
        self.stages[stage] = {**note, **(cause.as_row() if cause else {})}

    def _import(self, environment: Environment) -> None:
        there = [name for name in self._replicates if not self._find_missing(name)]
        stages = {LIBRARY_GROUP: IMPORTS, **tried_samplers.own_modules(there)}
        probe = self.config.tools.probe(environment.python, list(stages))
        self.python, self.transient = probe.python, probe.timed_out
        for group, stage in stages.items():
            if group in probe.seconds or group in probe.causes:
                self._note(stage, probe.seconds.get(group), probe.causes.get(group))
        if not self.stages[IMPORTS]["ok"]:
            raise _Stop

    @property
    def _replicates(self) -> Mapping[str, int]:
        return self.config.budget.replicates or {}

    def _find_missing(self, sampler: str) -> str:
        """The sampler's library, where this stack is without; else ""."""
        library = next(iter(samplers.get(sampler).distributions), "")
        return "" if any(pin.startswith(f"{library}==") for pin in self.pins) else library

    def _run_samplers(self, environment: Environment) -> None:
        for name, replicates in self._replicates.items():
            imported = self.stages.get(tried_samplers.import_stage(name), {"ok": True})
            if missing := self._find_missing(name):
                cause = f"no {missing} in this stack"
                self.samplers[name] = {"word": NOT_TRIED, "cause": cause}
            elif not imported["ok"]:
                self.samplers[name] = {"word": BREAKS, "cause": imported["cause"]}
            else:
                trial = sampler_run.make_trial(name, replicates, self.config.budget, environment)
                self.samplers[name] = self._run_sampler(trial, environment)
        self._judge()

    def _run_sampler(self, trial: Trial, environment: Environment) -> dict[str, Any]:
        scratch = self._scratch() / trial.sampler
        result = self._launch(trial, environment, scratch)
        summary = sampler_run.summarize(trial, result, scratch)
        self.transient |= result.status == "timeout"
        if result.status == "ok" and trial.sampler == REFERENCE and self.stack.launches > 1:
            summary["cold_cpu_runs"] = self._time_first_calls(trial, environment, result)
        if trial.sampler == REFERENCE and result.timings.get("warm_s"):
            summary["draws_exponent"] = self._time_long_runs(trial, environment)
        return summary

    def _time_long_runs(self, trial: Trial, environment: Environment) -> dict[str, float | str]:
        """How seconds grow with draws: on some releases of XLA with their square."""
        results = [
            self._launch(
                dataclasses.replace(trial, draws=draws, replicates=sampler_run.TIMED_REPLICATES),
                environment,
                self._scratch() / f"draws{draws}",
            )
            for draws in sampler_run.TIMED_DRAWS
        ]
        return sampler_run.summarize_exponent(results)

    def _launch(self, trial: Trial, environment: Environment, scratch: Path) -> Result:
        result = self.config.tools.launch(
            trial, environment.python, scratch, TIMEOUT, cancelled=self.config.is_cancelled
        )
        self.machine = self.machine or sampler_run.describe_machine(result.machine)
        loads = [self.load, result.machine.get("load_before")]
        self.load = max((load for load in loads if load is not None), default=None)
        return result

    def _time_first_calls(
        self, trial: Trial, environment: Environment, first: Result
    ) -> list[float | int | None]:
        """CPU seconds of first calls, each in a process of its own; of those that ended ok."""
        results, alone = [first], dataclasses.replace(trial, replicates=1)
        for number in range(1, self.stack.launches):
            scratch = self._scratch() / f"launch{number}"
            results.append(self._launch(alone, environment, scratch))
        seconds = [result.timings.get("cold_cpu_s") for result in results if result.status == "ok"]
        return [sampler_run.round_seconds(each) for each in seconds if each is not None]

    def _judge(self) -> None:
        """The last stages, from what the samplers came to."""
        tried = {n: s for n, s in self.samplers.items() if "status" in s}
        broken = [(n, s) for n, s in tried.items() if s["status"] != "ok"]
        self._note(RUNS, None, _cause_of(*broken[0]) if broken else None)
        off = [f"{n}: {s['why']}" for n, s in tried.items() if s.get("accurate") is False]
        self._note(ACCURATE, None, Cause(off[0]) if off else None)
        judged = tried.get(REFERENCE, {})
        if judged.get("verdict", TOO_FEW) != TOO_FEW:
            word = f"{REFERENCE} is {judged['verdict']}: {judged['verdict_reason']}"
            self._note(CALIBRATION, None, None if judged["verdict"] in CALM else Cause(word))

    def _scratch(self) -> Path:
        return self.config.folder / "scratch" / self._pins_key()

    def _pins_key(self) -> str:
        return known_stacks.pins_key(self.stack, self.pins, self.config.budget)

    def _make_row(self, took_s: float) -> StackRow:
        stack = self.stack
        return StackRow(
            name=stack.name,
            chosen=stack.chosen,
            key=known_stacks.key(stack, self.config.budget),
            pins_key=self._pins_key(),
            suite=known_stacks.SUITE,
            pins=self.pins,
            python=self.python or interpreters.identify(stack.python).split()[0],
            platform=sysconfig.get_platform(),
            stages=self.stages,
            samplers=self.samplers,
            passing=self.transient,
            note=stack.note,
            date=time.strftime("%Y-%m-%d", time.gmtime()),
            machine=self.machine,
            jobs=self.config.jobs,
            load=self.load,
            took_s=round(took_s, 1),
        )


def _cause_of(name: str, summary: dict[str, Any]) -> Cause:
    return Cause(summary.get("cause", ""), summary.get("file", ""), f"{name}: {summary['status']}")
