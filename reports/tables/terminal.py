"""A table for the terminal: plain text that fits the width."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from samplerbench.harness.records import visible
from samplerbench.reports.tables.cells import Row, cell
from samplerbench.reports.tables.selection import (
    SHOWN,
    TEXTUAL,
    Table,
    table,
)

#: left out first where a terminal is too narrow, in this order
EXPENDABLE = ("sd_ratio", "calibration", "ess_per_s", "mean_error", "log_z_error", "cold_s", "ess")
WIDEST = 120
MOST_ROWS = 1000
LONGEST_NAME = 40  # a longer name is folded
SHORTEST_NAME = 12


def text(
    rows: Sequence[Row],
    columns: Sequence[str] | None = None,
    width: int | None = None,
    total: int = 0,
) -> str:
    """The table, at most ``width`` columns wide (120 where none is given, or it is more).

    ``total``: how many rows there are, where ``rows`` holds only the first ones.
    Columns that were asked for are never left out: then lines get as long as they must.
    """
    width = min(width or WIDEST, WIDEST)
    shown = table(rows, columns, total, MOST_ROWS)
    names, dropped, longest = list(shown.columns), [], LONGEST_NAME
    if not columns:
        names, dropped, longest = _fitting(shown, width)
    blocks = [[SHOWN.get(name, name).split("\n") for name in names]]
    blocks += [[_cell_lines(row, name, longest) for name in names] for row in shown.rows]
    lines = [*_wrapped(shown.title, width), *_grid(names, blocks)]
    said = list(shown.notes)
    if dropped:
        said.append(f"left out at this width: {', '.join(dropped)}; --format csv has every column")
    lines += [line for note in said for line in _wrapped(note, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cell_lines(row: Row, name: str, longest: int) -> list[str]:
    shown = visible(cell(row, name).plain)
    if name == "sampler":
        shown = shown.replace(":", ":\n")  # a long name folds before its settings
    if name not in TEXTUAL:
        return [shown]  # half a number would be another number
    parts = [textwrap.wrap(part, longest) or [""] for part in shown.split("\n")]
    return [line for part in parts for line in part]


def _fitting(shown: Table, width: int) -> tuple[list[str], list[str], int]:
    """The columns that fit, those left out, and where names fold: narrower as a last resort."""
    names, dropped, longest = list(shown.columns), [], LONGEST_NAME
    expendable = list(EXPENDABLE)
    while sum(1 + _width(shown, name, longest) for name in names) - 1 > width:
        if expendable and expendable[0] in names:
            dropped.append(expendable.pop(0))
            names.remove(dropped[-1])
        elif expendable:
            expendable.pop(0)
        elif longest > SHORTEST_NAME:
            longest -= 4
        else:
            break
    return names, dropped, longest


def _width(shown: Table, name: str, longest: int) -> int:
    lines = [*SHOWN.get(name, name).split("\n")]
    lines += [line for row in shown.rows for line in _cell_lines(row, name, longest)]
    return max(map(_cells, lines))


def _grid(names: Sequence[str], blocks: Sequence[Sequence[Sequence[str]]]) -> list[str]:
    """Blocks of lines, [row][column], as aligned lines; headings stand at the bottom."""
    widths = [max(_cells(t) for block in blocks for t in block[i]) for i in range(len(names))]
    lines = []
    for at, block in enumerate(blocks):
        tall = max(len(texts) for texts in block)
        for k in range(tall):
            parts = []
            for name, texts, wide in zip(names, block, widths, strict=True):
                skip = tall - len(texts) if at == 0 else 0
                shown = texts[k - skip] if 0 <= k - skip < len(texts) else ""
                gap = " " * (wide - _cells(shown))
                parts.append(shown + gap if name in TEXTUAL else gap + shown)
            lines.append(" ".join(parts))
    return lines


def _wrapped(note: str, width: int) -> list[str]:
    return textwrap.wrap(visible(" ".join(note.split())), width, break_on_hyphens=False)


def _cells(shown: str) -> int:
    """How many columns of a terminal the text takes."""
    if shown.isascii():
        return len(shown)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in shown
    )
