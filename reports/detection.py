"""How many replicates it takes to find a flaw with 95 % probability, and how long they run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samplerbench.harness.scoring import power
from samplerbench.harness.scoring.equivalence import MOST
from samplerbench.harness.scoring.margins import DEFAULT, Margins, read_margins
from samplerbench.harness.scoring.verdict_words import LEAST
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.csv_json import as_indented_json
from samplerbench.reports.tables.table import Cell, Column, Table
from samplerbench.rounding import format_beside, format_number
from samplerbench.text import format_count

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

COLUMNS = (
    Column("flaw"),
    Column("size", align="right"),
    Column("replicates", align="right", description="fewest that find it with 95 % probability"),
)
TIME = Column("time", "s", align="right", description="of warm runs one after another")
NOTE = "Replicates that find a flaw of this size with 95 % probability."


def plan_in_general(wanted: Mapping[str, float], ess: float, parameters: int) -> Table:
    """Replicates for each flaw, for runs that are worth ``ess`` draws."""
    title = f"{format_count(parameters, 'parameter')}, runs worth {format_number(ess)} draws"
    rows, notes = [], [NOTE]
    for flaw, size in wanted.items():
        count = power.plan_replicates(flaw, size, ess, parameters)
        rows.append(_make_cells(flaw, size, count))
        notes += _explain_none(flaw, size, count, ess, parameters, DEFAULT)
    return Table(title, COLUMNS, rows, notes)


def plan_for_campaign(wanted: Mapping[str, float], campaign: Campaign) -> Table:
    """Replicates and seconds for each row of a campaign, with its own ESS and its own pace."""
    margins = read_margins(campaign.store.fact("margin") or ())
    trials, cells, notes = {t.id: t for t in campaign.store.trials()}, [], [NOTE]
    rows = campaign.rows()
    several = len({row["model"] for row in rows}) > 1
    for row in rows:
        name = label(row) + f" on {row['model']}" * several
        if row["mcse"] is None:
            why = row["missing"].get("mcse", "") if row["status"] == "ok" else row["status"]
            notes.append(f"{name}: no claimed error to plan with: {why}")
            continue
        notes += [describe_doubt(row, name)] if row["replicates"] < LEAST else []
        parameters = len(campaign.scores(trials[row["trial"]])["parameters"])
        ess = 1 / row["mcse"] ** 2
        for flaw, size in wanted.items():
            count = power.plan_replicates(flaw, size, ess, parameters, margins)
            cells.append(_plan_row(row, name, flaw, size, count))
            why = _explain_none(flaw, size, count, ess, parameters, margins)
            notes += [f"{name}: {text}" for text in why]
    return Table("", (Column("sampler"), *COLUMNS, TIME), cells, notes)


def _explain_none(
    flaw: str, wanted: float, count: int | None, ess: float, parameters: int, margins: Margins
) -> list[str]:
    """A note where no number of replicates would do: what the most of them find."""
    if count:
        return []
    size = power.find_least_size(flaw, ess, parameters, margins)
    percent, unit = (100, " %") if flaw == "failures" else (1, "")
    shown = f"{format_beside(percent * size, percent * wanted, form='.3g')}{unit}"
    return [f"{flaw}: none would do, as {MOST:,} replicates, the most planned with, find {shown}"]


def describe_doubt(row: Row, name: str) -> str:
    """What the forecast of a row with few replicates is worth."""
    lo, hi = row["ess_mean_lo"], row["ess_mean_hi"]
    known = (
        f"lies between {format_number(lo)} and {format_number(hi)}"
        if lo and hi
        else ("has no interval (more replicates give one) and may be several times off")
    )
    return (
        f"{name}: a rough forecast, of {row['replicates']} replicates: what a run is worth"
        f" {known}, and runs that fail once in {row['replicates']} may not have been seen"
    )


def _plan_row(row: Row, name: str, flaw: str, size: float, count: int | None) -> list[Cell]:
    pace = row["warm_s"] or row["rerun_s"]
    seconds = count * pace if count and pace else None
    time = Cell("-") if seconds is None else Cell(format_number(seconds), key=repr(seconds))
    return [Cell(name), *_make_cells(flaw, size, count), time]


def _make_cells(flaw: str, size: float, count: int | None) -> list[Cell]:
    shown = f"{size:g}" if flaw != "failures" else f"{100 * size:g} %"
    replicates = Cell(f"{count}", key=f"{count}") if count else Cell("none would do")
    return [Cell(flaw), Cell(shown, key=repr(float(size))), replicates]


def as_json(table: Table) -> str:
    """A plan as one object: its title, a row for each flaw, with null for no number, its notes."""
    names = [column.label.replace(" ", "_") for column in table.columns]
    rows = [
        dict(zip(names, map(_read_cell, row, table.columns), strict=True)) for row in table.rows
    ]
    return as_indented_json({"title": table.title, "rows": rows, "notes": [*table.notes]})


def _read_cell(cell: Cell, column: Column) -> str | float | None:
    """The number, null where there is none, or the text."""
    if not column.is_numeric:
        return cell.text
    return json.loads(cell.key) if cell.key else None
