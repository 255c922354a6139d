"""Errors whose text is for the user: what is wrong, what was expected, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SamplerbenchError(Exception):
    """Base of all errors whose text is for the user; the command line prints it and exits with 2.

    ``except samplerbench.errors.SamplerbenchError`` catches every one of them.
    """


class UsageError(SamplerbenchError, ValueError):
    """A name, setting, value or file that can't be used; the text says what can."""


class StoreError(SamplerbenchError):
    """A folder that can't be used as a campaign; the text says why and what to do."""


class StoreLost(StoreError):
    """A campaign's folder that was taken away while a run wrote to it."""


def unknown_name(kind: str, name: str, known: Iterable[str], lists: str = "") -> UsageError:
    """The error for an unknown ``name``: the nearest known name, all of them, what lists them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    noun, space, rest = kind.partition(" ")  # "setting of numpyro_hmc" -> "settings of ..."
    text = f"no {kind} is called {name!r}{hint}\n  known {noun}s{space}{rest}: "
    text += ", ".join(known) or "(none)"
    return UsageError(text + (f"\n  list them with: {lists}" if lists else ""))


def one_line(error: BaseException) -> str:
    """An exception as "Type: first line of its text", at most some 300 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no message'}"
