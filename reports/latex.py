"""A table in LaTeX with booktabs, for papers."""

from __future__ import annotations

from collections.abc import Sequence

from reports.cells import Cell, Row, cell
from reports.tables import TEXTUAL, heading, table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-}",  # two of them would make a dash
    "±": r"$\pm$",
    "–": "--",
    "µ": r"\textmu{}",
}
PACKAGES = r"% needs: \usepackage[T1]{fontenc} \usepackage{textcomp,booktabs}"


def text(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """A table environment; ASCII only, so that it does not ask for an input encoding."""
    shown = table(rows, columns)
    align = "".join("l" if name in TEXTUAL else "r" for name in shown.columns)
    body = [_line([_shown(cell(row, name)) for name in shown.columns]) for row in shown.rows]
    notes = [rf"\par\smallskip\footnotesize {escaped(note)}" for note in shown.notes]
    return "\n".join(
        [
            PACKAGES,
            r"\begin{table}",
            r"\centering\small\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{escaped(shown.title)}.}}",
            rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}",
            r"\toprule",
            _line([escaped(heading(name)) for name in shown.columns]),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
            "",
        ]
    )


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _shown(found: Cell) -> str:
    if found.half:
        return rf"${_minus(found.text)} \pm {found.half}$" + _mark(found)
    if found.spread:
        lo, hi = (escaped(end) for end in found.spread)
        return rf"{escaped(found.text)} {{\footnotesize({lo} to {hi})}}" + _mark(found)
    return escaped(found.text) + _mark(found)


def _mark(found: Cell) -> str:
    return r"\textsuperscript{*}" if found.marked else ""


def _minus(number: str) -> str:
    return number if number[:1] in "-0123456789" else rf"\mathrm{{{escaped(number)}}}"


def escaped(shown: str) -> str:
    """Text as LaTeX prints it literally; what is not ASCII is named by its code point."""
    return "".join(_character(c) for c in " ".join(shown.split()))


def _character(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    return c if c.isascii() and c.isprintable() else f"[U+{ord(c):04X}]"
