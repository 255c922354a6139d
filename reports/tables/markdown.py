"""A table in GitHub's markdown, for pull requests and issues."""

from __future__ import annotations

import re
from collections.abc import Sequence

from samplerbench.reports.tables.table import Table
from samplerbench.text import escape_controls

RULES = {"left": ":--", "right": "--:", "": "---"}  # by alignment


def render(table: Table) -> str:
    """Title, the table with intervals, its key, and its notes as a list."""
    lines = [f"{escape(table.title).removesuffix('.')}.", ""] if table.title else []
    lines += render_grid(table)
    if table.key:
        lines += ["", f"{escape(table.key)}."]
    if table.notes:
        lines += ["", *(f"- {escape(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def render_grid(table: Table) -> list[str]:
    """The lines of the table alone; a new line in a cell becomes ``<br>``."""
    lines = [_join([escape(column.label) for column in table.columns])]
    lines.append(_join([RULES[column.align] for column in table.columns]))
    for row in table.rows:
        lines.append(_join(["<br>".join(map(escape, cell.full.split("\n"))) for cell in row]))
    return lines


def _join(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape(text: str) -> str:
    """Text as markdown shows it literally, on one line: no tags, links, mentions or emphasis."""
    if _NUMBER.fullmatch(text):
        return text
    # an address would become a link by itself
    return (
        " ".join(escape_controls(text).split())
        .translate(_LITERAL)
        .replace("://", ":&#47;/")
        .replace("www.", "www&#46;")
    )


_NUMBER = re.compile(r"[-0-9.ekMG±+]+(?: \([-0-9.ekMG+]+ to [-0-9.ekMG+]+\))?")
_LITERAL = str.maketrans(
    {
        **{mark: f"\\{mark}" for mark in "\\`*_{}[]~$"},
        **{mark: f"&#{ord(mark)};" for mark in "<>|#@"},
        "&": "&amp;",
    }
)
