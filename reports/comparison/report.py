"""The compare command: from a comparison and what was asked for to text."""

from __future__ import annotations

from samplerbench.reports.comparison import ratios, stack_changes
from samplerbench.reports.comparison.comparison import Comparison

FORMATS = ("table", "json", "markdown", "html")


def text(found: Comparison, form: str = "table") -> str:
    """The comparison in one of FORMATS."""
    if form == "html":
        from samplerbench.reports.comparison import page  # matplotlib takes half a second

        return page.text(found)
    if form == "json":
        return ratios.as_json([*found.ratios, *found.changes])
    if form == "markdown":
        from samplerbench.reports.comparison import markdown

        return markdown.text(found)
    return ratios.terminal(found) + stack_changes.text(found.changes)
