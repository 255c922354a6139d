"""The tables of a comparison: ratios, changes between stacks, and what the sides ran on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from samplerbench.harness.comparison.ratio import MEANING, Conclusion, Ratio
from samplerbench.harness.scoring.columns import BY_NAME
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.comparison.provenance_diff import Fact
from samplerbench.reports.comparison.questions import name_rows
from samplerbench.reports.tables.cells import MARK_MEANING, label
from samplerbench.reports.tables.table import Cell, Column, Table, text_rows
from samplerbench.rounding import format_all_rounded, format_number

COLUMNS = (
    Column("sampler", description="the row whose ratio to its reference is given"),
    Column("reference"),
    Column("model"),
    Column("quantity"),
    Column("ratio", align="right", description="above 1 the sampler has more of the quantity"),
    Column("95 % interval"),
    Column("pairs", align="right", description="replicates or processes that were paired"),
    Column("conclusion", description="after Holm's correction over all ratios"),
)
MODEL, RATIO = 2, 4  # where these columns stand
IN_PAPER = (0, 3, RATIO, 6, 7)  # the columns of every table in a paper
WITHIN_PAIR = (3, 4, 5, 6, 7)  # columns that differ between ratios of one pair of rows
RATIO_NOTE = (
    "Ratios with 95 % intervals: of time from paired processes (Student's t), else from paired"
    " replicates; conclusions after Holm's correction over all of them, for which an interval must"
    " lie farther from 1 than alone. Errors and efficiency hold if no run is worse than those seen."
)
CHANGE_NOTE = (
    "Intervals of seconds are between processes, where there are several. Draws are compared bit"
    " by bit"
    " for the same key; else means and widths of all replicates (Kolmogorov-Smirnov)."
)


def ratio_table(comparison: Comparison, ratios: Sequence[Ratio], title: str = "") -> Table:
    """Every ratio as one row."""
    return Table(title, COLUMNS, [_ratio_row(comparison, ratio) for ratio in ratios])


def paper_table(comparison: Comparison) -> Table:
    """The ratios that were made, with what differs between them, as a paper shows them."""
    ratios = [ratio for ratio in comparison.ratios if ratio.value is not None]
    table = ratio_table(comparison, ratios)
    rows = []
    for ratio, row in zip(ratios, table.rows, strict=True):
        text, interval = ratio_texts(ratio)
        lo, _, hi = interval.partition(" to ")
        cell = replace(row[RATIO], text=text, spread=(lo, hi) if interval else None)
        model = f" on {row[MODEL].text}"  # has a column of its own
        names = [Cell(name.text.removesuffix(model)) for name in row[:MODEL]]
        rows.append([*names, *row[MODEL:RATIO], cell, *row[RATIO + 1 : -1], Cell(ratio.answer)])
    references = {row[1].text for row in rows}
    alike = f" to {references.pop()}" if len(references) == 1 else ""
    title = f"ratios{alike}: above 1 the sampler has more of the quantity"
    differing = {at for at in (1, MODEL) if len({row[at].text for row in rows}) > 1}
    marks = [MARK_MEANING] * any(row[RATIO].marked for row in rows)
    return replace(table, title=title, rows=rows, notes=marks).select({*differing, *IN_PAPER})


def pair_tables(comparison: Comparison) -> list[Table]:
    """One table for each pair of rows, of its quantities."""
    tables = []
    for ratios, more in _by_pair(comparison, comparison.ratios):
        title = f"{ratios[0].row} against {ratios[0].reference}{more}"
        tables.append(ratio_table(comparison, ratios, title).select(WITHIN_PAIR))
    return tables


def change_tables(comparison: Comparison) -> list[Table]:
    """One table for each sampler and pair of stacks: what changed between them."""
    tables = []
    for ratios, more in _by_pair(comparison, comparison.changes):
        stack = ratios[0].reference.rpartition(" on ")[2]
        title = f"{ratios[0].row}, changes since {stack}{more}"
        tables.append(ratio_table(comparison, ratios, title).select(WITHIN_PAIR))
    return tables


def fact_table(sides: Iterable[str], facts: Sequence[Fact], title: str) -> Table:
    """Machines, versions, settings and budgets of the sides with these headings."""
    columns = [Column(heading) for heading in ("property", *sides)]
    return Table(title, columns, text_rows([(fact.name, *fact.values) for fact in facts]))


def ratio_texts(ratio: Ratio) -> tuple[str, str]:
    """The ratio to the digits that its interval supports, and the interval; "-" where none is."""
    if ratio.value is None:
        return "-", ""
    if ratio.lo is None or ratio.hi is None:
        return format_number(ratio.value), ""
    ends = ratio.lo, ratio.hi
    value, lo, hi = format_all_rounded((ratio.value, *ends), *ends)
    return value, f"{lo} to {hi}"


def _by_pair(comparison: Comparison, ratios: Sequence[Ratio]) -> list[tuple[list[Ratio], str]]:
    """The ratios of each pair of rows, with what tells it from other pairs of the same names."""
    pairs: dict[tuple[str, str], list[Ratio]] = {}
    for ratio in ratios:
        pairs.setdefault((ratio.trial, ratio.reference_trial), []).append(ratio)
    rows = {ratio.trial: comparison.get_rows(ratio)[0] for ratio in ratios}
    models = len({str(row["model"]) for row in rows.values()}) > 1
    names = name_rows(rows, models)
    more = {trial: name.removeprefix(label(rows[trial])) for trial, name in names.items()}
    return [(pair, more[trial]) for (trial, _), pair in pairs.items()]


def _ratio_row(comparison: Comparison, ratio: Ratio) -> list[Cell]:
    text, interval = ratio_texts(ratio)
    is_finite = ratio.value is not None and math.isfinite(ratio.value)
    key = repr(float(ratio.value or 0)) if is_finite else ""
    is_marked = ratio.value is not None and comparison.is_marked(ratio)
    model = str(comparison.get_rows(ratio)[0]["model"])
    pairs = str(ratio.pairs or "")
    before = text_rows([[ratio.row, ratio.reference, model]])[0]
    quantity = Cell(ratio.quantity, reason=_meaning(ratio.quantity), key=ratio.quantity)
    after = text_rows([[interval, pairs, _conclusion(ratio)]])[0]
    return [*before, quantity, Cell(text, marked=is_marked, key=key), *after]


def _meaning(quantity: str) -> str:
    """What a quantity of a ratio, or a column of what changed, is in words."""
    column = BY_NAME.get(quantity)
    return MEANING.get(quantity, column.description if column else "")


def _conclusion(ratio: Ratio) -> str:
    """The conclusion in words, with its reason."""
    if ratio.conclusion is Conclusion.NOT_COMPARED:
        return f"not compared: {ratio.reason}"
    return f"{ratio.answer}: {ratio.reason}" if ratio.reason else ratio.answer
