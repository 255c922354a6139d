"""Errors whose text is for the user: what is wrong, what was expected, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(ValueError):
    """A name, setting or value that is not known; the text says what is."""


def unknown_name(kind: str, name: str, known: Iterable[str], lists: str = "") -> UsageError:
    """The error for an unknown ``name``: the nearest known one, all of them, what lists them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    noun, space, rest = kind.partition(" ")  # "setting of numpyro_hmc" -> "settings of ..."
    text = f"no {kind} is called {name!r}{hint}\n  known {noun}s{space}{rest}: "
    text += ", ".join(known) or "(none)"
    return UsageError(text + (f"\n  list them with: {lists}" if lists else ""))
