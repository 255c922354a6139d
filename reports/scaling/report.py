"""How cost and verdict grow with size, in the requested format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.reports.scaling.analysis import QUANTITIES, Scaling
from samplerbench.reports.scaling.lines import PLACES, Axis
from samplerbench.reports.scaling.tables import FOOTNOTE, make_tables
from samplerbench.reports.tables import markdown, terminal
from samplerbench.reports.tables.cells import MARK_MEANING
from samplerbench.reports.tables.csv_json import as_csv, as_indented_json

FORMATS = ("table", "markdown", "json", "csv")
EMPTY = (
    "nothing to show by size: no number was varied\n"
    "  expected: a campaign of `samplerbench run --sweep n_points=32,1000,100000`, or one with"
    " models or budgets of 3 sizes"
)


def render(scalings: Sequence[Scaling], form: str = "table", width: int | None = None) -> str:
    """The scaling report in one of FORMATS. Raises UsageError for another form, or nothing."""
    if form not in FORMATS:
        raise UsageError(
            f"--by size with --format {form!r}\n  expected: {', '.join(FORMATS)}; the page of the"
            " campaign (--format html without --by) has the same as a section"
        )
    if not scalings:
        raise UsageError(EMPTY)
    if form == "json":
        return as_indented_json([make_record(scaling) for scaling in scalings])
    if form == "csv":
        return _csv(scalings)
    return _terminal(scalings, width) if form == "table" else _markdown(scalings)


def _footnotes(scalings: Sequence[Scaling]) -> list[str]:
    is_marked = any(growth.marked for scaling in scalings for growth in scaling.growth)
    return [FOOTNOTE, *([MARK_MEANING] if is_marked else [])]


def _terminal(scalings: Sequence[Scaling], width: int | None) -> str:
    lines: list[str] = []
    for scaling in scalings:
        lines += [*terminal.wrap(f"By {scaling.axis.name}: {scaling.axis.setting}", width), ""]
        for table in make_tables(scaling):
            lines.append(terminal.render(table.with_intervals(), width))
    lines += [line for note in _footnotes(scalings) for line in terminal.wrap(note, width)]
    return "\n".join(lines) + "\n"


def _markdown(scalings: Sequence[Scaling]) -> str:
    parts: list[str] = []
    for scaling in scalings:
        name, setting = (markdown.escape(t) for t in (scaling.axis.name, scaling.axis.setting))
        parts.append(f"**By {name}**: {setting}.\n")
        parts += [markdown.render(table) for table in make_tables(scaling)]
    notes = "".join(f"- {markdown.escape(note)}\n" for note in _footnotes(scalings))
    return "\n".join([*parts, notes])


def _csv(scalings: Sequence[Scaling]) -> str:
    """Points alone; an infinity is empty, as a number that is missing."""
    points = [point for scaling in scalings for point in list_points(scaling.axis)]
    return "".join(as_csv(points, list(points[0])))


def make_record(scaling: Scaling) -> dict[str, Any]:
    """One axis as JSON takes it."""
    axis = scaling.axis
    return {
        "axis": axis.name,
        "of": axis.setting,
        "points": list(list_points(axis)),
        "exponents": [
            {"sampler": g.line, "quantity": g.quantity, "comparable": not g.marked, **asdict(g.fit)}
            for g in scaling.growth
        ],
        "crossovers": [
            {
                "first": c.first,
                "second": c.second,
                "of": c.quantity,
                **asdict(c.crossover),
                "answer": c.describe(axis.name),
            }
            for c in scaling.crossings
        ],
        "verdicts": [{"sampler": line, "by_size": text} for line, text in scaling.verdicts],
    }


def list_points(axis: Axis) -> Iterator[dict[str, Any]]:
    """One record for each line and size."""
    ends = [f"{name}{end}" for name in QUANTITIES for end in ("", "_lo", "_hi")]
    for line in axis.lines:
        for size, row in zip(line.sizes, line.rows, strict=True):
            yield {
                "sampler": line.label,
                **dict(zip(PLACES, line.place, strict=True)),
                "axis": axis.name,
                "size": size,
                **{name: row[name] for name in ("verdict", "status", "reason")},
                **{name: row[name] for name in ends if name in row},
                "trial": row["trial"],
            }
