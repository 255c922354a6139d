"""The page: one HTML file that says, shows and explains a campaign, and asks no network."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.reports import summary, time_to_accuracy
from samplerbench.reports.figures import (
    gallery,
    many_data_sets,
    model_graph,
)
from samplerbench.reports.figures import (
    scaling as figure_scaling,
)
from samplerbench.reports.figures import (
    style as drawing,
)
from samplerbench.reports.pages import appendix, template
from samplerbench.reports.scaling import analysis
from samplerbench.reports.scaling import lines as scaling_lines
from samplerbench.reports.scaling import text as scaling_text
from samplerbench.reports.tables import selection
from samplerbench.reports.tables.cells import (
    MARK_SAYS,
    Cell,
    Row,
    cell,
    label,
    value,
)

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign
    from samplerbench.harness.records import Trial

MOST_BYTES = 4_900_000  # what a mail takes, and a phone opens at once
MOST_ROWS = 1000  # of the main table: a browser scrolls no more with ease; CSV has all
MOST_PROBLEMS = 12  # with a sentence of their own
MOST_AXES = 6  # of size
MOST_SCALED = 24, 12  # lines and sizes of a table by size
GROUPS = {"what": "what", "status": "verdict", "claimed": "claimed", "realised": "realised",
          "cost": "cost", "machine": "machine"}  # fmt: skip
COLUMNS = (
    "sampler", "verdict", "ess", "rhat", "log_z", "realised_ess", "calibration", "mean_error",
    "sd_ratio", "log_z_error", "cold_s", "warm_s", "ess_per_s", "seconds_to_5pct",
)  # fmt: skip
#: where the column's name is not yet a heading
HEADINGS = {
    **{name: selection.heading(name) for name in selection.SHOWN},
    "ess": "ESS", "rhat": "R\u2011hat", "log_z": "log Z", "realised_ess": "ESS",
    "seconds_to_5pct": "s to 5 %",
}  # fmt: skip


@dataclass(frozen=True)
class Heading:
    """One column's head."""

    name: str
    text: str
    group: str
    says: str
    numeric: bool


@dataclass(frozen=True)
class Entry:
    """One cell, with what it is sorted by."""

    cell: Cell
    key: str  # a number as text, or text; "" sorts last
    word: str = ""  # for the cell's class: the verdict, or "missing"


def text(
    campaign: Campaign,
    rows: Sequence[Row],
    columns: Sequence[str] | None = None,
    style: Path | None = None,
) -> str:
    """The page as HTML. The main table shows ``rows``; figures are of the whole campaign."""
    whole = campaign.rows() if any("parameter" in row for row in rows) else rows
    trials = campaign.store.trials()
    with drawing.styled(style), contextlib.ExitStack() as under_way:
        graphs = _graphs(trials, whole)
        for drawn in graphs.values():
            under_way.callback(drawn.close)
        galleries = gallery.galleries(campaign, whole, trials)
        sections = [_section(found, graphs.get(found.model)) for found in galleries]
        swept = scaling_lines.has_any(campaign, trials)
        axes = scaling_lines.axes(campaign, whole) if swept else []
        scales = _scales(campaign, axes)
    given = {
        "sections": sections,
        "scales": scales,
        "more_axes": len(axes) - len(scales),
        **_head(len(trials), whole),
        **_table(rows, columns),
        **appendix.given(campaign, whole, trials, len(galleries)),
    }
    made = template.render("page.html.jinja", **given)
    excess = len(made.encode()) - MOST_BYTES
    if excess <= 0:
        return made
    _leave_out(sections, excess)
    return template.render("page.html.jinja", **given)


def _leave_out(sections: Sequence[dict[str, Any]], excess: int) -> None:
    """Drop the last figures of each kind, the least telling kind first, and say how many."""
    for kind in ("corners", "draws", "speed", "trust"):
        for section in reversed(sections):
            while section[kind] and excess > 0:
                excess -= len(section[kind].pop()["svg"].encode())
                section["dropped"] += 1


# -- the top -------------------------------------------------------------------------------------


def _head(planned: int, rows: Sequence[Row]) -> dict[str, Any]:
    problems = summary.problems([row for row in rows if row["status"] == "ok"])
    alike = selection.shared(rows)
    each = [
        (", ".join(said for said in selection.shared(of) if said not in alike), summary.on_one(of))
        for of in list(problems.values())[:MOST_PROBLEMS]
    ]
    return {
        "title": selection.title(rows),
        "sentence": summary.sentence(rows, planned),
        "problems": each if len(problems) > 1 else [],
        "more_problems": max(0, len(problems) - MOST_PROBLEMS),
        "unfinished": planned - len(rows),
        "planned": planned,
    }


