"""Text as LaTeX prints it literally, in ASCII."""

from __future__ import annotations

import re
import unicodedata

from samplerbench.errors import UsageError

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
#: combining marks, in the order of LaTeX's accents
MARKS = "\u0300\u0301\u0302\u0303\u0308\u030a\u030c\u0327"
ACCENTS = dict(zip(MARKS, "`'^~\"rvc", strict=True))
#: letters that parameters are called by, as Unicode names them
GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)")
#: capitals that look Latin, for which LaTeX has no command
LOOK_LATIN = "alpha beta epsilon zeta eta iota kappa mu nu omicron rho tau chi".split()
LATIN = dict(zip(LOOK_LATIN, "ABEZHIKMNOPTX", strict=True))
#: what TeX takes as it is: a command with its arguments, an escaped character, mathematics
TEX = r"\\[A-Za-z]+\*?(?:\[[^\]]*\]|\{[^{}]*\})*|\\.|\$[^$]*\$"
BARE = re.compile(rf"({TEX})|([%#&_])")  # and what it would take for a sign of its own


def check_caption(text: str) -> str:
    """A caption that may hold TeX; a bare %, #, & or _ outside commands is meant as itself.

    Raises UsageError for braces and dollars that do not pair, which would take what follows along.
    """
    bare = re.sub(r"\\.", "", text)
    depth = 0
    for brace in re.findall("[{}]", bare):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth or bare.count("$") % 2:
        raise UsageError(
            f"--caption {text!r} does not end what it begins\n  expected: braces and dollar signs"
            r" in pairs; \{, \} and \$ for single ones"
        )
    return BARE.sub(lambda found: found[1] or f"\\{found[2]}", " ".join(text.split()))


def check_label(text: str) -> str:
    """A label that ``\\ref`` can name. Raises UsageError for one with signs of TeX's own."""
    if re.search(r"[\\{}%#$&~^\s]", text.strip()):
        raise UsageError(
            f"--label {text!r}\n  expected: letters, digits, and signs as in tab:one-two"
        )
    return text.strip()


def escape(text: str) -> str:
    """Text on one line; what is not ASCII and no accent or Greek is named by its code point."""
    return "".join(_character(c) for c in " ".join(text.split()))


def _character(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c.isascii() and c.isprintable():
        return c
    letter = GREEK.fullmatch(unicodedata.name(c, ""))
    if letter:
        return _greek(letter[2].lower().replace("lamda", "lambda"), letter[1] == "CAPITAL")
    parts = unicodedata.normalize("NFD", c)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        return f"\\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"[U+{ord(c):04X}]"


def _greek(name: str, is_capital: bool) -> str:
    """A Greek letter; LaTeX has no command for capitals that look Latin, nor for omicron."""
    if is_capital and name in LATIN:
        return LATIN[name]
    return "o" if name == "omicron" else rf"$\{name.capitalize() if is_capital else name}$"
