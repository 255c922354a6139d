"""Rows from the file of pytest-benchmark: one for each sampler and model."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.pytest_plugin.scores import SCHEMA
from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.reports import report
from samplerbench.reports.tables.campaign_table import default_columns
from samplerbench.reports.tables.cells import Row, anonymise, is_never_accurate
from samplerbench.reports.tables.selection import choose_columns, sort_rows
from samplerbench.text import tell
from samplerbench.user_files import parse_json, read_limited

WRITERS = "what `pytest --benchmark-json FILE` or `--benchmark-autosave` writes"
#: what must be the same for a warm and a cold benchmark to be of one row
IDENTITY = (
    *("model", "sampler", "settings", "environment", "device", "precision"),
    *("chains", "warmup", "draws", "calibrate"),
)
FROM_COLD = ("import_s", "cold_s", "cold_s_lo", "cold_s_hi", "compile_s", "compiles")
TIMED_COLUMNS = ("warm_s", "cold_s")
WALL = ("perf_counter", "time", "monotonic")  # timers of pytest-benchmark that give wall seconds
APART = "import, cold and warm seconds are of different processes"
TYPES = {
    **{"model": str, "sampler": str, "timed": str},
    **{"settings": dict, "missing": dict, "warnings": list},
}


def render(path: Path, options: report.ReportOptions) -> str:
    """The table of a saved run in any format but html. Raises UsageError."""
    if options.form == "html" or options.by_parameter:
        what = "--by parameter" if options.by_parameter else "--format html"
        raise UsageError(
            f"{what} needs the draws, which pytest-benchmark does not keep\n"
            "  expected: another format, or a campaign's folder"
        )
    rows, others = read(path)
    if options.anonymous:
        rows = [*map(anonymise, rows)]
    if others:
        tell(f"left out, since not of sampler_benchmark: {', '.join(others)}")
    columns = choose_columns(options.columns, rows) if options.columns else None
    if columns is None and options.form in ("table", "markdown", "latex"):
        columns = _choose_columns(rows)
    rows = sort_rows(rows, options.sort)
    return "".join(report.render_rows(rows, options, columns, len(rows)))


def _choose_columns(rows: Sequence[Row]) -> list[str] | None:
    """The usual columns; the benchmark's name too, where nothing else tells two rows apart."""
    if len({_identity(row) for row in rows}) == len(rows):
        return None
    return ["trial", *default_columns(rows)]


def read(path: Path) -> tuple[list[Row], list[str]]:
    """Rows in the order of the file, and the names of benchmarks that are not of samplers.

    A warm and a cold benchmark of one sampler, model and budget make one row. Raises UsageError
    for a file that is not JSON, not of pytest-benchmark, or has none of ours.
    """
    benchmarks = _read_benchmarks(path)
    ours = [b for b in benchmarks if "samplerbench" in b["extra_info"]]
    others = [str(b.get("name")) for b in benchmarks if b not in ours]
    if not ours:
        raise UsageError(
            f"none of the {len(benchmarks)} benchmarks in {str(path)!r} is of a sampler"
            f"{': ' + ', '.join(others[:5]) if others else ''}\n  expected: some that use the "
            "fixture sampler_benchmark and did not fail"
        )
    return _merge_pairs([(_row(b, path), b["extra_info"]["timed"]) for b in ours]), others


def _read_benchmarks(path: Path) -> list[dict[str, Any]]:
    try:
        content = parse_json(read_limited(path))
    except OSError as error:
        raise UsageError(
            f"can't read {str(path)!r}: {error.strerror or error}\n  expected: {WRITERS}"
        ) from error
    except ValueError as error:  # not JSON, or not even text
        raise UsageError(f"{str(path)!r} is not JSON: {error}\n  expected: {WRITERS}") from error
    benchmarks = content.get("benchmarks") if isinstance(content, dict) else None
    if not isinstance(benchmarks, list) or not all(map(_is_benchmark, benchmarks)):
        raise UsageError(f"{str(path)!r} is not pytest-benchmark's\n  expected: {WRITERS}")
    return benchmarks


def _is_benchmark(one: Any) -> bool:
    kinds = {"extra_info": dict, "stats": dict, "fullname": str}
    return isinstance(one, dict) and all(isinstance(one.get(k), v) for k, v in kinds.items())


def _row(one: Mapping[str, Any], path: Path) -> Row:
    """The row of one benchmark, as it was recorded with the rounds' seconds."""
    record, where = one["extra_info"], f"{one['fullname']} in {str(path)!r}"
    if record["samplerbench"] != SCHEMA:
        raise UsageError(
            f"{where} has a record of version {record['samplerbench']!r}\n"
            f"  expected: {SCHEMA}; read it with the samplerbench that wrote it"
        )
    wrong = [name for name, kind in TYPES.items() if not isinstance(record.get(name), kind)]
    if wrong or record["timed"] not in TIMED_COLUMNS or not _is_time(record.get(record["timed"])):
        raise UsageError(
            f"the record of {where} is damaged: {', '.join(wrong) or 'its seconds'}\n"
            f"  expected: {WRITERS}, unchanged"
        )
    row: Row = {column.name: record.get(column.name) for column in COLUMNS}
    row.update(trial=one["fullname"], warnings=[str(text) for text in row["warnings"]])
    timer = (one.get("options") or {}).get("timer")
    if timer is not None and timer not in WALL:
        text = f"{record['timed']} is by the timer {timer!r}, not wall seconds"
        row["warnings"].append(text)
    return row


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < math.inf


def _identity(row: Row) -> str:
    return json.dumps([row[name] for name in IDENTITY], sort_keys=True)


def _merge_pairs(rows_timed: Sequence[tuple[Row, str]]) -> list[Row]:
    """Cold seconds put into the warm row of the same run, where there is one of either."""
    counts = Counter((_identity(row), timed) for row, timed in rows_timed)
    pairs = {key for key, timed in counts if counts[key, "warm_s"] == counts[key, "cold_s"] == 1}
    cold = {_identity(row): row for row, timed in rows_timed if timed == "cold_s"}
    rows = []
    for row, timed in rows_timed:
        if _identity(row) not in pairs:
            rows.append(row)
        elif timed == "warm_s":
            rows.append(_with_cold(row, cold[_identity(row)]))
    return rows


def _with_cold(warm: Row, cold: Row) -> Row:
    taken = {name: cold[name] for name in FROM_COLD}
    missing = {k: v for k, v in warm["missing"].items() if taken.get(k) is None}
    if warm["realised_ess"] is not None and not is_never_accurate(warm):
        missing["seconds_to_5pct"] = APART
    warnings = [*warm["warnings"], *(w for w in cold["warnings"] if w not in warm["warnings"])]
    both = f"{warm['trial']} {cold['trial']}"
    return {**warm, **taken, "missing": missing, "warnings": warnings, "trial": both}