# -- the main table ------------------------------------------------------------------------------


def _table(rows: Sequence[Row], columns: Sequence[str] | None) -> dict[str, Any]:
    names = list(columns or _main(rows))
    order = list(GROUPS)
    headings = [_heading(name) for name in names]
    if not columns:  # one's own order is kept
        headings.sort(key=lambda found: order.index(found.group))
    shown = rows[:MOST_ROWS]
    lines = [[_entry(row, found.name) for found in headings] for row in shown]
    return {
        "headings": headings,
        "groups": _runs(headings),
        "lines": lines,
        "notes": selection.verdict_notes(shown),
        "warnings": selection.warning_notes(shown),
        "hidden": len(rows) - len(shown),
        "mark_says": MARK_SAYS,
    }


def _main(rows: Sequence[Row]) -> list[str]:
    """The main columns, without those that no row has a number for."""
    found = dict.fromkeys([*selection.differing(rows), *COLUMNS])
    always = ("sampler", "verdict")
    return [n for n in found if n in always or any(value(row, n) is not None for row in rows)]


def _heading(name: str) -> Heading:
    column = selection.BY_NAME[name]
    better = {
        "higher": "higher is better",
        "lower": "lower is better",
        "one": "1 is best",
        "zero": "0 is best",
    }.get(column.better)
    says = f"{column.says}; {better}" if better else column.says
    numeric = name not in selection.TEXTUAL
    return Heading(name, HEADINGS.get(name, name), column.group, says, numeric)


def _runs(headings: Sequence[Heading]) -> list[tuple[str, int]]:
    """Neighbouring columns of one group: its name and how many."""
    found: list[tuple[str, int]] = []
    for heading in headings:
        name = GROUPS[heading.group]
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    return found


def _entry(row: Row, name: str) -> Entry:
    made = cell(row, name)
    found = value(row, name)
    if name == "sampler":
        return Entry(made, label(row))
    if name == "verdict":
        return Entry(made, made.text, row["verdict"] or row["status"])
    if found is None:
        return Entry(made, "", "missing")
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
    return Entry(made, repr(float(found)) if is_number else str(found))


# -- along what was swept ------------------------------------------------------------------------


def _scales(campaign: Campaign, axes: Sequence[scaling_lines.Axis]) -> list[dict[str, Any]]:
    """For each of the first axes of size, its figure and its tables."""
    found = []
    for at, axis in enumerate(axes[:MOST_AXES], 1):
        whole = analysis.along(campaign, axis)
        drawn = figure_scaling.picture(whole, f"scaling-{at}")
        one, left = analysis.brief(whole, *MOST_SCALED)
        found.append(
            {
                "axis": one.axis.name,
                "of": one.axis.of,
                "figures": drawing.inlined([drawn] if drawn else []),
                "blocks": scaling_text.blocks(one),
                "says": scaling_text.SAYS,
                "left": left and f"Tables show {left}; samplerbench report DIR --by size has all.",
            }
        )
    return found


# -- one section a model -------------------------------------------------------------------------


def _graphs(trials: Sequence[Trial], rows: Sequence[Row]) -> dict[str, model_graph.Graph]:
    """Graphs of the models that get a section; they are drawn while the figures are."""
    first = {trial.model_label: trial for trial in reversed(trials)}
    done = dict.fromkeys(row["model"] for row in rows if row["status"] == "ok")
    return {name: model_graph.Graph(first[name]) for name in list(done)[: gallery.MOST_MODELS]}


def _section(found: gallery.Gallery, drawn: model_graph.Graph | None) -> dict[str, Any]:
    paces = time_to_accuracy.runners(found.rows)
    shape = drawn.svg(f"Graph of the model {found.model} as NumPyro draws it") if drawn else None
    return {
        "model": found.model,
        "race": many_data_sets.standings(found.rows, paces),
        "changes": many_data_sets.changes(paces) if len(paces) > 1 else [],
        "left_out": many_data_sets.left_out(found.rows),
        "trust": drawing.inlined(found.trust),
        "speed": drawing.inlined(found.speed),
        "draws": drawing.inlined(found.draws),
        "corners": drawing.inlined(found.corners),
        "lost": found.lost,
        "dropped": 0,
        "graph": shape,
        "no_graph": drawn.why if drawn and not shape else "",
    }
