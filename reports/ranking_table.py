"""The ranking by time to 5 % standard error: the leader by number of data sets, and crossovers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.table import Cell, Column, Table
from samplerbench.reports.time_to_accuracy import COUNTS, Cost, find_crossovers, make_cost, rank
from samplerbench.rounding import format_in_unit, format_number

TITLE = (
    "Time to 5 % standard error: seconds until every mean is known to 5 % of its sd, for import,"
    " the first run, and one compiled run for each further data set; = are not told apart"
)
COLUMNS = (
    Column("data sets", align="right"),
    Column("fastest"),
    Column("time", align="right"),
    Column("next"),
)


def make_table(costs: Sequence[Cost]) -> Table:
    """Who is fastest for 1, 10 and 1000 data sets, and who comes next."""
    rows, notes = [], dict[str, None]()
    for count in COUNTS:
        ranking = rank(costs, count)
        if ranking.order:
            _, seconds, lo, hi = ranking.order[0]
            after = ranking.order[ranking.ties : ranking.ties + 1]
            next_one = f"{after[0][0]}: {format_in_unit(after[0][1])}" if after else "-"
            spread = None if lo is None or hi is None else (format_in_unit(lo), format_in_unit(hi))
            time = Cell(format_in_unit(seconds), spread=spread)
            notes |= {f"not told apart: {ranking.why}": None} if ranking.why else {}
            rows.append([Cell(f"{count}"), Cell(" = ".join(ranking.winners)), time, Cell(next_one)])
    return Table(TITLE, COLUMNS, rows, [*notes])


def describe_crossovers(costs: Sequence[Cost]) -> list[str]:
    """Where the lead changes, in words; a change that may be anywhere, or nowhere, is no change."""
    crossovers = find_crossovers(costs)
    sentences = [
        f"from {_count(one.data_sets)} data sets on {one.later_leader} overtakes"
        f" {one.earlier_leader}"
        f" (95 % interval: from {_count(one.lo)}{_until(one.hi)})"
        for one in crossovers
        if one.lo > 1 or one.hi < math.inf
    ]
    sentences += [
        f"{one.later_leader} and {one.earlier_leader} are not told apart at any number of data sets"
        for one in crossovers
        if one.lo == 1 and one.hi == math.inf
    ]
    return sentences or ["the lead does not change between 1 and a million data sets"]


def _count(data_sets: float) -> str:
    return format_number(math.ceil(data_sets))


def _until(data_sets: float) -> str:
    return ", or never" if data_sets == math.inf else f" to {_count(data_sets)}"


def list_unranked(rows: Sequence[Row]) -> list[str]:
    """Rows without a comparable speed."""
    return [label(row) for row in rows if make_cost(row) is None]
