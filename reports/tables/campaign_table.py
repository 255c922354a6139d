"""The table of a campaign's rows: the main columns, and those that tell rows apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samplerbench.reports.tables.cells import Row, make_cell
from samplerbench.reports.tables.notes import make_key, make_notes, make_title
from samplerbench.reports.tables.selection import (
    BY_NAME,
    TEXTUAL,
    choose_columns,
    differing_columns,
)
from samplerbench.reports.tables.table import Column, Table

#: what a table shows: name -> heading and unit, short enough for 120 columns
HEADINGS = {
    "sampler": ("sampler", ""),
    "verdict": ("verdict", ""),
    "sbc_p": ("p of\nranks", ""),
    "ess_mean": ("ESS\nclaim", ""),
    "realised_ess": ("ESS\nrealised", ""),
    "calibration": ("cali-\nbration", ""),
    "mean_error": ("mean error", "in sd"),
    "sd_ratio": ("sd ratio", ""),
    "log_z_error": ("log Z\nerror", ""),
    "cold_s": ("cold", ""),
    "warm_s": ("warm", ""),
    "ess_per_s": ("ESS/s", ""),
    "seconds_to_5pct": ("time to\n5 %", ""),
}
MAIN = tuple(name for name in HEADINGS if name != "sbc_p")
#: of rows whose replicates have data of their own each: no answer to hold their means against
BY_RANKS = ("sampler", "verdict", "sbc_p", "ess_mean", "cold_s", "warm_s", "ess_per_s")
#: what fits the width of a page at the size of footnotes
PAPER = ("sampler", "verdict", "sbc_p", "ess_mean", "realised_ess", "calibration")
#: left out first where a terminal is too narrow, in this order: costs before accuracy
EXPENDABLE = (
    *("ess_per_s", "cold_s", "warm_s"),
    *("sd_ratio", "log_z_error", "mean_error", "ess_mean"),
)
BETTER = {
    "higher": "higher is better",
    "lower": "lower is better",
    "one": "1 is best",
    "zero": "0 is best",
}
MOST_ROWS = 10_000  # of a table that is read; CSV and JSON have all


def make_table(
    rows: Sequence[Row], names: Sequence[str] | None = None, total: int = 0, most: int | None = None
) -> Table:
    """The table for readers: columns as requested, or the main ones and those that tell rows apart.

    ``total``: how many rows there are, where ``rows`` holds the first ones; ``most`` (or
    MOST_ROWS) are shown.
    """
    total = max(total, len(rows))
    rows = rows[: most or MOST_ROWS]
    chosen = choose_columns(names, rows) if names else default_columns(rows)
    columns = [make_column(name) for name in chosen]
    if names:  # what is requested is never left out
        columns = [replace(column, omit_rank=0) for column in columns]
    notes = make_notes(rows, chosen)
    if total > len(rows):
        notes.append(f"the first {len(rows)} of {total} rows; --format csv has all")
    cells = [[make_cell(row, name) for name in chosen] for row in rows]
    return Table(make_title(rows), columns, cells, notes, make_key(rows, chosen))


def default_columns(rows: Sequence[Row]) -> list[str]:
    """The main columns of these rows, behind those that tell them apart."""
    by_ranks = [bool(row["calibrate"]) for row in rows]
    if rows and all(by_ranks):
        return [*differing_columns(rows), *BY_RANKS]
    return [*differing_columns(rows), *(HEADINGS if any(by_ranks) else MAIN)]


def paper_columns(rows: Sequence[Row]) -> list[str]:
    """What a paper shows of these rows: as many columns as fit a page at a size that is read."""
    known = any(row["seconds_to_5pct"] is not None for row in rows)
    shown = (*PAPER, "seconds_to_5pct" if known else "warm_s")
    return [name for name in default_columns(rows) if name in shown or name not in HEADINGS]


def make_column(name: str) -> Column:
    """The column of a row's value: its heading, and what it says."""
    heading, unit = HEADINGS.get(name, (name, ""))
    source = BY_NAME[name]
    better = BETTER.get(source.better)
    return Column(
        heading,
        unit,
        "left" if name in TEXTUAL else "right",
        name,
        f"{source.description}; {better}" if better else source.description,
        source.group,
        EXPENDABLE.index(name) + 1 if name in EXPENDABLE else 0,
    )
