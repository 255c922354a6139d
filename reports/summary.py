"""The verdict on a campaign in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from samplerbench.reports.tables.cells import Row, comparable, label
from samplerbench.reports.tables.selection import AXES
from samplerbench.reports.time_to_accuracy import CONTROLS, finish, runners

MOST_NAMED = 4


def sentence(rows: Sequence[Row], planned: int) -> str:
    """What a reader who reads one line should know."""
    if not planned:
        return "This campaign holds no trial."
    if not rows:
        return f"None of the {planned} trials has a result yet."
    if not any(row["status"] == "ok" for row in rows):
        return f"No trial came to an end: {_statuses(rows)}."
    groups = problems(rows)
    if len(groups) == 1:
        return on_one(rows)
    wins = Counter(name for group in groups.values() for name in finish(runners(group), 1).winners)
    if not wins:
        return f"On none of {len(groups)} problems can a sampler be trusted yet: {_verdicts(rows)}."
    best, times = wins.most_common(1)[0]
    lead = f"{best} is the fastest that can be trusted on {times} of {len(groups)} problems"
    return f"{lead}, alone or in a tie ({_verdicts(rows)})."


def problems(rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """Rows that may be held against each other: the same model, stack, device and budget."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(str(row[name]) for name in AXES), []).append(row)
    return found


def on_one(rows: Sequence[Row]) -> str:
    """The verdict on one problem."""
    real = [row for row in rows if row["sampler"] not in CONTROLS] or list(rows)
    first = finish(runners(rows), 1)
    if not first.order:
        return f"No sampler's speed can be compared here: {_doubts(real)}."
    _, seconds, lo, hi = first.order[0]
    said = f"{_names(first.winners)} {'is' if first.ties == 1 else 'are'} the fastest that can be"
    said += f" trusted: every mean to 5 % of its sd in {_seconds(seconds)}"
    if first.ties == 1 and len(first.order) > 1:
        said += f" ({first.order[1][0]}: {_seconds(first.order[1][1])})"
    doubts = _doubts([row for row in real if not comparable(row)])
    return f"{said}; not to be relied on: {doubts}." if doubts else f"{said}."


def _doubts(rows: Sequence[Row]) -> str:
    """Each row with what is wrong with it."""
    words = [f"{label(row)} ({row['verdict'] or row['status']})" for row in rows[: MOST_NAMED + 1]]
    if len(rows) > MOST_NAMED + 1:
        words[MOST_NAMED:] = [f"and {len(rows) - MOST_NAMED} more"]
    return ", ".join(words)


def _statuses(rows: Sequence[Row]) -> str:
    counts = Counter(row["status"] for row in rows)
    return ", ".join(f"{number} {status}" for status, number in counts.most_common())


def _verdicts(rows: Sequence[Row]) -> str:
    counts = Counter(row["verdict"] or row["status"] for row in rows)
    return ", ".join(f"{number} {word}" for word, number in counts.most_common())


def _names(words: Sequence[str]) -> str:
    words = [*words[:MOST_NAMED], *(["others"] if len(words) > MOST_NAMED else [])]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
