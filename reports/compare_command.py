"""The compare command: from a comparison and what was asked for to text."""

from __future__ import annotations

from reports import changes, ratios
from reports.comparison import Comparison

FORMATS = ("table", "json", "markdown", "html")


def text(found: Comparison, form: str = "table") -> str:
    """The comparison in one of FORMATS."""
    if form == "html":
        from reports import compare_page  # matplotlib takes half a second

        return compare_page.text(found)
    if form == "json":
        return ratios.as_json([*found.ratios, *found.changes])
    if form == "markdown":
        from reports import compare_markdown

        return compare_markdown.text(found)
    return ratios.terminal(found) + changes.text(found.changes)
