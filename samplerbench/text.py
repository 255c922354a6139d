"""Text from elsewhere made fit to be shown: without control characters, and bounded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from contextvars import ContextVar

LONGEST = 2000  # characters of a reason or of a refusal
END = 400  # of them that are kept of the end, where errors say what to do
#: how what is told is worded for who called; as it is for the command line
WORDING: ContextVar[Callable[[str], str]] = ContextVar("WORDING", default=str)


def tell(text: str) -> None:
    """Say ``text`` on standard error; where that can't be written, it is lost."""
    with contextlib.suppress(OSError):
        print(f"samplerbench: {bound_text(escape_controls(WORDING.get()(text)))}", file=sys.stderr)


def escape_controls(text: str) -> str:
    """Text without control characters: a name must not steer what shows it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def spell_out_halves(text: str) -> str:
    """Text with halves of characters, as of a file's name that is no UTF-8, by their codes."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def in_one_line(text: object) -> str:
    """A path or a name without control characters and line breaks."""
    return escape_controls(str(text)).replace("\n", "\\n").replace("\t", "\\t")


def bound_text(text: str, most: int = LONGEST) -> str:
    """The text, without its middle where it has more than ``most`` characters."""
    if len(text) <= most:
        return text
    start = most - END
    return f"{text[:start]} [... {len(text) - most:,} characters left out ...] {text[-END:]}"


def is_number_text(cell: str) -> bool:
    """Whether a cell of a table is one number; 1_2, which Python takes for 12, is a label."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def format_count(count: int | str, noun: str) -> str:
    """How many of what: ``1 chain``, ``2 chains``, ``3 processes``; a range is of several."""
    ending = "" if str(count) == "1" else "es" if noun.endswith("s") else "s"
    return f"{count} {noun}{ending}"
