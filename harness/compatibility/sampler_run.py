"""One sampler on one stack: the trial that is run, and what a stack's row keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from samplerbench.harness.compatibility import accuracy_test
from samplerbench.harness.compatibility.known_stacks import BREAKS, WORKS
from samplerbench.harness.compatibility.matrix_file import Budget
from samplerbench.harness.compatibility.tried_samplers import REFERENCE
from samplerbench.harness.environments import root_cause
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring.verdict_words import COMPARABLE
from samplerbench.harness.statistics.power_law import fit_paired
from samplerbench.harness.worker_files import DRAWS, LOG

TOO_FEW = "too few replicates"  # a budget's own doing: then calibration is no stage
CALM = (*COMPARABLE, "undecided", TOO_FEW)
#: draws that the reference is timed with for the exponent of its seconds over them
TIMED_DRAWS, TIMED_REPLICATES = (4000, 32000), 4
#: what a row keeps of a trial's timings, beside its word
NUMBERS = (
    *("import_s", "cold_s", "cold_cpu_s", "compile_s", "compiles"),
    *("rerun_s", "compiles_per_rerun", "warm_s", "aot_s", "peak_rss_mb"),
)


def make_trial(sampler: str, replicates: int, budget: Budget, environment: Environment) -> Trial:
    """The straight line, whose answer is exact, by one sampler on one stack."""
    return Trial(
        model="linear",
        model_options={},
        model_digest="",
        sampler=sampler,
        settings={},
        environment=environment.name,
        environment_digest=environment.digest,
        device="cpu",
        precision=32,
        chains=1,
        warmup=budget.warmup,
        draws=budget.draws,
        seed=0,
        replicates=replicates,
    )


def summarize(trial: Trial, result: Result, scratch: Path) -> dict[str, Any]:
    """What the row keeps: works or breaks, the real cause, accuracy and seconds; JSON-able."""
    if result.status != "ok":
        cause = root_cause.read_log(_read_text(scratch / LOG), result.reason)
        return {"word": BREAKS, "status": result.status, **cause.as_row()}
    answer = accuracy_test.judge(trial, result, scratch / DRAWS)
    holds = answer["accurate"] and (trial.sampler != REFERENCE or answer["verdict"] in CALM)
    word = {"word": WORKS if holds else BREAKS, "status": "ok", "mode": result.mode}
    if not holds:
        word["cause"] = answer["why"] or answer["verdict_reason"]
    numbers = {k: round_seconds(result.timings.get(k)) for k in NUMBERS if k in result.timings}
    return {**word, **answer, **numbers}


def summarize_exponent(results: Sequence[Result]) -> dict[str, float | str]:
    """The exponent of seconds over ``TIMED_DRAWS`` with its interval, or why there is none."""
    failed = [f"{result.status}: {result.reason}" for result in results if result.status != "ok"]
    if failed:
        return {"reason": failed[0]}
    fit = fit_paired(TIMED_DRAWS, [result.runs.get("warm_cpu_s", []) for result in results])
    if fit.exponent is None or fit.lo is None or fit.hi is None:
        return {"reason": fit.reason}
    ends = {"value": fit.exponent, "lo": fit.lo, "hi": fit.hi}
    return {name: round(end, 3) for name, end in ends.items()}


def describe_machine(machine: dict[str, Any]) -> dict[str, Any]:
    """Which machine, without its name."""
    names = ("cpu", "cores_allowed", "system", "architecture")
    return {name: machine[name] for name in names if name in machine}


def round_seconds(value: float | int | None) -> float | int | None:
    """To tenths of a millisecond; counts stay as they are."""
    return round(value, 4) if isinstance(value, float) else value


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return ""  # the worker never started; the result says why
