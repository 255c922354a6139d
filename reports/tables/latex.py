"""A table in LaTeX with booktabs, for papers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace

from samplerbench.reports.tables.latex_escapes import check_caption, check_label, escape
from samplerbench.reports.tables.table import NOT_COMPARABLE, Cell, Column, Table

LONGEST_NAME = 20  # letters of a sampler on one line
LONGEST_SETTINGS = 24  # of its settings below it
LONGEST_TEXT = 36  # of any other text on one line
INTERVALS = "Brackets: 95 % intervals"
PACKAGES = r"% needs: \usepackage[T1]{fontenc} \usepackage{textcomp,booktabs}"


def render(table: Table, caption: str = "", label: str = "") -> str:
    """A table over both columns of a page, at the size of footnotes; ASCII only.

    ``caption`` takes the place of the table's title and may hold TeX; ``label`` is what
    ``\\ref`` names. A number and its interval stand in columns of their own, so that both align.
    What a reader of the paper need not know stands in comments. Raises UsageError for a caption or
    a label that would break the document.
    """
    title = check_caption(caption) or f"{escape(f'{table.title[:1].upper()}{table.title[1:]}')}."
    parts = [
        any(row[at].spread and not row[at].half for row in table.rows)
        for at in range(len(table.columns))
    ]
    align = "".join(map(_align, table.columns, parts))
    return "\n".join(
        [
            PACKAGES,
            r"\begin{table*}",
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{title}}}",
            *([rf"\label{{{check_label(label)}}}"] if label else []),
            r"\smallskip",
            rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}",
            r"\toprule",
            *_headings(table.columns, parts),
            r"\midrule",
            *(_join(map(_render_cell, row, table.columns, parts)) for row in table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\smallskip {escape(line)}" for line in _list_shown(table, any(parts))),
            r"\end{table*}",
            *(f"% {escape(note)}" for note in table.notes),
            "",
        ]
    )


def _list_shown(table: Table, has_intervals: bool) -> list[str]:
    """The key, what brackets are, and what the mark means where there is one."""
    marks = [note for note in table.notes if note.startswith(NOT_COMPARABLE)]
    key, brackets = [table.key] * bool(table.key), [INTERVALS] * has_intervals
    return [f"{'. '.join(line)}." for line in ([*key, *brackets], marks) if line]


def _align(column: Column, has_intervals: bool) -> str:
    if has_intervals:
        return r"r@{\ }l"
    return "r" if column.is_numeric else "l"


def _headings(columns: Sequence[Column], parts: Sequence[bool]) -> list[str]:
    """The headings, on two lines where one of them is long."""
    texts = [replace(c, heading=c.heading.replace("-\n", "")).lines for c in columns]
    height = max(map(len, texts), default=0)
    padded = [[""] * (height - len(text)) + text for text in texts]
    return [
        _join(_heading(text[at], part) for text, part in zip(padded, parts, strict=True))
        for at in range(height)
    ]


def _heading(text: str, has_intervals: bool) -> str:
    return rf"\multicolumn{{2}}{{c}}{{{escape(text)}}}" if has_intervals else escape(text)


def _join(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _render_cell(cell: Cell, column: Column, has_intervals: bool) -> str:
    number, interval = _render_parts(cell, column)
    return f"{number} & {interval}" if has_intervals else number


def _render_parts(cell: Cell, column: Column) -> tuple[str, str]:
    """What stands in a cell, and its interval."""
    mark = r"\textsuperscript{*}" if cell.marked else ""
    unit = f"~{escape(cell.unit)}" if cell.unit else ""
    if cell.half:
        return rf"${_number(cell.text)} \pm {_number(cell.half)}${unit}{mark}", ""
    if cell.spread:
        lo, hi = map(_number, cell.spread)
        return rf"${_number(cell.text)}${unit}{mark}", f"$[{lo}, {hi}]$"
    name, colon, settings = cell.text.partition(":")
    is_long = len(cell.text) > LONGEST_NAME
    if column.heading == "sampler" and is_long and colon:  # folds before its settings
        below = textwrap.wrap(" ".join(settings.split()), LONGEST_SETTINGS)
        return _stack([f"{name}:", *below], mark), ""
    if len(cell.text) > LONGEST_TEXT:
        return _stack(textwrap.wrap(cell.text, LONGEST_TEXT), mark), ""
    return f"{escape(cell.text)}{unit}{mark}", ""


def _stack(lines: Iterable[str], mark: str) -> str:
    """A cell of several lines, indented from the second one on."""
    text = r"\\\quad ".join(map(escape, lines))
    return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{text}{mark}\end{{tabular}}"


def _number(text: str) -> str:
    """A number in mathematics, its k or M upright; infinity and powers of ten as signs."""
    if text.endswith("inf"):
        return text.replace("inf", r"\infty")
    text, power, exponent = text.partition("e")
    digits = text.rstrip("kMG")
    upright = rf"\mathrm{{{text[len(digits) :]}}}" * (digits != text)
    return digits + upright + rf" \cdot 10^{{{exponent and int(exponent)}}}" * bool(power)
