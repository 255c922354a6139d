"""The page of a comparison: one HTML file that says what changed, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from samplerbench.harness.comparison.paired_ratios import MEANING, Ratio
from samplerbench.reports.comparison import provenance_diff, ratios, summary
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.figures import ratios as figure_ratios
from samplerbench.reports.figures import style as drawing
from samplerbench.reports.pages import template
from samplerbench.reports.tables.cells import MARK_SAYS

MOST_LINES = 1500  # of a table: a browser scrolls no more with ease; JSON has all


@dataclass(frozen=True)
class Line:
    """One ratio as a line of the table."""

    row: str
    reference: str
    model: str
    quantity: str
    says: str  # what the quantity is, in words
    value: str
    interval: str
    key: str  # a number as text to sort by; "" sorts last
    answer: str
    note: str
    pairs: str
    marked: bool


def text(found: Comparison, style: Path | None = None) -> str:
    """The page as HTML; the same comparison gives the same bytes."""
    with drawing.styled(style):
        shown = drawing.inlined(figure_ratios.pictures(found))
    known = provenance_diff.facts(found) if found.ratios else []
    return template.render(
        "compare.html.jinja",
        title=title(found),
        lead=summary.lead(found),
        said=[*summary.remarks(found), *summary.others(found)] if shown else [],
        shown=shown,
        undrawn=figure_ratios.undrawn(found) if shown else 0,
        lines=[line(found, ratio) for ratio in found.ratios[:MOST_LINES]],
        hidden=max(0, len(found.ratios) - MOST_LINES),
        changes=[line(found, change) for change in found.changes[:MOST_LINES]],
        differing=[fact for fact in known if fact.differs],
        alike=[fact for fact in known if not fact.differs],
        ends=found.names or ("row", "reference"),
        mark_says=MARK_SAYS,
    )


def title(found: Comparison) -> str:
    """What is compared, in few words."""
    if found.names:
        return f"{found.names[0]} against {found.names[1]}"
    models = sorted({row["model"] for row in found.rows.values()})
    return f"comparison, model {', '.join(models[:3])}" if models else "comparison"


def line(found: Comparison, ratio: Ratio) -> Line:
    """The cells of one ratio."""
    shown, interval = ratios.shown(ratio)
    known = ratio.value is not None and math.isfinite(ratio.value)
    return Line(
        ratio.row, ratio.reference, found.ends(ratio)[0]["model"],
        ratio.quantity, MEANING.get(ratio.quantity, ""),
        shown, interval, repr(float(ratio.value)) if known else "",
        ratio.answer, ratio.reason, str(ratio.pairs or ""), bool(ratios.mark(found, ratio)),
    )  # fmt: skip
