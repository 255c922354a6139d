"""The page of a campaign: one HTML file that shows and explains it, and asks no network."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.reports import ranking_table, summary
from samplerbench.reports.figures import gallery, model_graph, scaling, svg
from samplerbench.reports.figures.figure import Section
from samplerbench.reports.figures.gallery import Gallery, make_galleries
from samplerbench.reports.figures.model_graph import Graph
from samplerbench.reports.figures.style import use_style
from samplerbench.reports.pages import template
from samplerbench.reports.pages.appendix import prepare_appendix
from samplerbench.reports.pages.main_table import prepare_main_table
from samplerbench.reports.scaling.analysis import analyse_axis, shorten
from samplerbench.reports.scaling.lines import Axis, find_axes, may_have_axes
from samplerbench.reports.scaling.tables import FOOTNOTE, make_tables
from samplerbench.reports.tables.cells import MARK_MEANING, Row, anonymise, hide_home
from samplerbench.reports.tables.notes import list_shared, make_title
from samplerbench.reports.time_to_accuracy import list_costs

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.records import Trial

MOST_BYTES = 4_900_000  # what a mail takes, and a phone opens at once
MOST_PROBLEMS = 12  # with a sentence of their own
MOST_AXES = 6  # of size
MOST_SCALED = 24, 12  # lines and sizes of a table by size
#: sections whose figures are left out of a page that would be too large, the first ones first
LEAST_TELLING = (Section.POSTERIORS, Section.DRAWS, Section.COST, Section.ACCURACY)


def render(
    campaign: Campaign,
    rows: Sequence[Row],
    columns: Sequence[str] | None = None,
    style: Path | None = None,
    anonymous: bool = False,
) -> str:
    """The page as HTML. The main table shows ``rows``; figures are of the whole campaign.

    Where it is to be ``anonymous`` the machine's name and the path of the home folder are left out,
    and so are folders of the command that are whole paths.
    """
    whole = campaign.rows() if any("parameter" in row for row in rows) else rows
    whole = [*map(anonymise, whole)] if anonymous else whole
    trials = campaign.store.trials()
    with use_style(style), contextlib.ExitStack() as graphs_at_work:
        graphs = _start_graphs(trials, whole)
        for graph in graphs.values():
            graphs_at_work.callback(graph.close)
        galleries = make_galleries(campaign, whole, trials)
        sections = [_prepare_section(one, graphs.get(one.model)) for one in galleries]
        axes = find_axes(campaign, whole) if may_have_axes(campaign, trials) else []
        scales = _prepare_scales(campaign, axes)
    values = {
        "sections": sections,
        "scales": scales,
        "more_axes": len(axes) - len(scales),
        "mark_meaning": MARK_MEANING,
        **_prepare_head(len(trials), whole),
        **prepare_main_table(rows, columns),
        **prepare_appendix(campaign, whole, trials, len(galleries), anonymous),
    }
    page = _render_template(values, anonymous)
    excess = len(page.encode()) - MOST_BYTES
    if excess <= 0:
        return page
    _omit_figures(sections, excess)
    return _render_template(values, anonymous)


def _render_template(values: dict[str, Any], anonymous: bool) -> str:
    page = template.render("page.html.jinja", **values)
    return hide_home(page) if anonymous else page


def _omit_figures(sections: Sequence[dict[str, Any]], excess: int) -> None:
    """Drop the last figures of each kind, the least telling kind first, and count them."""
    for kind in LEAST_TELLING:
        for section in reversed(sections):
            figures = section["figures"][kind.name]
            while figures and excess > 0:
                excess -= len(figures.pop()["svg"].encode())
                section["omitted"] += 1


def _prepare_head(planned: int, rows: Sequence[Row]) -> dict[str, Any]:
    groups = summary.group_problems(rows)
    problems = {key: each for key, each in groups.items() if any(r["status"] == "ok" for r in each)}
    alike = list_shared(rows)
    sentences = []
    for group in list(problems.values())[:MOST_PROBLEMS]:
        name = ", ".join(words for words in list_shared(group) if words not in alike)
        sentences.append((name, summary.summarise_problem(group)))
    return {
        "title": make_title(rows),
        "sentence": summary.summarise(rows, planned),
        "problems": sentences if len(problems) > 1 else [],
        "more_problems": max(0, len(problems) - MOST_PROBLEMS),
        "unfinished": planned - len(rows),
        "planned": planned,
    }


def _prepare_scales(campaign: Campaign, axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """For each of the first axes of size, its figure and its tables."""
    scales = []
    for at, axis in enumerate(axes[:MOST_AXES], 1):
        whole = analyse_axis(campaign, axis)
        picture = scaling.draw_axis(whole, f"scaling-{at}")
        short, limits = shorten(whole, *MOST_SCALED)
        more = f"Tables show {limits}; samplerbench report DIR --by size has all."
        scales.append(
            {
                "axis": short.axis.name,
                "setting": short.axis.setting,
                "figures": svg.inline_all([picture] if picture else []),
                "tables": make_tables(short),
                "footnote": FOOTNOTE,
                "limits": more if limits else "",
            }
        )
    return scales


def _start_graphs(trials: Sequence[Trial], rows: Sequence[Row]) -> dict[str, Graph]:
    """Graphs of the models that get a section; they are drawn while the figures are."""
    first = {trial.model_label: trial for trial in reversed(trials)}
    models = dict.fromkeys(row["model"] for row in rows if row["status"] == "ok")
    return {name: model_graph.Graph(first[name]) for name in list(models)[: gallery.MOST_MODELS]}


def _prepare_section(one: Gallery, graph: Graph | None) -> dict[str, Any]:
    """One model: its figures by section, its ranking, its graph."""
    costs = list_costs(one.rows)
    shape = graph.svg(f"Graph of the model {one.model} as NumPyro draws it") if graph else None
    figures = {kind.name: svg.inline_all(one.by_section[kind]) for kind in Section}
    return {
        "model": one.model,
        "figures": figures,
        "headings": {kind.name: kind.value for kind in Section},
        "ranking": ranking_table.make_table(costs),
        "crossovers": ranking_table.describe_crossovers(costs) if len(costs) > 1 else [],
        "unranked": ranking_table.list_unranked(one.rows),
        "omissions": one.omissions,
        "omitted": 0,
        "graph": shape,
        "no_graph": graph.why if graph and not shape else "",
    }
