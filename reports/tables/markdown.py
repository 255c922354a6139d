"""A table in GitHub's markdown, for pull requests and issues."""

from __future__ import annotations

import re
from collections.abc import Sequence

from samplerbench.harness.records import visible
from samplerbench.reports.tables.cells import (
    NOT_COMPARABLE,
    Cell,
    Row,
    cell,
)
from samplerbench.reports.tables.selection import TEXTUAL, heading, table


def text(rows: Sequence[Row], columns: Sequence[str] | None = None, total: int = 0) -> str:
    """The table with intervals, and what stands under it as a list; ``total`` as in ``table``."""
    shown = table(rows, columns, total)
    lines = [f"{escaped(shown.title)}.", "", _pipes([escaped(heading(n)) for n in shown.columns])]
    lines.append(_pipes([":--" if name in TEXTUAL else "--:" for name in shown.columns]))
    lines += [_pipes([_shown(cell(row, name)) for name in shown.columns]) for row in shown.rows]
    if shown.notes:
        lines += ["", *(f"- {escaped(note)}" for note in shown.notes)]
    return "\n".join(lines) + "\n"


def _shown(found: Cell) -> str:
    spread = ""
    if found.spread and not found.half:
        spread = f" ({found.spread[0]} to {found.spread[1]})"
    half = f"±{found.half}" if found.half else ""
    return escaped(f"{found.text}{half}{spread}{NOT_COMPARABLE if found.marked else ''}")


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escaped(shown: str) -> str:
    """Text as markdown shows it literally, on one line: no tags, links, mentions or emphasis."""
    if _NUMBER.fullmatch(shown):
        return shown
    # an address would become a link by itself
    return (
        " ".join(visible(shown).split())
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
