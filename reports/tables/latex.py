"""A table in LaTeX with booktabs, for papers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from samplerbench.reports.tables.cells import Cell, Row, cell
from samplerbench.reports.tables.selection import SHOWN, TEXTUAL, table

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
LONGEST = 20  # letters of a cell on one line
#: letters that parameters are called by, as Unicode names them
GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)")
LATIN = {"alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I",
         "kappa": "K", "mu": "M", "nu": "N", "omicron": "O", "rho": "P", "tau": "T",
         "chi": "X"}  # fmt: skip
SPREADS = " Sub- and superscripts: the ends of 95~\\% intervals."
PACKAGES = (
    r"% needs: \usepackage[T1]{fontenc} \usepackage{textcomp,booktabs}"
    "\n% with graphicx, a table that is wider than the text is made smaller"
)
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def text(rows: Sequence[Row], columns: Sequence[str] | None = None, total: int = 0) -> str:
    """A table environment; ASCII only, so that it does not ask for an input encoding.

    ``total`` as in ``table``.
    """
    shown = table(rows, columns, total)
    align = "".join("l" if name in TEXTUAL else "r" for name in shown.columns)
    body = [_line([_shown(cell(row, name), name) for name in shown.columns]) for row in shown.rows]
    notes = [rf"\footnotesize {escaped(note)}\par" for note in shown.notes]
    title = escaped(f"{shown.title[:1].upper()}{shown.title[1:]}")
    return "\n".join(
        [
            PACKAGES,
            r"\providecommand{\resizebox}[3]{#3}",
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}\renewcommand{\arraystretch}{1.25}",
            rf"\caption{{{title}.{SPREADS}}}",
            r"\smallskip",
            FITTED,
            rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}",
            r"\toprule",
            *_heads(shown.columns),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\par\smallskip\raggedright",
            *notes,
            r"\end{table}",
            "",
        ]
    )


def _heads(names: Sequence[str]) -> list[str]:
    """The headings, on two lines where one of them is long."""
    texts = [SHOWN.get(name, name).split("\n") for name in names]
    tall = max(map(len, texts))
    padded = [[""] * (tall - len(text)) + text for text in texts]
    return [_line([escaped(text[at]) for text in padded]) for at in range(tall)]


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _shown(found: Cell, column: str) -> str:
    mark = r"\textsuperscript{*}" if found.marked else ""
    if found.half:
        return rf"${_number(found.text)} \pm {_number(found.half)}${mark}"
    if found.spread:
        lo, hi = map(_number, found.spread)
        return rf"${_number(found.text)}_{{{lo}}}^{{{hi}}}${mark}"
    name, colon, settings = found.text.partition(":")
    if column == "sampler" and len(found.text) > LONGEST and colon:  # folds before its settings
        folded = rf"{escaped(name)}:\\\quad {escaped(settings)}"
        return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{folded}\end{{tabular}}"
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
    named = GREEK.fullmatch(unicodedata.name(c, ""))
    if named:
        big, name = named[1] == "CAPITAL", named[2].lower()
        return _greek(name.replace("lamda", "lambda"), big)
    parts = unicodedata.normalize("NFD", c)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        return f"\\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"[U+{ord(c):04X}]"


def _greek(name: str, big: bool) -> str:
    """A Greek letter; LaTeX has no command for capitals that look Latin, nor for omicron."""
    if big and name in LATIN:
        return LATIN[name]
    return "o" if name == "omicron" else rf"$\{name.capitalize() if big else name}$"
