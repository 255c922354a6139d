"""The history of campaigns: a table, and a page with a figure for each sampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samplerbench.harness.upgrades.history import Line, Point
from samplerbench.reports.figures import style, svg
from samplerbench.reports.figures.figure import Picture
from samplerbench.reports.pages import template
from samplerbench.reports.tables import markdown, terminal
from samplerbench.reports.tables.cells import is_comparable, make_cell
from samplerbench.reports.tables.csv_json import as_indented_json
from samplerbench.reports.tables.table import Cell, Column, Table
from samplerbench.rounding import format_column
from samplerbench.text import escape_controls, format_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("table", "markdown", "html", "json")
MOST_FIGURES = 24  # the table has the others
ROW_COLUMNS = ("verdict", "calibration", "cold_s", "warm_s")
#: what a figure shows, one panel each
PANELS = {"calibration": "calibration (1 is right)", "warm_s": "warm s", "cold_s": "cold s"}
COLUMNS = (
    Column("sampler"),
    Column("model"),
    Column("campaign"),
    Column("date"),
    Column("versions"),
    Column("verdict"),
    Column("calibration", align="right"),
    Column("cold", align="right", name="cold_s"),
    Column("warm", align="right", name="warm_s"),
    Column("since the one before"),
)
NOTE = (
    "worse or better is what 95 % intervals show: a verdict that convicts, calibrations whose"
    " intervals share nothing, seconds whose ratio is beyond what is tolerated with all of its"
    " interval; nothing shown is not the same as nothing changed"
)
CAPTION = "Bars are 95 % intervals; no bar: one process, or too few replicates. Open: not honest."


def render(lines: Sequence[Line], form: str, width: int | None = None) -> str:
    """The history in one of FORMATS."""
    table = make_table(lines)
    if form == "html":
        return _render_page(lines, table)
    if form == "json":
        points = [_as_record(line, point) for line in lines for point in line.points]
        return as_indented_json({"summary": table.title, "points": points})
    if form == "markdown":
        return markdown.render(table)
    return terminal.render(table.with_intervals(), width)


def _as_record(line: Line, point: Point) -> dict[str, Any]:
    """One row of a campaign with its numbers, and what is shown to have changed."""
    ends = (f"{name}{end}" for name in ROW_COLUMNS for end in ("", "_lo", "_hi"))
    return {
        "sampler": line.sampler,
        "model": line.place,
        "campaign": point.release.name,
        "date": point.release.date,
        "versions": point.versions,
        **{name: point.row[name] for name in ends if name in point.row},
        "changes": point.changes,
    }


def make_table(lines: Sequence[Line]) -> Table:
    """One row a campaign of each sampler, in order."""
    rows = [_make_row(line, point) for line in lines for point in line.points]
    table = Table(summarise(lines), COLUMNS, rows, [NOTE])
    filled = [at for at in range(len(COLUMNS)) if any(row[at].short for row in rows)]
    return table.select(filled)  # what no row has would take the room of the others


def summarise(lines: Sequence[Line]) -> str:
    """What moved, in a sentence."""
    names = {point.release.name for line in lines for point in line.points}
    words = [text for line in lines for point in line.points for text in point.changes]
    worse = sum(text.startswith("worse") for text in words)
    samplers, models = {line.sampler for line in lines}, {line.model for line in lines}
    places = [f"on {len(models)} models"] * (len(models) > 1)
    places.append(f"over {format_count(len(names), 'campaign')}")
    head = f"{format_count(len(samplers), 'sampler')} {' '.join(places)}"
    changes = f"{format_count(worse, 'change')} for the worse, {len(words) - worse} for the better"
    return f"{head}: {changes} are shown"


def _make_row(line: Line, point: Point) -> list[Cell]:
    head = [line.sampler, line.place, point.release.name, point.release.date, point.versions]
    changes = "\n".join(point.changes) if point.findings else "the first"
    cells = [make_cell(dict(point.row), name) for name in ROW_COLUMNS]
    return [*(Cell(text, key=text) for text in head), *cells, Cell(changes or "nothing shown")]


def _render_page(lines: Sequence[Line], table: Table) -> str:
    with style.use_style():
        drawn = [line for line in lines if len(line.points) > 1 and _list_panels(line)]
        drawn = drawn[:MOST_FIGURES]
        pictures = svg.inline_all([_draw(line, at) for at, line in enumerate(drawn)])
    shown = [
        f"{point.release.name}, {line.sampler} on {line.place}: {text}"
        for line in lines
        for point in line.points
        for text in point.changes
    ]
    return template.render(
        "history.html.jinja",
        title="history",
        lead=summarise(lines) + ".",
        remarks=shown,
        figures_shown=pictures,
        table=table,
    )


def _draw(line: Line, number: int) -> Picture:
    names = _list_panels(line)
    figure, rows = style.make_grid([1.1] * len(names), left=0.72, gap=0.35, bottom=0.9)
    for (axes,), name in zip(rows, names, strict=True):
        _draw_panel(axes, line.points, name)
        axes.set_title(PANELS[name], loc="left")
    for (axes,) in rows[:-1]:
        axes.set_xticklabels([])
    labels = [escape_controls(point.release.name)[:24] for point in line.points]
    rows[-1][0].set_xticklabels(labels, rotation=30, ha="right", fontsize=7.5)
    title = escape_controls(f"{line.sampler}, {line.place}")
    return Picture(figure, _describe(line), CAPTION, f"history-{number}", title)


def _list_panels(line: Line) -> list[str]:
    """What there are numbers of."""
    return [name for name in PANELS if any(p.row.get(name) for p in line.points)]


def _draw_panel(axes: Axes, points: Sequence[Point], name: str) -> None:
    look = style.get_look(0)
    if name == "calibration":
        axes.axhline(1.0, color=style.GREY, lw=0.9, zorder=0)
    else:
        style.set_logarithmic(axes, x=False)
    for at, point in enumerate(points):
        value, lo, hi = (point.row.get(f"{name}{end}") for end in ("", "_lo", "_hi"))
        if not value:
            continue
        face = look.color if is_comparable(dict(point.row)) else "none"
        axes.plot(at, value, marker="o", color=look.color, mfc=face, ls="")
        if lo and hi:
            axes.plot([at, at], [lo, hi], color=look.color, lw=1.4)
    axes.set_xlim(-0.5, len(points) - 0.5)
    axes.set_xticks(range(len(points)))
    style.set_decade_ticks(axes)


def _describe(line: Line) -> str:
    """The numbers of a figure in words."""
    parts = []
    for point in line.points:
        row = point.row
        numbers = [f"{name} {format_column(row, name)}" for name in PANELS if row.get(name)]
        parts.append(
            f"{point.release.name}: {row['verdict'] or row['status']}, {', '.join(numbers)}"
        )
    return "; ".join(parts)
