"""Rows as tables: for the terminal, markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from harness.records import labelled
from harness.rows import COLUMNS
from harness.verdict import COMPARABLE
from models.registry import unknown

Row = dict[str, Any]

#: what the printed table shows, with a heading that is short enough for 120 columns
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
WITH_SPREAD = ("mean_error", "sd_ratio", "log_z_error")  # printed as number +- half interval
#: left out first where a terminal is too narrow, in this order
EXPENDABLE = ("sd_ratio", "calibration", "ess_per_s", "mean_error", "log_z_error", "cold_s", "ess")
SPEEDS = ("ess_per_s", "realised_ess_per_s", "realised_ess_per_gradient")
NOT_COMPARABLE = "*"


def label(row: Row) -> str:
    """The sampler with its given settings."""
    return labelled(row["sampler"], row["settings"] or {})


def number(value: Any) -> str:
    """A number in few characters: 3 significant digits, thousands whole."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    if digits > 5:
        return f"{value:.1e}"
    if digits < -1:  # 12345 as 12.3k
        power = min(3, math.floor(math.log10(abs(value)) / 3))
        return f"{value / 1000**power:.3g}{'kMG'[power - 1]}"
    return f"{value:.{max(0, digits)}f}"


def cell(row: Row, name: str) -> str:
    """The text of one cell; a number that is missing shows as a dash, or as its one-word reason."""
    if name == "sampler":
        return label(row)
    if name == "verdict" and row["status"] != "ok":
        return row["status"]
    value = row[name]
    if value is None:
        reason = (row["missing"] or {}).get(name, "")
        return "never" if reason.startswith("never") else "-"
    text = number(value)
    if name in WITH_SPREAD:
        lo, hi = row[f"{name}_lo"], row[f"{name}_hi"]
        if lo is not None and hi is not None:
            return _with_spread(value, (hi - lo) / 2)
    if name in SPEEDS and row["verdict"] not in COMPARABLE:
        return text + NOT_COMPARABLE
    return text


def _with_spread(value: float, half: float) -> str:
    """``value`` to the digit that its interval supports, and the half-width: 2 digits below 3."""
    if half <= 0 or not math.isfinite(half):
        return number(value)
    place = math.floor(math.log10(half))
    digits = max(0, -place + (half / 10**place < 3))
    return f"{value:.{digits}f}±{half:.{digits}f}"


def _axes(rows: Sequence[Row]) -> list[str]:
    """Columns that must be shown because rows differ in them."""
    axes = ("model", "environment", "device", "precision", "chains", "warmup", "draws")
    return [name for name in axes if len({str(row[name]) for row in rows}) > 1]


def notes(rows: Sequence[Row]) -> list[str]:
    """What stands under a table: why cells have no number, and what the marks mean."""
    said: list[str] = []
    for row in rows:
        if row["status"] != "ok":
            said.append(f"{label(row)}: {row['status']}: {row['reason']}")
        elif row["verdict"] not in (None, "honest"):
            said.append(f"{label(row)}: {row['verdict']}: {row['verdict_reason']}")
        if row["warnings"]:
            said.append(f"{label(row)}: {'; '.join(row['warnings'])}")
    if any(cell(row, "ess_per_s").endswith(NOT_COMPARABLE) for row in rows):
        said.append(f"{NOT_COMPARABLE} not comparable: the row is not honest")
    return said


def title(rows: Sequence[Row]) -> str:
    """What all rows have in common, in one line."""
    if not rows:
        return "no finished trial"
    first = rows[0]
    parts = []
    for name, text in (
        ("model", "model {}"),
        ("replicates", "{} replicates"),
        ("chains", "{} chain(s)"),
        ("warmup", "{} warm-up"),
        ("draws", "{} draws"),
        ("environment", "environment {}"),
        ("device", "device {}"),
        ("precision", "{}-bit"),
    ):
        if len({str(row[name]) for row in rows}) == 1:
            parts.append(text.format(first[name]))
    return ", ".join(parts)


def terminal(rows: Sequence[Row], width: int | None = None) -> str:
    """The table for a terminal, at most ``width`` columns wide (120 where none is given)."""
    from rich.console import Console
    from rich.text import Text

    width = min(width or 120, 120)
    headings, cells, dropped = _fitting(rows, width)
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    console.print(Text(title(rows)), "")
    console.print(_rich_table(headings, cells))
    said = notes(rows)
    if dropped:
        said.append(f"left out at this width: {', '.join(dropped)}; --format csv has every column")
    for note in said:
        console.print(Text(note))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines()) + "\n"


def _fitting(rows: Sequence[Row], width: int) -> tuple[list[str], list[list[str]], list[str]]:
    """Headings, cells and the names left out, so that the columns fit in ``width``."""
    shown = {name: name for name in _axes(rows)} | SHOWN
    columns = {
        name: [heading, *(cell(row, name) for row in rows)] for name, heading in shown.items()
    }
    # a long name folds before its settings; half a number would be another number
    columns["sampler"] = [text.replace(":", ":\n") for text in columns["sampler"]]
    dropped: list[str] = []
    for name in EXPENDABLE:
        if sum(1 + _widest(texts) for texts in columns.values()) - 1 <= width:
            break
        del columns[name]
        dropped.append(name)
    cells = [list(texts) for texts in zip(*(texts[1:] for texts in columns.values()), strict=True)]
    return [texts[0] for texts in columns.values()], cells, dropped


def _widest(texts: Sequence[str]) -> int:
    return max(len(line) for text in texts for line in text.split("\n"))


def _rich_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    textual = {"sampler", "verdict", "model", "environment", "device"}
    for heading in headings:
        left = heading in textual
        table.add_column(heading, justify="left" if left else "right", overflow="fold",
                         no_wrap=not left)  # fmt: skip
    for texts in cells:
        table.add_row(*map(Text, texts))
    return table


def chosen(columns: Sequence[str] | None) -> list[str]:
    """Column names as asked, checked; all where none is asked for."""
    names = [column.name for column in COLUMNS]
    for name in columns or ():
        if name not in names:
            raise unknown("column", name, names)
    return list(columns or names)


def markdown(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """A GitHub table of the shown columns, with what they mean below."""
    names = chosen(columns) if columns else [*_axes(rows), *SHOWN]
    lines = [f"{title(rows)}.", "", _pipes([SHOWN.get(name, name) for name in names])]
    textual = ("sampler", "verdict", "model")
    lines.append(_pipes([":--" if name in textual else "--:" for name in names]))
    lines += [_pipes([_escaped(cell(row, name)) for name in names]) for row in rows]
    said = notes(rows)
    if said:
        lines += ["", *(f"- {_escaped(note)}" for note in said)]
    return "\n".join(lines) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """Text as markdown shows it literally, on one line."""
    for mark in "\\`*_{}[]<>|#":
        text = text.replace(mark, f"&#{ord(mark)};" if mark in "<>|" else f"\\{mark}")
    return " ".join(text.split())


def as_csv(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """All columns (or those asked for), one line a row; records inside a cell are JSON."""
    names = chosen(columns)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_flat(row[name]) for name in names])
    return out.getvalue()


def _flat(value: Any) -> Any:
    if value is None:
        return ""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value


def as_json(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """A list of objects, every column; a missing number is null with its reason in `missing`."""
    names = chosen(columns)
    picked = [{name: row[name] for name in names} for row in rows]
    return json.dumps(picked, indent=1, allow_nan=False) + "\n"


