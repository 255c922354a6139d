"""The tables of one axis of size: verdicts, each quantity by size, exponents, crossovers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from samplerbench.reports.scaling.analysis import QUANTITIES, Growth, Scaling, name_verdict
from samplerbench.reports.scaling.lines import Axis, Line
from samplerbench.reports.tables.cells import Row, is_comparable, make_cell
from samplerbench.reports.tables.table import Cell, Column, Table, text_rows
from samplerbench.rounding import format_number

BY_SIZE = ("warm_s", "cold_s", "realised_ess_per_s", "realised_ess_per_evaluation", "peak_rss_mb")
FOOTNOTE = (
    "Exponents: least squares on logs, each size weighted by its own error; 95 % intervals from"
    " these errors, or where sizes scatter by more from that, by Student's t with two degrees of"
    " freedom less than sizes (seconds of one process: their scatter alone). Last exponent: between"
    " the two largest sizes. Crossovers: bootstrap over paired replicates, with 3 % for seconds of"
    " other processes."
    " Realised ESS counts bias as error."
)


def make_tables(scaling: Scaling) -> list[Table]:
    """Every table of one axis; those without a row are left out."""
    axis = scaling.axis
    tables = [_verdict_table(axis), _honest_range_table(axis)]
    tables += [_quantity_table(axis, name) for name in BY_SIZE]
    tables += [_exponent_table(scaling), _crossover_table(scaling)]
    return [table for table in tables if table.rows]


def _columns(axis: Axis, align: Literal["left", "right"]) -> list[Column]:
    sizes = (f"{axis.name}={format_number(size)}" for size in axis.sizes)
    return [Column("sampler"), *(Column(size, align=align) for size in sizes)]


def _verdict_table(axis: Axis) -> Table:
    rows = []
    for line in axis.lines:
        by_size = _rows_by_size(line)
        verdicts = [name_verdict(by_size.get(size)) for size in axis.sizes]
        cells = [Cell(verdict, kind=verdict) for verdict in verdicts]
        rows.append([Cell(axis.get_name(line)), *cells])
    return Table("Verdict by size", _columns(axis, "left"), rows)


def _rows_by_size(line: Line) -> dict[float, Row]:
    return dict(zip(line.sizes, line.rows, strict=True))


def _honest_range_table(axis: Axis) -> Table:
    """Up to which size each line is honest, and why not beyond."""
    rows = []
    for line in axis.lines:
        doubtful = [at for at, row in enumerate(line.rows) if not is_comparable(row)]
        if not doubtful:
            continue
        at = doubtful[0]
        row = line.rows[at]
        reason = row["verdict_reason"] if row["status"] == "ok" else row["reason"]
        until = "never" if at == 0 else f"up to {format_number(line.sizes[at - 1])}"
        first = f"{format_number(line.sizes[at])}: {name_verdict(row)}"
        rows.append([axis.get_name(line), until, first, str(reason)])
    columns = [Column(name) for name in ("sampler", "honest", "first not shown", "reason")]
    return Table("Range of sizes with an honest verdict", columns, text_rows(rows))


def _quantity_table(axis: Axis, name: str) -> Table:
    rows = []
    for line in axis.lines:
        by_size = _rows_by_size(line)
        cells = [make_cell(by_size[s], name) if s in by_size else Cell("") for s in axis.sizes]
        rows.append([Cell(axis.get_name(line)), *cells])
    if all(cell.text in ("", "-") for row in rows for cell in row[1:]):
        rows = []
    quantity = QUANTITIES[name]
    title = f"{quantity[0].upper()}{quantity[1:]} by size"
    return Table(title, _columns(axis, "right"), rows)


def _exponent_table(scaling: Scaling) -> Table:
    rows = []
    for growth in scaling.growth:
        fit = growth.fit
        if fit.exponent is None or fit.last is None:
            continue
        texts = [growth.line, QUANTITIES[growth.quantity], f"{fit.exponent:.2f}"]
        texts += [_interval(growth), f"{fit.last:.2f}", f"{fit.sizes}"]
        marks = [at == 2 and growth.marked for at in range(len(texts))]
        rows.append([Cell(t, marked=mark) for t, mark in zip(texts, marks, strict=True)])
    columns = [
        Column("sampler"),
        Column("quantity"),
        Column("exponent", align="right"),
        Column("95 % interval"),
        Column("last exponent", align="right"),
        Column("sizes", align="right"),
    ]
    title = f"Exponents: the quantity grows as {scaling.axis.name} to this power"
    return Table(title, columns, rows)


def _interval(growth: Growth) -> str:
    lo, hi = growth.fit.lo, growth.fit.hi
    return "-" if lo is None or hi is None else f"{lo:.2f} to {hi:.2f}"


def _crossover_table(scaling: Scaling) -> Table:
    rows: Sequence[Sequence[str]] = [
        (f"{c.first} / {c.second}", c.quantity, c.describe(scaling.axis.name))
        for c in scaling.crossings
    ]
    columns = [Column("samplers"), Column("compared by"), Column("conclusion")]
    return Table("Crossovers", columns, text_rows(rows))


def format_exponent(growth: Growth) -> str:
    """``0.98 (0.91 to 1.05)``: the exponent and its interval; a dash where there is none."""
    fit = growth.fit
    if fit.exponent is None:
        return "-"
    mark = Cell("", marked=growth.marked).mark
    return f"{fit.exponent:.2f}{mark}{'' if fit.lo is None else f' ({_interval(growth)})'}"
