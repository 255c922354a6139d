"""One stack through its stages, up to a row: resolves, installs, imports, runs, answers rightly."""

from __future__ import annotations

import dataclasses
import shutil
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samplerbench.harness.compatibility import known_stacks
from samplerbench.harness.compatibility.known_stacks import (
    ACCURATE,
    BREAKS,
    CALIBRATED,
    IMPORTS,
    INSTALLS,
    NESTED,
    NOT_TRIED,
    RESOLVES,
    RUNS,
    WORKS,
    StackRow,
)
from samplerbench.harness.compatibility.matrix_file import Budget, Stack
from samplerbench.harness.compatibility.matrix_run import Way
from samplerbench.harness.environments import environments, root_cause
from samplerbench.harness.environments.environments import Environment, EnvironmentFailed
from samplerbench.harness.environments.root_cause import Cause
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring.verdict import COMPARABLE
from samplerbench.samplers.base import samplers

LIBRARIES = "jax,numpyro"
NESTED_MODULE = "numpyro.contrib.nested_sampling"
JUDGED = "numpyro_nuts"  # the sampler whose calibration is a stage: it is honest where all is well
TOO_FEW = "too few replicates"  # a budget's own doing: then calibration is no stage
CALM = (*COMPARABLE, TOO_FEW)
TIMEOUT = 300.0  # seconds a sampler may take on a stack
#: what a row keeps of a trial, beside its word
NUMBERS = (
    "import_s", "cold_s", "cold_cpu_s", "compile_s", "compiles", "rerun_s", "compiles_per_rerun",
    "warm_s", "aot_s", "peak_rss_mb",
)  # fmt: skip


class _Stop(Exception):
    """A stage failed after which nothing more can be tried."""


def take(stack: Stack, way: Way) -> StackRow:
    """The row of ``stack``. Whatever fails is in it; only KeyboardInterrupt ends it early."""
    return _Course(stack, way).run()


