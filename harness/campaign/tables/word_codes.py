"""Numbers for the words of a table: which columns are numbered, by themselves or together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.tables.table import Column

WORDS = "words"  # of --codes NAME=words: handed over as they are
APART = "apart"  # of --codes NAME=apart: numbered by itself, though others share some words
TOGETHER = "+"  # of --codes NAME+NAME: one number a word in all of these columns
MOST_CODES = 12  # of one column's that a note shows


def parse_codes(texts: Sequence[str]) -> dict[str, str]:
    """Parameter -> how its words are numbered: "", WORDS, APART, or its group, ``home+away``."""
    kinds: dict[str, str] = {}
    for text in texts:
        for word in text.split(","):
            names, _, kind = word.strip().partition("=")
            if kind not in ("", WORDS, APART):
                raise UsageError(
                    f"codes: {names}={kind}\n  expected: {names}, or {names}={WORDS}, "
                    f"or {names}={APART}"
                )
            group = names if TOGETHER in names and not kind else kind
            kinds.update(dict.fromkeys(names.split(TOGETHER), group))
    return kinds


def number_words(
    columns: Mapping[str, Column], kinds: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """The numbered columns, and the words of each in the order of their numbers.

    Raises UsageError where one word would get other numbers in two columns, as a team's in those of
    who is at home and who is away.
    """
    chosen = {n: c.values for n, c in columns.items() if kinds.get(n, WORDS) != WORDS}
    numbers, labels = {}, {}
    for name, values in chosen.items():
        others = [v for n, v in chosen.items() if TOGETHER in kinds[n] and kinds[n] == kinds[name]]
        known = np.array(_list_levels(columns, name, kinds), dtype=str)
        known = known if len(known) else np.unique(np.concatenate([values, *others]))
        order = np.argsort(known)
        numbers[name] = order[np.searchsorted(known, values, sorter=order)]
        labels[name] = [str(value) for value in known]
    _refuse_unlike({n: labels[n] for n in chosen if kinds[n] == "" and columns[n].holds_words})
    return numbers, labels


def _list_levels(
    columns: Mapping[str, Column], name: str, kinds: Mapping[str, str]
) -> tuple[str, ...]:
    """The words of an ordered category in its order; () of others, and of unlike ones together."""
    levels = columns[name].levels
    alike = [
        TOGETHER not in kinds[name] or kinds.get(n) != kinds[name] or c.levels == levels
        for n, c in columns.items()
    ]
    return levels if all(alike) else ()


def _refuse_unlike(labels: Mapping[str, list[str]]) -> None:
    """Raise UsageError for a word that has other numbers in two of the columns."""
    for first, second in itertools.combinations(labels, 2):
        a, b = ({word: i for i, word in enumerate(labels[name])} for name in (first, second))
        unlike = [word for word in a if word in b and a[word] != b[word]]
        if unlike:
            word = unlike[0]
            raise UsageError(
                f"{word!r} would be {a[word]} in {first!r} and {b[word]} in {second!r}, which have "
                f"other words each\n  expected: --codes {first}{TOGETHER}{second}, which "
                f"numbers them together; or {second}={APART}, where that is meant"
            )


def describe_codes(labels: Mapping[str, list[str]]) -> list[str]:
    """One text for all columns that have the same words."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, words in labels.items():
        alike.setdefault(tuple(words), []).append(name)
    return [f"{', '.join(names)}: {_list_codes(words)}" for words, names in alike.items()]


def _list_codes(words: Sequence[str]) -> str:
    shown = [f"{word}={code}" for code, word in enumerate(words[:MOST_CODES])]
    return ", ".join([*shown, *["..."] * (len(words) > MOST_CODES)])
