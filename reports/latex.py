"""A table in LaTeX with booktabs, for papers."""

from __future__ import annotations

import unicodedata
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
#: combining marks -> LaTeX's accents
ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r",
    "\u030c": "v", "\u0327": "c",
}  # fmt: skip
SPREADS = " Sub- and superscripts: the ends of 95~\\% intervals."
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
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{escaped(shown.title)}.{SPREADS}}}",
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
    mark = r"\textsuperscript{*}" if found.marked else ""
    if found.half:
        return rf"${_number(found.text)} \pm {_number(found.half)}${mark}"
    if found.spread:
        lo, hi = map(_number, found.spread)
        return rf"${_number(found.text)}_{{{lo}}}^{{{hi}}}${mark}"
    return escaped(found.text) + mark


def _number(shown: str) -> str:
    """A number in mathematics, its k or M upright."""
    digits = shown.rstrip("kMG")
    return digits + rf"\mathrm{{{shown[len(digits) :]}}}" * (digits != shown)


def escaped(shown: str) -> str:
    """Text as LaTeX prints it literally; what is not ASCII is named by its code point."""
    return "".join(_character(c) for c in " ".join(shown.split()))


def _character(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c.isascii() and c.isprintable():
        return c
    parts = unicodedata.normalize("NFD", c)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        return f"\\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"[U+{ord(c):04X}]"
