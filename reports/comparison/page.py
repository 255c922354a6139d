"""The page of a comparison: one HTML file that says what changed, with intervals."""

from __future__ import annotations

from pathlib import Path

from samplerbench.reports.comparison import provenance_diff, summary, tables
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.figures import ratios, svg
from samplerbench.reports.figures.style import use_style
from samplerbench.reports.pages import template
from samplerbench.reports.tables.cells import MARK_MEANING

MOST_ROWS = 1500  # of a table: a browser scrolls no more with ease; JSON has all
OF_CHANGES = (0, 1, 3, 4, 7)  # columns: changes have no interval and no pairs


def render(comparison: Comparison, style: Path | None = None) -> str:
    """The page as HTML; the same comparison gives the same bytes."""
    with use_style(style):
        figures = svg.inline_all(ratios.draw_groups(comparison))
    sides = provenance_diff.list_sides(comparison)
    facts = provenance_diff.list_facts(sides)
    remarks = [*summary.list_remarks(comparison), *summary.summarise_others(comparison)]
    changes = tables.ratio_table(comparison, comparison.changes[:MOST_ROWS], "")
    return template.render(
        "compare.html.jinja",
        title=make_title(comparison),
        lead=summary.summarise_first(comparison),
        remarks=remarks if figures else [],
        figures_shown=figures,
        undrawn=ratios.count_undrawn(comparison) if figures else 0,
        ratios=tables.ratio_table(comparison, comparison.ratios[:MOST_ROWS]),
        hidden=max(0, len(comparison.ratios) - MOST_ROWS),
        changes=changes.select(OF_CHANGES),
        different=tables.fact_table(sides, [f for f in facts if f.differs], ""),
        alike=tables.fact_table(sides, [f for f in facts if not f.differs], ""),
        mark_meaning=MARK_MEANING,
    )


def make_title(comparison: Comparison) -> str:
    """What is compared, in few words."""
    if comparison.names:
        return f"{comparison.names[0]} against {comparison.names[1]}"
    models = sorted({row["model"] for row in comparison.rows.values()})
    return f"comparison, model {', '.join(models[:3])}" if models else "comparison"
