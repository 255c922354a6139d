"""What a stack is held against: whether it imports, how accurate it is, how long it takes.

Each gives numbers with 95 % intervals, so that two stacks are told apart where theirs are apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from samplerbench import files
from samplerbench.errors import UsageError
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.run import make_plan, run
from samplerbench.harness.compatibility import tried_samplers
from samplerbench.harness.environments import environments, root_cause
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.statistics.between_processes import LEAST_PROCESSES, ratio_interval
from samplerbench.harness.statistics.power_law import fit_paired
from samplerbench.harness.upgrades import disguised_stack
from samplerbench.harness.upgrades.pinned_stack import PinnedStack

Say = Callable[[str], object]
Ran = tuple[Trial, Result, Mapping[str, Any]]  # a trial, its result, and its row
#: what accuracy is told by, the first that tells the two ends apart; columns of a campaign
ACCURACY = ("log_z_calibration", "calibration", "log_z_error", "mean_error", "sd_ratio")
EXPONENT, RATIO = "exponent of seconds over draws", "seconds over the older stack's"
MEANING = {
    "log_z_calibration": "log Z's error over its claimed error, rms",
    "calibration": "error over claimed error, rms of the worst parameter",
    "log_z_error": "mean error of log Z",
    "mean_error": "mean error of the worst parameter, in sds",
    "sd_ratio": "claimed sd over the exact one, worst parameter",
    EXPONENT: "exponent of the CPU seconds of a compiled run over its draws",
    RATIO: "seconds of a compiled run over the older stack's, in pairs of processes",
}


@dataclass(frozen=True)
class Number:
    """A number with its 95 % interval."""

    value: float
    lo: float
    hi: float

    def is_apart(self, other: Number) -> bool:
        """Whether the two intervals share nothing."""
        return self.lo > other.hi or self.hi < other.lo


@dataclass(frozen=True)
class Outcome:
    """What came of a stack: its numbers by name, or why it has none."""

    numbers: Mapping[str, Number] = field(default_factory=dict)
    failure: str = ""  # what it breaks with


class ScoreStack(Protocol):
    """Finds the outcome of a stack."""

    def __call__(self, stack: PinnedStack) -> Outcome:
        """What came of ``stack``; what is stored is not run again."""
        ...


@dataclass(frozen=True)
class Trials:
    """What is run on each stack."""

    model: str = "linear"
    sampler: str = tried_samplers.REFERENCE
    draws: tuple[int, ...] = (1000,)  # several: time is told by its exponent over them
    warmup: int = 500
    replicates: int = 32
    blocks: int = LEAST_PROCESSES
    timeout: float = 600.0
    retry: bool = False  # run again what ended other than ok


def write_stack(stack: PinnedStack, folder: Path) -> Path:
    """The environment of ``stack`` in the folder of a bisection: a file of pins, or a Python."""
    if stack.disguise:
        return disguised_stack.make(stack, folder / "stacks" / stack.digest)
    path = folder / "stacks" / f"{stack.digest}.txt"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        stack.write(path)
    return path


class ImportScores:
    """Whether the libraries of a sampler import; kept in a file."""

    def __init__(self, folder: Path, sampler: str, say: Say) -> None:
        self.folder, self.sampler, self.say = folder, sampler, say
        self._file = folder / "imports.json"

    def __call__(self, stack: PinnedStack) -> Outcome:
        """A failure is the exception below all others."""
        kept = json.loads(self._file.read_text("utf-8")) if self._file.is_file() else {}
        key = f"{stack.digest} {self.sampler}"
        if key not in kept:
            kept[key] = self._import(stack)
            files.write_whole(self._file, json.dumps(kept, indent=1))
        return Outcome(failure=kept[key])

    def _import(self, stack: PinnedStack) -> str:
        groups = [tried_samplers.LIBRARY_GROUP]
        groups += [own] if (own := tried_samplers.own_module(self.sampler)) else []
        try:
            place = str(write_stack(stack, self.folder))
            python = environments.resolve(place, log=self.say).python
        except EnvironmentFailed as error:
            if error.transient:
                raise
            return f"does not install: {str(error).splitlines()[0]}"
        causes = root_cause.probe(python, groups).causes
        return next((str(causes[group]) for group in groups if group in causes), "")


class RunScores:
    """Accuracy or time of a sampler on a stack; each is a row of the campaign in ``folder``."""

    def __init__(
        self, folder: Path, old: PinnedStack, trials: Trials, timed: bool, measure: str = ""
    ) -> None:
        self.folder, self.old, self.trials, self.timed = folder, old, trials, timed
        self.measure = measure  # of ``ACCURACY``, the only one that counts; "": any

    def __call__(self, stack: PinnedStack) -> Outcome:
        """Numbers of ``ACCURACY``, or one of time; a stack that breaks has its row's reason."""
        if not self.timed:
            return self._score_accuracy(stack)
        if len(self.trials.draws) > 1:
            return self._score_exponent(stack)
        return self._score_ratio(stack)

    def _score_accuracy(self, stack: PinnedStack) -> Outcome:
        ((_, result, row),) = self._run([stack], blocks=1)
        if result.status != "ok":
            return Outcome(failure=f"{result.status}: {result.reason}")
        numbers = _take_numbers(row)
        chosen = {n: each for n, each in numbers.items() if self.measure in ("", n)}
        return Outcome(chosen, "" if chosen else f"no {self.measure or 'score'} with an interval")

    def _score_exponent(self, stack: PinnedStack) -> Outcome:
        draws = self.trials.draws
        ran = self._run([stack], blocks=1, sweep={"draws": list(draws)})
        of = {trial.draws: result for trial, result, _ in ran}
        results = [of[count] for count in draws]
        if failure := _find_failure(results, 1):
            return Outcome(failure=failure)
        fit = fit_paired(draws, [result.runs.get("warm_cpu_s", []) for result in results])
        if fit.exponent is None or fit.lo is None or fit.hi is None:
            return Outcome(failure=f"no exponent: {fit.reason}")
        return Outcome({EXPONENT: Number(fit.exponent, fit.lo, fit.hi)})

    def _score_ratio(self, stack: PinnedStack) -> Outcome:
        """Both stacks run in the same rounds, with a seed of this pair's own."""
        if stack.digest == self.old.digest:
            return Outcome({RATIO: Number(1.0, 1.0, 1.0)})
        seed = int(stack.digest[:6], 16)
        ran = self._run([self.old, stack], blocks=self.trials.blocks, seed=seed)
        (_, old, _), (_, new, _) = ran
        if failure := _find_failure([old]):
            raise UsageError(
                f"{self.old.name!r} has no seconds to hold others against: {failure}\n"
                "  expected: an older stack that runs; what breaks is found with --what import or"
                " --what accuracy; --retry tries it again"
            )
        if failure := _find_failure([new]):
            return Outcome(failure=failure)
        pairs = zip(new.list_seconds("warm_s"), old.list_seconds("warm_s"), strict=False)
        ratios = [a / b for a, b in pairs if a and b]
        if len(ratios) < LEAST_PROCESSES:
            return Outcome(failure=f"no seconds: fewer than {LEAST_PROCESSES} rounds timed both")
        return Outcome({RATIO: Number(*ratio_interval(ratios))})

    def _run(self, stacks: Sequence[PinnedStack], **more: Any) -> list[Ran]:
        """Each trial of ``stacks`` with its result and its row, run where it is not stored."""
        own = asdict(self.trials)
        retry, draws = own.pop("retry"), own.pop("draws")
        budget = {} if "sweep" in more else {"draws": draws[0]}
        env = [str(write_stack(stack, self.folder)) for stack in stacks]
        options = {**own, "env": env, **budget, **more}
        plan, _, _ = make_plan(options)
        with run(self.folder / "campaign", retry=retry, **options) as campaign:
            rows = {row["trial"]: row for row in campaign.rows()}
            results = campaign.store.results()
            return [(trial, results[trial.id], rows[trial.id]) for trial in expand(plan)]


def _take_numbers(row: Mapping[str, Any]) -> dict[str, Number]:
    numbers = {}
    for name in ACCURACY:
        value, lo, hi = (row.get(f"{name}{end}") for end in ("", "_lo", "_hi"))
        if value is not None and lo is not None and hi is not None:
            numbers[name] = Number(value, lo, hi)
    return numbers


def _find_failure(results: Sequence[Result], least: int = LEAST_PROCESSES) -> str:
    """Why there are no seconds of ``least`` processes to compare; "" where there are."""
    for result in results:
        if result.status != "ok":
            return f"{result.status}: {result.reason}"
        if sum(map(bool, result.list_seconds("warm_s"))) < least:
            why = result.missing.get("warm_s", f"fewer than {least} processes were timed")
            return f"no seconds: {why}"
    return ""
