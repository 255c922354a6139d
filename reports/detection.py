"""How many replicates it takes to find a flaw with 95 % probability, and how long they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from samplerbench.harness.scoring import power
from samplerbench.harness.scoring.margins import Margins, read_margins
from samplerbench.harness.scoring.verdict import LEAST
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.table import Cell, Column, Table
from samplerbench.rounding import format_number

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
    title = f"{parameters} parameter(s), runs worth {format_number(ess)} draws"
    rows = []
    for flaw, size in wanted.items():
        count = power.plan_replicates(flaw, size, ess, parameters)
        rows.append(_make_cells(flaw, size, count))
    return Table(title, COLUMNS, rows, [NOTE])


def plan_for_campaign(wanted: Mapping[str, float], campaign: Campaign) -> Table:
    """Replicates and seconds for each row of a campaign, with its own ESS and its own pace."""
    margins = read_margins(campaign.store.fact("margin") or ())
    trials, cells, notes = {t.id: t for t in campaign.store.trials()}, [], [NOTE]
    for row in campaign.rows():
        if row["mcse"] is None:
            why = row["missing"].get("mcse", "") if row["status"] == "ok" else row["status"]
            notes.append(f"{label(row)}: no claimed error to plan with: {why}")
            continue
        notes += [describe_doubt(row)] if row["replicates"] < LEAST else []
        parameters = len(campaign.scores(trials[row["trial"]])["parameters"])
        cells += [_plan_row(row, parameters, margins, *pair) for pair in wanted.items()]
    return Table("", (Column("sampler"), *COLUMNS, TIME), cells, notes)


def describe_doubt(row: Row) -> str:
    """What the forecast of a row with few replicates is worth."""
    lo, hi = row["ess_mean_lo"], row["ess_mean_hi"]
    known = (
        f"lies between {format_number(lo)} and {format_number(hi)}"
        if lo and hi
        else ("has no interval (6 replicates give one) and may be several times off")
    )
    return (
        f"{label(row)}: a rough forecast, of {row['replicates']} replicates: what a run is worth"
        f" {known}, and runs that fail once in {row['replicates']} may not have been seen"
    )


def _plan_row(row: Row, parameters: int, margins: Margins, flaw: str, size: float) -> list[Cell]:
    count = power.plan_replicates(flaw, size, 1 / row["mcse"] ** 2, parameters, margins)
    pace = row["warm_s"] or row["rerun_s"]
    time = Cell(format_number(count * pace) if count and pace else "-")
    return [Cell(label(row)), *_make_cells(flaw, size, count), time]


def _make_cells(flaw: str, size: float, count: int | None) -> list[Cell]:
    shown = f"{size:g}" if flaw != "failures" else f"{100 * size:g} %"
    return [Cell(flaw), Cell(shown), Cell(f"{count}" if count else "none would do")]
