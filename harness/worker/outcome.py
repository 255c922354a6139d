"""What a trial's row says of how it ended: why it failed, what there was no time for, its costs."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import fields

from samplerbench.errors import one_line
from samplerbench.harness.records import (
    AUTO,
    BUSY_WORD,
    CONTENTION_WORD,
    Job,
    Result,
    Trial,
    format_label,
)
from samplerbench.harness.run_cost import describe_seconds
from samplerbench.harness.worker import plugin_imports
from samplerbench.harness.worker.missing_packages import explain_absence
from samplerbench.harness.worker.raised_errors import is_out_of_memory
from samplerbench.harness.worker.time_limit import TimeLimit
from samplerbench.harness.worker.timing import (
    CONTENTION,
    CONTENTION_COLD,
    LEAST_CPU_S,
    CompileClock,
    read_cpu_seconds,
    read_device_peak_mb,
    read_peak_rss_mb,
    time_upload,
)
from samplerbench.models.base import Model
from samplerbench.models.loading.model_names import find_file
from samplerbench.models.loading.script import find_place
from samplerbench.samplers.base import samplers

NO_START = "Cannot find valid initial parameters"  # NumPyro's words


def explain_error(job: Job, error: Exception, own_environment: str) -> tuple[str, str]:
    """The status and the reason of a trial that ``error`` ended.

    The reason is one line, with the error's place in the sampler's or the model's own file.
    ``own_environment``: the one that the sampler names.
    """
    if lack := plugin_imports.explain_missing_import(job, error):
        return "declined", lack
    files = [find_file(name) for name in (job.trial.sampler, job.trial.model)]
    # a sampler and a model may be in one file
    places = dict.fromkeys(find_place(error, file) for file in files if file)
    absence = explain_absence(error, job.trial, own_environment)
    reason = ": ".join(filter(None, [*places, one_line(error), absence]))
    if advice := _advise_start(error, job.trial):
        reason = f"{reason.rstrip('.')}; {advice}"
    return "out of memory" if is_out_of_memory(error) else "failed", reason


def _advise_start(error: Exception, trial: Trial) -> str:
    """What to do where NumPyro finds no start; "" of other errors, and where that is done already.

    It looks within 2 of the origin, unconstrained, far from a prior of -20 or 2,450,000.
    """
    if NO_START not in str(error) or trial.sampler not in samplers.names():
        return ""
    settings = samplers.get(trial.sampler).settings
    if "init" not in {field.name for field in fields(settings)}:
        return ""
    if trial.settings.get("init") == "sample":
        return "next: see that the data are possible, and the density finite, where the prior is"
    label = format_label(trial.sampler, {**trial.settings, "init": "sample"})
    return f"next: {label} starts at draws of the prior, not within 2 of the origin"


def record_cost(result: Result, launched_at: float, unclocked: tuple[float, float] | None) -> None:
    """How long a clock ran, from the start of the process on, and what CPU the rest took.

    ``unclocked``: wall and CPU seconds when no clock ran any more; None: one ran to the end.
    """
    now = time.monotonic(), read_cpu_seconds()
    clocked_until, cpu = unclocked or now
    result.timings["clocked_s"] = clocked_until - launched_at
    result.timings["rest_cpu_s"] = now[1] - cpu


def warn_busy(result: Result, wall: float, cpu: float) -> None:
    """Warn where others had the cores in the first call: warm runs may be too short to tell."""
    least, most = CONTENTION_COLD
    ratio = _wall_over_cpu(result, wall, cpu)
    if least < ratio < most:
        text = f"{BUSY_WORD}: wall over CPU time of the first call is {ratio:.2f}"
        result.warnings.append(text)


def warn_contended(result: Result, wall: float, cpu: float) -> None:
    """Warn where others had the core in the timed warm runs."""
    ratio = _wall_over_cpu(result, wall, cpu)
    if ratio > CONTENTION:
        result.warnings.append(f"{CONTENTION_WORD}: wall over CPU time is {ratio:.2f}")


def _wall_over_cpu(result: Result, wall: float, cpu: float) -> float:
    """Their ratio; 1 where it tells nothing of others, as on a GPU or of next to no CPU time."""
    is_told = result.machine.get("device") == "cpu" and cpu > LEAST_CPU_S
    return wall / cpu if is_told else 1.0


def record_memory(result: Result) -> None:
    """The most memory that the process held, and the device where it counts its own."""
    result.timings["peak_rss_mb"] = read_peak_rss_mb()
    if "jax" in sys.modules and result.machine.get("device") == "gpu":
        result.timings["device_peak_mb"] = read_device_peak_mb()
    else:
        result.missing["device_peak_mb"] = "the CPU device counts no memory of its own"


def time_transfers(result: Result, clock: CompileClock, model: Model) -> None:
    """Time moving data and draws between host and device, which no run's time includes."""
    if "jax" not in sys.modules:
        result.missing["transfer_s"] = "runs in NumPy: there is no device to move to"
    elif clock.fetches:
        result.timings["transfer_s"] = time_upload(model.data) + statistics.median(clock.fetches)


def explain_missing(result: Result, limit: TimeLimit, names: Iterable[str], what: str) -> None:
    """Give the timings ``names`` that are not there the limit as their reason."""
    reason = f"no time for {what} before the limit of {limit.seconds:g} s (--timeout)"
    lacking = [name for name in names if result.timings.get(name) is None]
    result.missing.update(dict.fromkeys(lacking, reason))


def count_finished(
    result: Result, trial: Trial, limit: TimeLimit, count: int, asked: int, guess: float
) -> bool:
    """Say where only ``count`` replicates of ``asked`` finished in time; whether there are any.

    ``guess``: seconds of a run.
    """
    if trial.replicates == AUTO:
        result.replicates = count
    if not count:
        took = describe_seconds(guess)
        reason = f"a replicate takes {took}; none would end before the limit of {limit.seconds:g} s"
        reason += limit.describe_saving()
        result.end("timeout", f"{reason}; more time: --retry --timeout")
    elif count < asked:
        result.replicates = count
        result.warnings.append(
            f"{count} of {asked} replicates finished before the limit of {limit.seconds:g} s"
            f" (--timeout){limit.describe_saving()}"
        )
    return count > 0
