"""The columns of every table, and one row from a trial, its result and its scores."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from samplerbench.harness.records import Result, Trial
from samplerbench.harness.scoring import process_seconds
from samplerbench.harness.scoring.metrics.base import SECTIONS, Better, Column, all_metrics


def _cost(
    name: str,
    text: str,
    better: Better = "",
    unit: str = "",
    interval: bool = False,
    section: str = "",
) -> Column:
    return Column(name, "cost", text, better, interval, unit, section)


_time = partial(_cost, section="time")
_seconds = partial(_time, better="lower", unit="s")
_megabytes = partial(_cost, better="lower", unit="MB", section="memory")

#: columns of the trial and its result; scores are columns of ``harness.scoring.metrics``
RUN_COLUMNS = (
    Column("model", "what", "what is sampled, with its options"),
    Column("swept", "what", "where on the swept axes, as n_points=1000; defaults too"),
    Column("sampler", "what", "who samples"),
    Column("settings", "what", "settings that differ from the library's defaults"),
    Column("environment", "what", "the stack that it ran on"),
    Column("device", "what", "cpu or gpu, as JAX found it"),
    Column("precision", "what", "bits of a float, as found after the imports", unit="bit"),
    Column("chains", "what", "chains a replicate"),
    Column("warmup", "what", "warm-up iterations a chain"),
    Column("draws", "what", "kept draws a chain, as asked"),
    Column("replicates", "what", "finished independent runs with seeds of their own"),
    Column("seed", "what", "seed of the first replicate; replicate r has seed + r"),
    Column("calibrate", "what", "prior: data of its own for each replicate, drawn from the prior"),
    Column("mode", "what", "compiled or plain: what the replicates are from"),
    Column("status", "status", "ok, declined, failed, timeout, crashed or out of memory"),
    Column("reason", "status", "why it is not ok, or what was unusual"),
    _time(
        "blocks",
        "processes that ran the clocked phases; the interval of seconds is Student's t of their"
        " logs, with blocks - 1 degrees of freedom",
    ),
    _seconds("import_s", "seconds from process start to libraries ready", interval=True),
    _seconds(
        "cold_s", "seconds of the first plain run: trace, compile, warm-up, sampling", interval=True
    ),
    _seconds("compile_s", "seconds of cold_s that XLA spent compiling", interval=True),
    _time("compiles", "programs compiled in the first plain run", "lower"),
    _seconds("rerun_s", "seconds of a second plain run with a new seed", interval=True),
    _time("compiles_per_rerun", "programs compiled in it; anything but 0 is waste", "zero"),
    _seconds(
        "warm_s", "seconds of a compiled run with a new seed, median of a process", interval=True
    ),
    _seconds("warmup_s", "warm-up part of warm_s"),
    _seconds("sample_s", "sampling part of warm_s"),
    _seconds("aot_s", "seconds to compile ahead of time"),
    _seconds(
        "transfer_s",
        "seconds to move the data to the device and a replicate's draws back; no part of warm_s",
    ),
    _megabytes("peak_rss_mb", "peak resident memory of the worker, MB"),
    _megabytes("device_peak_mb", "the device's own memory peak, MB"),
    Column("warnings", "status", "what was unusual in the run", section="machine"),
    Column("block_seconds", "machine", "clocked seconds of each block, the trial's own first"),
    Column("missing", "status", "column -> why it has no number", section="machine"),
    Column(
        "claims",
        "machine",
        "which claims of the sampler are audited; empty: the draws' own, ESS by autocorrelation",
    ),
    Column("versions", "machine", "versions as imported"),
    Column("machine", "machine", "host, CPU, cores, device, settings"),
    Column("trial", "machine", "name of the trial in the store"),
)


def _with_bounds(columns: tuple[Column, ...]) -> Iterator[Column]:
    for column in columns:
        yield column
        if column.interval:
            for end, word in (("lo", "lower"), ("hi", "upper")):
                text = f"{word} end of the 95 % interval of {column.name}"
                text += f", {column.condition}" if column.condition else ""
                yield Column(f"{column.name}_{end}", column.group, text, unit=column.unit)


#: columns in order, without the ends of intervals
MAIN_COLUMNS = tuple(
    sorted(
        (*RUN_COLUMNS, *(entry.column for entry in all_metrics())),
        key=lambda column: SECTIONS.index(column.place),
    )
)
BY_NAME = {column.name: column for column in MAIN_COLUMNS}
#: all columns in order, interval ends beside their number
COLUMNS = tuple(_with_bounds(MAIN_COLUMNS))
_EMPTY: dict[str, Any] = dict.fromkeys(column.name for column in COLUMNS)
#: what nobody can tell of draws that were made elsewhere
UNKNOWN_OUTSIDE = ("device", "warmup", "seed")
#: what a run is measured by
TIMES_AND_MEMORY = tuple(c.name for c in RUN_COLUMNS if c.section in ("time", "memory"))
_NUMBERS = [column.name for column in MAIN_COLUMNS if column.is_number]


def row(trial: Trial, result: Result, scores: dict[str, Any], swept: str = "") -> dict[str, Any]:
    """One row: every name in COLUMNS; a number that is not there is None, `missing` says why."""
    values = _EMPTY.copy()
    values.update(
        model=trial.model_label,
        swept=swept,
        sampler=trial.sampler_name,
        settings=dict(trial.settings),
        environment=trial.environment_label,
        device=result.machine.get("device", trial.device),
        precision=result.precision or trial.precision,
        chains=trial.chains,
        warmup=trial.warmup,
        draws=trial.draws,
        replicates=result.replicates or trial.most_replicates,
        seed=trial.seed,
        calibrate=trial.calibrate,
        mode=result.mode,
        claims=result.claims,
        status=result.status,
        reason=result.reason,
        warnings=list(result.warnings),
        versions=result.versions,
        machine=result.machine,
        trial=trial.id,
    )
    if result.timings:
        seconds = process_seconds.list_seconds(result)
        values.update(blocks=1 + len(result.blocks), block_seconds=seconds)
    if trial.outside_digest:
        values.update(dict.fromkeys(UNKNOWN_OUTSIDE))
    clocked = process_seconds.summarise(result)
    for numbers in ({**result.timings, **clocked}, scores["columns"]):
        known = numbers.keys() <= values.keys()  # an older or a newer version may have others
        values.update(numbers if known else {k: v for k, v in numbers.items() if k in values})
    values["missing"] = _reasons(values, result, scores)
    return values


def _reasons(values: dict[str, Any], result: Result, scores: dict[str, Any]) -> dict[str, str]:
    """Why each declared number without a value has none."""
    reasons = {**result.missing, **scores["missing"]}
    default = f"{result.status}: {result.reason}" if result.status != "ok" else "not measured"
    return {name: reasons.get(name, default) for name in _NUMBERS if values[name] is None}
