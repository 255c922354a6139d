"""Errors whose text is for the user: what is wrong, what was expected, what to do next."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from samplerbench.text import bound_text, escape_controls, format_count

LONGEST_NAME = 200  # characters of a name that a nearest one is looked for
MOST_NAMES = 2000  # among which it is looked for
MOST_HOLDERS = 4  # names that are offered together
LONGEST_LIST = 1200  # characters of the names that a refusal lists


class SamplerbenchError(Exception):
    """Base of all errors whose text is for the user; the command line prints it and exits with 2.

    ``except samplerbench.errors.SamplerbenchError`` catches every one of them.
    """

    def __str__(self) -> str:
        """The text, bounded and without control characters: names in it are others'."""
        return bound_text(escape_controls(super().__str__()))


class UsageError(SamplerbenchError, ValueError):
    """A name, setting, value or file that can't be used; the text says what can."""


class RunInModelFile(UsageError):
    """A campaign that a model's own file starts while it is read."""


class StoreError(SamplerbenchError):
    """A folder that can't be used as a campaign; the text says why and what to do."""


class StoreLost(StoreError):
    """A campaign's folder that was taken away while a run wrote to it."""


class DrawsLost(StoreLost):
    """Draws that were taken away while a run went on: the same command runs their trials again."""

    def __init__(self, text: str, count: int) -> None:
        super().__init__(text)
        self.count = count  # of trials


class RunInterrupted(Exception):
    """The run was stopped from outside; what had finished is kept. ``folder`` says where."""

    def __init__(self, folder: Path, left: int, lost: str = "", is_kept: bool = True) -> None:
        why = f"{lost}: " if lost else ""
        kept = f"; what is finished is in {folder}" if is_kept else ""
        super().__init__(f"{why}stopped with {format_count(left, 'trial')} to go{kept}")
        self.folder, self.left = folder, left
        self.lost = lost  # a backend, a disk or a folder; "" where a user stopped the run
        self.is_kept = is_kept  # what is finished, in that folder


def _list_holders(name: str, known: Iterable[str]) -> list[str]:
    """Names that hold ``name`` as whole words, as numpyro_nuts holds nuts."""
    word = re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", re.IGNORECASE)
    return [each for each in known if name and word.search(each)]


def unknown_name(kind: str, name: object, known: Iterable[str], lists: str = "") -> UsageError:
    """The error for an unknown ``name``: the nearest known name, all of them, what lists them.

    What is no text is no name.
    """
    known = sorted(filter(None, known))
    near: list[str] = []
    hint = ""
    if isinstance(name, str) and "," in name and {*name.split(",")} <= {*known}:
        hint = "; several are given one by one, with no comma between"
    elif isinstance(name, str) and len(name) <= LONGEST_NAME:  # difflib takes time by the square
        holders = _list_holders(name, known)
        if len(holders) <= MOST_HOLDERS:  # many say nothing, nor does one of them
            near = holders or difflib.get_close_matches(name, known[:MOST_NAMES], 1, cutoff=0.65)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else hint
    name = bound_text(name, 3 * LONGEST_NAME) if isinstance(name, str) else name
    noun, space, rest = kind.partition(" ")  # "setting of numpyro_hmc" -> "settings of ..."
    text = f"no {kind} is called {name!r}{hint}\n  known {noun}s{space}{rest}: "
    text += _join_names(known) or "(none)"
    return UsageError(text + (f"\n  list them with: {lists}" if lists else ""))


def _join_names(names: list[str]) -> str:
    """The names with commas, of very many the first ones."""
    whole = ", ".join(names[:MOST_NAMES])
    if len(whole) <= LONGEST_LIST and len(names) <= MOST_NAMES:
        return whole
    shown = whole[:LONGEST_LIST].rpartition(", ")[0] or whole[:LONGEST_LIST]
    return f"{shown}, ... ({len(names):,} in all)"


def one_line(error: BaseException) -> str:
    """An exception as "Type: first line of its text", at most some 300 characters.

    A line that ends in a colon goes on to the next one. An error whose text is for the user has no
    type in front.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = " ".join(lines[:2]) if lines and lines[0].endswith(":") else "".join(lines[:1])
    text = escape_controls(first[:300]) or "no message"
    return text if isinstance(error, SamplerbenchError) else f"{type(error).__name__}: {text}"
