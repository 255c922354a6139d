"""A table in LaTeX with booktabs, for papers."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.reports.tables.latex_escapes import escape
from samplerbench.reports.tables.table import Cell, Column, Table

LONGEST_NAME = 20  # letters of a cell on one line
INTERVALS = " Sub- and superscripts: the ends of 95~\\% intervals."
PACKAGES = (
    r"% needs: \usepackage[T1]{fontenc} \usepackage{textcomp,booktabs}"
    "\n% with graphicx, a table that is wider than the text is made smaller"
)
FIT_TO_LINE = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def render(table: Table) -> str:
    """A table environment; ASCII only, so that it does not ask for an input encoding."""
    align = "".join("r" if column.is_numeric else "l" for column in table.columns)
    title = escape(f"{table.title[:1].upper()}{table.title[1:]}")
    body = [
        _join([_render_cell(cell, c) for cell, c in zip(row, table.columns, strict=True)])
        for row in table.rows
    ]
    return "\n".join(
        [
            PACKAGES,
            r"\providecommand{\resizebox}[3]{#3}",
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}\renewcommand{\arraystretch}{1.25}",
            rf"\caption{{{title}.{INTERVALS}}}",
            r"\smallskip",
            FIT_TO_LINE,
            rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}",
            r"\toprule",
            *_headings(table.columns),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\par\smallskip\raggedright",
            *(rf"\footnotesize {escape(note)}\par" for note in table.notes),
            r"\end{table}",
            "",
        ]
    )


def _headings(columns: Sequence[Column]) -> list[str]:
    """The headings, on two lines where one of them is long."""
    texts = [column.lines for column in columns]
    height = max(map(len, texts))
    padded = [[""] * (height - len(text)) + text for text in texts]
    return [_join([escape(text[at]) for text in padded]) for at in range(height)]


def _join(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _render_cell(cell: Cell, column: Column) -> str:
    mark = r"\textsuperscript{*}" if cell.marked else ""
    if cell.half:
        return rf"${_number(cell.text)} \pm {_number(cell.half)}${mark}"
    if cell.spread:
        lo, hi = map(_number, cell.spread)
        return rf"${_number(cell.text)}_{{{lo}}}^{{{hi}}}${mark}"
    name, colon, settings = cell.text.partition(":")
    is_long = len(cell.text) > LONGEST_NAME
    if column.heading == "sampler" and is_long and colon:  # folds before its settings
        lines = rf"{escape(name)}:\\\quad {escape(settings)}"
        return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{lines}\end{{tabular}}"
    return escape(cell.text) + mark


def _number(text: str) -> str:
    """A number in mathematics, its k or M upright."""
    digits = text.rstrip("kMG")
    return digits + rf"\mathrm{{{text[len(digits) :]}}}" * (digits != text)
