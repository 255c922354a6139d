"""The main table of a campaign's page: columns in groups, with what each means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from samplerbench.reports.tables.campaign_table import HEADINGS, make_column
from samplerbench.reports.tables.cells import Row, get_value, make_cell
from samplerbench.reports.tables.notes import caveat_notes, make_key, verdict_notes, warning_notes
from samplerbench.reports.tables.selection import differing_columns
from samplerbench.reports.tables.table import Column, Table

MOST_ROWS = 1000  # a browser scrolls no more with ease; CSV has all
#: groups of columns, in order -> the heading of each
GROUPS = {
    "what": "run",
    "status": "verdict",
    "claimed": "claimed",
    "realised": "realised",
    "cost": "cost",
    "machine": "machine",
}
COLUMNS = (
    *("sampler", "verdict", "ess_mean", "rhat", "log_z", "sbc_p"),
    *("realised_ess", "calibration", "mean_error"),
    *("sd_ratio", "log_z_error", "cold_s", "warm_s", "ess_per_s", "seconds_to_5pct"),
)
#: where the heading is another than in a table on its own
PAGE_HEADINGS = {
    "ess_mean": "ESS",
    "rhat": "R\u2011hat",
    "log_z": "log Z",
    "realised_ess": "ESS",
    "seconds_to_5pct": "time to 5 %",
}


def prepare_main_table(rows: Sequence[Row], names: Sequence[str] | None) -> dict[str, Any]:
    """Values of the page's template: the table and what stands below it."""
    chosen = list(names or _main_columns(rows))
    columns = [_page_column(name) for name in chosen]
    if not names:  # an order that is requested is left as it is
        groups = list(GROUPS.values())
        columns.sort(key=lambda column: groups.index(column.group))
    first = rows[:MOST_ROWS]
    cells = [[make_cell(row, column.name) for column in columns] for row in first]
    return {
        "table": Table("", columns, cells),
        "key": make_key(first, chosen),
        "notes": [*verdict_notes(first), *caveat_notes(first)],
        "warnings": warning_notes(first),
        "hidden": len(rows) - len(first),
    }


def _main_columns(rows: Sequence[Row]) -> list[str]:
    """The main columns, without those that no row has a number for."""
    names = dict.fromkeys([*differing_columns(rows), *COLUMNS])
    always = ("sampler", "verdict")
    return [n for n in names if n in always or any(get_value(row, n) is not None for row in rows)]


def _page_column(name: str) -> Column:
    column = make_column(name)
    heading = PAGE_HEADINGS.get(name) or (column.label if name in HEADINGS else name)
    return replace(column, heading=heading, unit="", group=GROUPS[column.group])
