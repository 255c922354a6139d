"""Which columns and rows a table shows, in which order, and what stands under it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samplerbench.errors import unknown_name
from samplerbench.harness.scoring import columns as harness_rows
from samplerbench.harness.scoring.columns import Column
from samplerbench.reports.tables.cells import (
    MARK_SAYS,
    MARKED,
    Row,
    comparable,
    label,
    value,
)

#: what a printed table shows, with a heading that is short enough for 120 columns
SHOWN = {
    "sampler": "sampler",
    "verdict": "verdict",
    "ess": "ESS\nclaim",
    "realised_ess": "ESS\nrealised",
    "calibration": "cali-\nbration",
    "mean_error": "mean error\nin sd",
    "sd_ratio": "sd ratio",
    "log_z_error": "log Z\nerror",
    "cold_s": "cold\ns",
    "warm_s": "warm\ns",
    "ess_per_s": "ESS/s",
    "seconds_to_5pct": "s to\n5 %",
}
TEXTUAL = {"model", "swept", "sampler", "parameter", "verdict", "environment", "device", "status"}
AXES = (
    "swept", "model", "environment", "device", "precision", "chains", "warmup", "draws",
    "calibrate",
)  # fmt: skip
MOST_NOTES = 40
MOST_ROWS = 10_000  # of a table that is read; CSV and JSON have all

_ADDED = Column("comparable", "status", "whether the speeds may be held against other rows'")
_PARAMETER = Column("parameter", "what", "the scalar that the claimed and realised numbers are of")


def _columns() -> tuple[Column, ...]:
    found: list[Column] = []
    for column in harness_rows.COLUMNS:
        found.append(column)
        found += {"sampler": [_PARAMETER], "verdict_reason": [_ADDED]}.get(column.name, [])
    return tuple(found)


#: every column of a report, in order
COLUMNS = _columns()
BY_NAME = {column.name: column for column in COLUMNS}


@dataclass(frozen=True)
class Table:
    """Rows, the columns to show of them, and what stands around them."""

    rows: Sequence[Row]
    columns: Sequence[str]
    title: str
    notes: Sequence[str]


def table(
    rows: Sequence[Row],
    columns: Sequence[str] | None = None,
    total: int = 0,
    most: int | None = None,
) -> Table:
    """The table for readers: columns as asked, or the main ones and those that tell rows apart.

    ``total``: how many rows there are, where ``rows`` holds the first ones; ``most`` (or
    MOST_ROWS) are shown.
    """
    total = max(total, len(rows))
    rows = rows[: most or MOST_ROWS]
    names = chosen(columns, rows) if columns else [*differing(rows), *SHOWN]
    said = notes(rows, names)
    if total > len(rows):
        said.append(f"the first {len(rows)} of {total} rows; --format csv has all")
    return Table(rows, names, title(rows), said)


def heading(name: str) -> str:
    """What stands above a column, on one line."""
    return SHOWN.get(name, name).replace("-\n", "").replace("\n", " ")


def names(rows: Sequence[Row]) -> list[str]:
    """Every column that these rows have; ``parameter`` only where they are split by it."""
    split = any("parameter" in row for row in rows)
    return [column.name for column in COLUMNS if split or column.name != "parameter"]


def chosen(columns: Sequence[str] | None, rows: Sequence[Row] = ()) -> list[str]:
    """Column names as asked, checked; all where none is asked for. Raises UsageError."""
    known = names(rows)
    for name in columns or ():
        if name not in known:
            raise unknown_name("column", name, known)
    return list(columns or known)


def differing(rows: Sequence[Row]) -> list[str]:
    """Columns that must be shown because rows differ in them."""
    found = [name for name in AXES if len({row[name] for row in rows}) > 1]
    found = [name for name in found if not _told_by_sweep(name, rows)]
    return found + ["parameter"] * any("parameter" in row for row in rows)


def _told_by_sweep(name: str, rows: Sequence[Row]) -> bool:
    """Whether a column differs only as the swept axes do, which stand in one of their own."""
    if name not in ("model", "chains", "warmup", "draws") or not any(row["swept"] for row in rows):
        return False
    pairs = {(_family(row), row["swept"], str(row[name])) for row in rows}
    families = {_family(row) for row in rows}
    alone = len({(family, swept) for family, swept, _ in pairs}) == len(pairs)
    return alone and (name != "model" or len(families) == 1)


def _family(row: Row) -> str:
    """The model without its options."""
    name = str(row["model"])
    return name if ".py:" in name else name.partition(":")[0]


def ordered(rows: Sequence[Row], by: Sequence[str]) -> list[Row]:
    """The rows sorted by columns, best first, ``-name`` worst first; missing values last.

    Raises UsageError for a column that is not there.
    """
    chosen([name.removeprefix("-") for name in by], rows)
    found = list(rows)
    for name in reversed(by):  # sorts are stable: the first name decides in the end
        bare = name.removeprefix("-")
        known = [row for row in found if _key(row, bare) is not None]
        without = [row for row in found if _key(row, bare) is None]
        known.sort(key=lambda row: _key(row, bare), reverse=name.startswith("-"))
        found = known + without
    return found


def _key(row: Row, name: str) -> Any:
    """A sort key, smaller for better; None for what has no value."""
    found = value(row, name)
    if name == "sampler":
        return label(row)
    if isinstance(found, (dict, list)):
        return str(found)
    if not isinstance(found, (int, float)) or isinstance(found, bool):
        return found
    if not math.isfinite(found):
        return None
    better = BY_NAME[name].better
    if better == "one":
        return abs(math.log(found)) if found > 0 else math.inf
    return {"higher": -found, "zero": abs(found)}.get(better, found)


def notes(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """What stands under a table: why rows are not honest, and what the marks in it mean."""
    said = [*verdict_notes(rows), *warning_notes(rows)]
    marked = [name for name in columns if name in MARKED]
    doubtful = (row for row in rows if not comparable(row)) if marked else ()
    if any(row[name] is not None for row in doubtful for name in marked):
        said.append(MARK_SAYS)
    return said


def verdict_notes(rows: Sequence[Row]) -> list[str]:
    """Why each row is not ok, or not honest; what it is held against where that is not exact."""
    said = []
    for row, called in zip(rows, _called(rows), strict=True):
        if row["status"] != "ok":
            said.append(f"{called}: {row['status']}: {row['reason']}")
        elif row["verdict"] not in (None, "honest"):
            said.append(f"{called}: {row['verdict']}: {row['verdict_reason']}")
    return _few([*said, *_answers(rows)])


def _answers(rows: Sequence[Row]) -> list[str]:
    """Where answers come from that are not exact."""
    sources = {row["answer"] for row in rows if row["answer"] is not None}
    if len(sources) == 1 and sources != {"exact"}:
        return [f"accuracy is held against {sources.pop()}"]
    by_model: dict[str, set[str]] = {}
    for row in rows:
        by_model.setdefault(row["model"], set()).add(row["answer"] or "")
    alike = {model for model, of in by_model.items() if len(of - {""}) == 1}
    told = {
        (f"model {row['model']}" if row["model"] in alike else called, row["answer"])
        for row, called in zip(rows, _called(rows), strict=True)
        if row["answer"] not in (None, "exact")
    }
    return [f"{called}: accuracy is held against {source}" for called, source in sorted(told)]


def warning_notes(rows: Sequence[Row]) -> list[str]:
    """What was unusual in the runs."""
    pairs = zip(rows, _called(rows), strict=True)
    return _few(
        [f"{called}: {'; '.join(row['warnings'])}" for row, called in pairs if row["warnings"]]
    )


def _called(rows: Sequence[Row]) -> list[str]:
    """Each row's sampler, and on what, where rows differ in that."""
    axes = [name for name in differing(rows) if name in AXES]
    places = [", ".join(str(row[name]) for name in axes) for row in rows]
    return [
        f"{label(row)} on {place}" if place else label(row)
        for row, place in zip(rows, places, strict=True)
    ]


def _few(said: Sequence[str]) -> list[str]:
    """Each note once (rows by parameter repeat them), and the first ones of very many."""
    found = list(dict.fromkeys(said))
    if len(found) <= MOST_NOTES:
        return found
    return [*found[:MOST_NOTES], f"and {len(found) - MOST_NOTES} more: see --format csv"]


def title(rows: Sequence[Row]) -> str:
    """What all rows have in common, in one line."""
    return ", ".join(shared(rows)) or "no finished trial"


def shared(rows: Sequence[Row]) -> list[str]:
    """What all rows have in common, each in a few words."""
    texts = {
        "model": "model {}",
        "replicates": "{} replicates",
        "chains": "{} chain(s)",
        "warmup": "{} warm-up",
        "draws": "{} draws",
        "environment": "environment {}",
        "device": "device {}",
        "precision": "{}-bit",
    }
    same = [name for name in texts if len({row[name] for row in rows}) == 1]  # none: no rows
    said = [texts[name].format(rows[0][name]) for name in same]
    if rows and "model" not in same and _told_by_sweep("model", rows):
        said.insert(0, texts["model"].format(_family(rows[0])))
    return said
