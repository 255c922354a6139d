"""Which columns of the rows are shown, and in which order the rows stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from samplerbench.errors import unknown_name
from samplerbench.harness.records import RUN_FIELDS
from samplerbench.harness.scoring import columns
from samplerbench.harness.scoring.columns import Column
from samplerbench.reports.tables.cells import Row, get_value, label, swept_place, unswept_model

#: what rows of one campaign may differ in, beside the sampler
AXES = ("swept", "model", "environment", *RUN_FIELDS, "calibrate")
_COUNTS = {"precision", "chains", "warmup", "draws", "replicates", "seed"}

_COMPARABLE = Column("comparable", "status", "whether the speeds may be compared with other rows'")
_PARAMETER = Column("parameter", "what", "the scalar that the claimed and realised numbers are of")


def _all_columns() -> tuple[Column, ...]:
    known: list[Column] = []
    for column in columns.COLUMNS:
        known.append(column)
        known += {"sampler": [_PARAMETER], "verdict_reason": [_COMPARABLE]}.get(column.name, [])
    return tuple(known)


#: every column of a report, in order
COLUMNS = _all_columns()
BY_NAME = {column.name: column for column in COLUMNS}
#: those that hold words
TEXTUAL = {c.name for c in COLUMNS if c.group in ("what", "status", "machine")} - _COUNTS


def column_names(rows: Sequence[Row]) -> list[str]:
    """Every column that these rows have; ``parameter`` only where they are split by it."""
    split = any("parameter" in row for row in rows)
    return [column.name for column in COLUMNS if split or column.name != "parameter"]


def choose_columns(names: Sequence[str] | None, rows: Sequence[Row] = ()) -> list[str]:
    """Column names as requested, checked; all where none is. Raises UsageError."""
    known = column_names(rows)
    chosen = [] if names is None else list(names)
    for name in chosen:
        if name not in known:
            raise unknown_name("column", name, known, "samplerbench list columns")
    return list(dict.fromkeys(chosen or known))  # once each: twice, no table could tell them apart


def differing_columns(rows: Sequence[Row]) -> list[str]:
    """Columns that must be shown because rows differ in them."""
    names = [name for name in AXES if len({get_place(row, name) for row in rows}) > 1]
    names = [name for name in names if not follows_sweep(name, rows)]
    return names + ["parameter"] * any("parameter" in row for row in rows)


def get_place(row: Row, axis: str) -> Any:
    """The row's value on one of AXES; where it lies in a sweep without its sampler's settings."""
    return swept_place(row) if axis == "swept" else row[axis]


def follows_sweep(name: str, rows: Sequence[Row]) -> bool:
    """Whether a column differs only as the swept axes do, which stand in a column of their own."""
    if name not in ("model", "chains", "warmup", "draws") or not any(row["swept"] for row in rows):
        return False
    pairs = {(unswept_model(row), row["swept"], str(row[name])) for row in rows}
    models = {unswept_model(row) for row in rows}
    alone = len({(model, swept) for model, swept, _ in pairs}) == len(pairs)
    return alone and (name != "model" or len(models) == 1)


def sort_rows(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The rows sorted by columns, best first, ``-name`` worst first; missing values last.

    Raises UsageError for a column that is not there.
    """
    choose_columns([name.removeprefix("-") for name in names], rows)
    order = list(rows)
    for name in reversed(names):  # sorts are stable: the first name decides in the end
        bare = name.removeprefix("-")
        with_value = [row for row in order if _sort_key(row, bare) is not None]
        without = [row for row in order if _sort_key(row, bare) is None]
        with_value.sort(key=lambda row: _sort_key(row, bare), reverse=name.startswith("-"))
        order = with_value + without
    return order


def _sort_key(row: Row, name: str) -> Any:
    """A sort key, smaller for better; None for what has no value."""
    value = get_value(row, name)
    if name == "sampler":
        return label(row)
    if isinstance(value, (dict, list)):
        return str(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return value
    if not math.isfinite(value):
        return None
    better = BY_NAME[name].better
    if better == "one":
        return abs(math.log(value)) if value > 0 else math.inf
    return {"higher": -value, "zero": abs(value)}.get(better, value)