class _Course:
    """One stack under way."""

    def __init__(self, stack: Stack, way: Way) -> None:
        self.stack, self.way = stack, way
        self.stages: dict[str, dict[str, Any]] = {}
        self.samplers: dict[str, dict[str, Any]] = {}
        self.pins: tuple[str, ...] = ()
        self.passing = False
        self.python, self.machine, self.load = "", {}, None

    def run(self) -> StackRow:
        start = time.monotonic()
        try:
            self._environment_and_trials()
        except _Stop:
            pass  # the stage that failed is noted, with its cause
        self._fill_up()
        return self._row(time.monotonic() - start)

    def _fill_up(self) -> None:
        """The word on samplers that an earlier stage has kept from running."""
        failed = [(name, s["cause"]) for name, s in self.stages.items() if not s["ok"]]
        for name in self.way.budget.replicates or {}:
            if name not in self.samplers:
                word = BREAKS if failed[0][0] == IMPORTS else NOT_TRIED
                self.samplers[name] = {"word": word, "cause": failed[0][1]}

    def _environment_and_trials(self) -> None:
        way, tools = self.way, self.way.tools
        self.pins = self._made(RESOLVES, lambda: tools.resolve(self.stack, way.folder, way.python))
        with way.turn(self._pins_key()):
            if known := way.known(self._pins_key()):
                self.stages, self.samplers = dict(known.stages), dict(known.samplers)
                self.python, self.machine, self.load = known.python, known.machine, known.load
                return
            mine = not tools.is_there(self.pins, way.python)
            place = self._made(INSTALLS, self._install)
            try:
                self._imports(place)
                self._trials(place)
            except OSError as error:  # the disk, not the stack
                self.passing = True
                self._note(RUNS, None, Cause(f"{type(error).__name__}: {error}"))
            finally:
                shutil.rmtree(self._scratch(), ignore_errors=True)
                if mine and not way.keep_environments:
                    tools.remove(place)

    def _install(self) -> Environment:
        return self.way.tools.install(
            self.stack.name,
            self.pins,
            python=self.way.python,
            log=lambda line: None,
            bytecode=self.way.keep_environments,  # 15 s; what is imported once pays less
        )

    def _made(self, stage: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, its seconds noted; a failure is noted and ends the stack."""
        start = time.monotonic()
        try:
            found = make()
        except (EnvironmentFailed, ValueError, OSError) as error:
            if self.way.cancelled():
                raise KeyboardInterrupt from error  # uv was stopped by the same signal
            # OSError: the disk, not the stack
            self.passing = isinstance(error, OSError) or getattr(error, "passing", False)
            self._note(stage, time.monotonic() - start, Cause(_first_line(error)))
            raise _Stop from error
        self._note(stage, time.monotonic() - start, None)
        return found

    def _note(self, stage: str, seconds: float | None, cause: Cause | None) -> None:
        self.stages[stage] = found = {"ok": cause is None}
        if seconds is not None:
            found["seconds"] = round(seconds, 2)
        if cause:
            found.update({k: v for k, v in dataclasses.asdict(cause).items() if v})

    def _imports(self, place: Environment) -> None:
        groups = [LIBRARIES, *([NESTED_MODULE] if self._has_nested() else [])]
        probed = self.way.tools.probe(place.python, groups)
        self.python = probed.python
        for stage, group in zip((IMPORTS, NESTED), groups, strict=False):
            if group in probed.seconds or group in probed.causes:
                self._note(stage, probed.seconds.get(group), probed.causes.get(group))
        if LIBRARIES in probed.causes:
            raise _Stop

    def _has_nested(self) -> bool:
        return any(pin.startswith("jaxns==") for pin in self.pins)

    def _trials(self, place: Environment) -> None:
        for name, replicates in (self.way.budget.replicates or {}).items():
            nested = NESTED_MODULE in samplers.get(name).needs
            if nested and not self._has_nested():
                self.samplers[name] = {"word": NOT_TRIED, "cause": "no jaxns in this stack"}
            elif nested and not self.stages[NESTED]["ok"]:
                self.samplers[name] = {"word": BREAKS, "cause": self.stages[NESTED]["cause"]}
            else:
                self.samplers[name] = self._trial(place, name, replicates)
        self._judge()

    def _trial(self, place: Environment, name: str, replicates: int) -> dict[str, Any]:
        from samplerbench.harness.compatibility import accuracy_test

        trial = _trial_of(name, replicates, self.way.budget, place)
        scratch = self._scratch() / name
        result = self._launched(trial, place, scratch)
        if result.status != "ok":
            cause = root_cause.from_log(_log(scratch), result.reason)
            return {"word": BREAKS, "status": result.status, **_filled(cause)}
        found = accuracy_test.judge(trial, result, scratch / "draws.npz")
        holds = found["accurate"] and (name != JUDGED or found["verdict"] in CALM)
        numbers = {k: _rounded(result.timings.get(k)) for k in NUMBERS if k in result.timings}
        word = {"word": WORKS if holds else BREAKS, "status": "ok", "mode": result.mode}
        if not holds:
            word["cause"] = found["why"] or found["verdict_reason"]
        return {**word, **found, **numbers, **self._first_calls(trial, place, result)}

    def _launched(self, trial: Trial, place: Environment, scratch: Path) -> Result:
        result = self.way.tools.launch(
            trial, place.python, scratch, TIMEOUT, cancelled=self.way.cancelled
        )
        self.machine = self.machine or _machine(result.machine)
        loads = [self.load, result.machine.get("load_before")]
        self.load = max((load for load in loads if load is not None), default=None)
        return result

    def _first_calls(self, trial: Trial, place: Environment, first: Result) -> dict[str, Any]:
        """CPU seconds of first calls in processes of their own, where several were asked for."""
        if trial.sampler != JUDGED or self.stack.launches == 1:
            return {}
        alone, found = dataclasses.replace(trial, replicates=1), [first]
        for number in range(1, self.stack.launches):
            found.append(self._launched(alone, place, self._scratch() / f"launch{number}"))
        seconds = [result.timings.get("cold_cpu_s") for result in found if result.status == "ok"]
        return {"cold_cpu_runs": [_rounded(each) for each in seconds if each is not None]}

    def _judge(self) -> None:
        """The last stages, from what the samplers came to."""
        tried = {n: s for n, s in self.samplers.items() if "status" in s}
        broken = [(n, s) for n, s in tried.items() if s["status"] != "ok"]
        self._note(RUNS, None, _cause_of(*broken[0]) if broken else None)
        off = [f"{n}: {s['why']}" for n, s in tried.items() if s.get("accurate") is False]
        self._note(ACCURATE, None, Cause(off[0]) if off else None)
        judged = tried.get(JUDGED, {})
        if judged.get("verdict", TOO_FEW) != TOO_FEW:
            word = f"{JUDGED} is {judged['verdict']}: {judged['verdict_reason']}"
            self._note(CALIBRATED, None, None if judged["verdict"] in CALM else Cause(word))

    def _scratch(self) -> Path:
        return self.way.folder / "scratch" / self._pins_key()

    def _pins_key(self) -> str:
        identity = environments.identity(self.way.python)
        return known_stacks.pins_key(self.pins, self.way.budget, identity, self.stack.launches)

    def _row(self, took_s: float) -> StackRow:
        identity = environments.identity(self.way.python)
        return StackRow(
            name=self.stack.name,
            chosen=self.stack.chosen,
            key=known_stacks.key(self.stack, self.way.budget, identity),
            pins_key=self._pins_key(),
            suite=known_stacks.SUITE,
            pins=self.pins,
            python=self.python or identity.split()[0],
            platform=sysconfig.get_platform(),
            stages=self.stages,
            samplers=self.samplers,
            passing=self.passing,
            note=self.stack.note,
            date=time.strftime("%Y-%m-%d", time.gmtime()),
            machine=self.machine,
            jobs=self.way.jobs,
            load=self.load,
            took_s=round(took_s, 1),
        )


def _trial_of(name: str, replicates: int, budget: Budget, place: Environment) -> Trial:
    return Trial(
        model="linear",
        model_options={},
        model_digest="",
        sampler=name,
        settings={},
        environment=place.name,
        environment_digest=place.digest,
        device="cpu",
        precision=32,
        chains=1,
        warmup=budget.warmup,
        draws=budget.draws,
        seed=0,
        replicates=replicates,
    )


def _cause_of(name: str, found: dict[str, Any]) -> Cause:
    return Cause(found.get("cause", ""), found.get("file", ""), f"{name}: {found['status']}")


def _filled(cause: Cause) -> dict[str, str]:
    return {k: v for k, v in dataclasses.asdict(cause).items() if v}


def _machine(found: dict[str, Any]) -> dict[str, Any]:
    """Which machine, without its name."""
    return {k: found[k] for k in ("cpu", "cores_allowed", "system", "architecture") if k in found}


def _log(scratch: Path) -> str:
    try:
        return (scratch / "log.txt").read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return ""  # it never started; the result says why


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 4) if isinstance(value, float) else value


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].split("could not be made: ", 1)[-1]
