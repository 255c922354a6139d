"""A table as plain text that fits the width of a terminal."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from samplerbench.reports.tables.table import Cell, Column, Table
from samplerbench.text import escape_controls

WIDEST = 120
LONGEST_TEXT = 40  # a longer text is folded
SHORTEST_TEXT = 8
SHORTEST_WORD = 13  # of a longer word, where a line holds no more
SHORTEST_LAST = 30  # a last column of text goes on below itself in the room that is left

Lines = list[str]


def render(table: Table, width: int | None = None, gap: int = 2) -> str:
    """The table, at most ``width`` columns wide (120 where none is given, or it is more).

    Columns with an ``omit_rank`` are left out first, then texts are folded narrower; where that is
    not enough, each cell has a line of its own. ``gap``: spaces between columns.
    """
    width = min(width or WIDEST, WIDEST)
    layout, omitted = _fit(table, width, gap)
    fits = layout.measure(gap) <= width
    notes = [table.key, *table.notes]
    if omitted:
        notes.append(f"left out at this width: {', '.join(omitted)}; --format csv has every column")
    lines = [*wrap(table.title, width), *(_grid(layout, gap) if fits else _list(layout, width))]
    lines += [""] * (not fits and any(notes))
    lines += [line for note in notes for line in wrap(note, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def wrap(note: str, width: int | None = None) -> Lines:
    """A sentence on lines of ``width`` (120 where none is given), without control characters."""
    width = min(width or WIDEST, WIDEST)
    return textwrap.wrap(escape_controls(" ".join(note.split())), width, break_on_hyphens=False)


class _Layout:
    """A table's columns, and its cells folded to lines, [row][column][line]; headings first."""

    def __init__(self, table: Table, width: int, longest: int, gap: int) -> None:
        self.columns, self.rows = table.columns, table.rows
        limits = [longest] * len(table.columns)
        self.blocks = _fold(table, limits)
        if table.columns and not table.columns[-1].is_numeric:
            room = width - sum(self.widths[:-1]) - gap * (len(limits) - 1)
            limits[-1] = max(room, SHORTEST_LAST)
            self.blocks = _fold(table, limits)

    @property
    def widths(self) -> list[int]:
        count = range(len(self.columns))
        return [max(_cells(text) for block in self.blocks for text in block[i]) for i in count]

    def measure(self, gap: int) -> int:
        """How wide its lines are, with ``gap`` spaces between columns."""
        return sum(self.widths) + gap * (len(self.columns) - 1)


def _fit(table: Table, width: int, gap: int) -> tuple[_Layout, list[str]]:
    """The layout that fits, and the names of columns that are left out for it."""
    omitted: list[str] = []
    ranks = sorted(column.omit_rank for column in table.columns if column.omit_rank)
    longest = LONGEST_TEXT
    while True:
        layout = _Layout(table, width, longest, gap)
        if layout.measure(gap) <= width:
            return layout, omitted
        if ranks:
            rank = ranks.pop(0)
            omitted += [c.name or c.label for c in table.columns if c.omit_rank == rank]
            table = table.select([i for i, c in enumerate(table.columns) if c.omit_rank != rank])
        elif longest > SHORTEST_TEXT:
            longest -= 4
        else:
            return layout, omitted


def _fold(table: Table, limits: Sequence[int]) -> list[list[Lines]]:
    blocks = [[column.lines for column in table.columns]]
    for row in table.rows:
        parts = zip(row, table.columns, limits, strict=True)
        blocks.append([_cell_lines(cell, column, limit) for cell, column, limit in parts])
    return blocks


def _cell_lines(cell: Cell, column: Column, longest: int) -> Lines:
    text = escape_controls(cell.short)
    if column.is_numeric:
        return [text]  # half a number would be another number
    if column.heading == "sampler":
        text = text.replace(":", ":\n")  # a long name folds before its settings
    parts = [_fold_text(part, longest) or [""] for part in text.split("\n")]
    return [line for part in parts for line in part]


def _fold_text(text: str, longest: int) -> Lines:
    lines = textwrap.wrap(text, longest, break_long_words=False)
    return [part for line in lines for part in textwrap.wrap(line, max(longest, SHORTEST_WORD))]


def _grid(layout: _Layout, gap: int) -> Lines:
    """Blocks of lines as aligned lines; headings stand at the bottom of theirs."""
    lines, widths = [], layout.widths
    for at, block in enumerate(layout.blocks):
        height = max((len(texts) for texts in block), default=0)
        for k in range(height):
            parts = []
            for column, texts, wide in zip(layout.columns, block, widths, strict=True):
                skip = height - len(texts) if at == 0 else 0
                text = texts[k - skip] if 0 <= k - skip < len(texts) else ""
                space = " " * (wide - _cells(text))
                parts.append(space + text if column.is_numeric else text + space)
            lines.append((" " * gap).join(parts))
    return lines


def _list(layout: _Layout, width: int) -> Lines:
    """Rows one below the other, each cell with its heading on lines of its own."""
    lines: Lines = []
    for row in layout.rows:
        lines += [""] * bool(lines)
        for column, cell in zip(layout.columns, row, strict=True):
            text = f"{column.label}: {cell.short.replace(chr(10), '; ')}" * bool(cell.short)
            folded = wrap(text, width - 2)
            lines += [f"  {line}" if at else line for at, line in enumerate(folded)]
    return lines


def _cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
