"""The result of a campaign in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from samplerbench.harness.scoring.verdict_words import CONVICTIONS
from samplerbench.reports.tables.cells import Row, is_comparable, is_control, label
from samplerbench.reports.tables.selection import AXES, get_place
from samplerbench.reports.time_to_accuracy import Ranking, list_costs, rank
from samplerbench.rounding import choose_scale, format_all_rounded, format_percents

MOST_NAMED = 4
GOAL = "from nothing to every mean within 5 % of its sd"


def summarise(rows: Sequence[Row], planned: int) -> str:
    """One sentence on all rows, of ``planned`` trials."""
    if not planned:
        return "This campaign holds no trial."
    if not rows:
        return f"None of the {planned} trials has a result yet."
    if not any(row["status"] == "ok" for row in rows):
        return f"No trial came to an end: {_count(row['status'] for row in rows)}."
    groups = group_problems(rows)
    if len(groups) == 1:
        return summarise_problem(rows)
    rankings = [rank(list_costs(group), 1) for group in groups.values()]
    real = _leave_out_controls(rows)
    verdicts = _count(row["verdict"] or row["status"] for row in real)
    if all(row["calibrate"] for row in rows):
        return f"By data sets drawn from the prior, on {len(groups)} problems: {verdicts}."
    if not any(ranking.order for ranking in rankings):
        comparable = [row for row in real if is_comparable(row)]
        if any(map(_has_clock, comparable)):  # controls alone, which are not ranked
            return f"On {len(groups)} problems: {verdicts}."
        timed = " with a clock" if comparable else ""
        return f"On none of {len(groups)} problems is a sampler{timed} shown honest: {verdicts}."
    contests = [ranking for ranking in rankings if len(ranking.order) > 1]
    ranked = "shown honest" + " or overcautious" * any(map(_is_overcautious, real))
    if not contests:
        count = sum(bool(ranking.order) for ranking in rankings)
        return f"On {count} of {len(groups)} problems a sampler is {ranked}: {verdicts}."
    wins = Counter(ranking.winners[0] for ranking in contests if ranking.ties == 1)
    of = f"of {len(groups)} problems"
    if not wins:
        return f"On none {of} is one of those {ranked} told apart as the fastest ({verdicts})."
    times = max(wins.values())
    best = [name for name, count in wins.items() if count == times]
    names = f"{_join_names(best)}{' each' * (len(best) > 1)}"
    return f"Of those {ranked} {names} took least on {times} {of} ({verdicts})."


def group_problems(rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """Rows that may be compared: the same model, stack, device and budget.

    Where each sampler ran on one stack only, its own, the stack tells no problems apart.
    """
    shared = [name for name in AXES if name != "environment"]
    apart = {(label(row), *(str(get_place(row, name)) for name in shared)) for row in rows}
    axes = shared if len(apart) == len(rows) else AXES
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(str(get_place(row, name)) for name in axes), []).append(row)
    return groups


def summarise_problem(rows: Sequence[Row]) -> str:
    """One sentence on the rows of one problem."""
    real = _leave_out_controls(rows)
    if all(row["calibrate"] for row in rows):
        return _summarise_by_ranks(real)
    ranking = rank(list_costs(rows), 1)
    shown = [_name_shown(row) for row in real if row["verdict"] == "honest"]
    if not shown:
        return f"No sampler is shown to be honest here{_describe_others(real)}."
    if not ranking.order:  # draws that were made elsewhere, or controls alone
        clock = "" if any(map(_has_clock, real)) else ", without a clock"
        return f"Shown honest: {_join_names(shown)}{clock}{_describe_others(real)}."
    return f"Shown honest: {_join_names(shown)}; {_tell_fastest(ranking)}{_describe_others(real)}."


def _leave_out_controls(rows: Sequence[Row]) -> list[Row]:
    """The rows of samplers that do not know the answer; all where there is none."""
    return [row for row in rows if not is_control(row["sampler"])] or list(rows)


def _has_clock(row: Row) -> bool:
    return row["cold_s"] is not None


def _is_overcautious(row: Row) -> bool:
    return row["verdict"] == "overcautious"


def _summarise_by_ranks(rows: Sequence[Row]) -> str:
    """One sentence on rows that are judged by how truths rank among their draws."""
    shown = [_name_shown(row) for row in rows if is_comparable(row)]
    words = "no sampler is shown to be honest"
    if shown:
        words = f"the truths rank evenly among the draws of {_join_names(shown)}"
    return f"Over data sets drawn from the prior {words}{_describe_others(rows)}."


def _tell_fastest(ranking: Ranking) -> str:
    """Who took least, or who is not told apart and why."""
    seconds = [f"{name}: {_format_seconds(each)}" for name, each, *_ in ranking.order]
    if ranking.ties > 1:
        why = f" ({ranking.why})" if ranking.why else ""
        named = _join_names(seconds[: ranking.ties])
        return f"{GOAL} these are not told apart{why}: {named}"
    name, took, lo, hi = ranking.order[0]
    words = _format_interval(took, lo, hi)
    if len(ranking.order) == 1:
        return f"{GOAL} it takes {words}"
    return f"{name} took least {GOAL}, {words}{''.join(f'; {s}' for s in seconds[1:2])}"


def _name_shown(row: Row) -> str:
    """A row that is shown honest, with the share of its runs that never ended."""
    rate = row.get("unfinished_rate")
    return (
        f"{label(row)} when it ends ({format_percents(rate)} of runs did not)"
        if rate
        else label(row)
    )


def _describe_others(rows: Sequence[Row]) -> str:
    """Rows that claim too little, agree with what can't confirm them, are convicted, not judged."""
    others = [row for row in rows if not is_comparable(row)]
    cautious = [_name_shown(row) for row in rows if _is_overcautious(row)]
    agree, neither = (
        [label(row) for row in others if row["verdict"] == word] for word in ("agrees", "undecided")
    )
    convicted = [row for row in others if row["verdict"] in CONVICTIONS]
    named = (*CONVICTIONS, "agrees", "undecided")
    rest = [row for row in others if row["verdict"] not in named]
    parts = [
        f"overcautious: {_join_names(cautious)}" if cautious else "",
        f"undecided: {_join_names(neither)}" if neither else "",
        f"agrees with an answer that is itself a sampler's: {_join_names(agree)}" if agree else "",
        f"not to be relied on: {_list_verdicts(convicted)}" if convicted else "",
        f"not judged: {_list_verdicts(rest)}" if rest else "",
    ]
    return "".join(f"; {part}" for part in parts if part)


def _list_verdicts(rows: Sequence[Row]) -> str:
    """Each row with its verdict."""
    words = [f"{label(row)} ({row['verdict'] or row['status']})" for row in rows[: MOST_NAMED + 1]]
    if len(rows) > MOST_NAMED + 1:
        words[MOST_NAMED:] = [f"and {len(rows) - MOST_NAMED} more"]
    return ", ".join(words)


def _count(words: Iterable[str]) -> str:
    """How often there is each: ``3 honest, 1 failed``, the most frequent first."""
    return ", ".join(f"{number} {word}" for word, number in Counter(words).most_common())


def _join_names(words: Sequence[str]) -> str:
    words = [*words[:MOST_NAMED], *(["others"] if len(words) > MOST_NAMED else [])]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _format_interval(value: float, lo: float | None, hi: float | None) -> str:
    """Seconds with the ends of their interval, to the digits that it supports."""
    if lo is None or hi is None:
        return _format_seconds(value)
    factor, unit = choose_scale(value, "s")
    texts = format_all_rounded([factor * end for end in (value, lo, hi)], factor * lo, factor * hi)
    return f"{texts[0]} {unit} ({texts[1]} to {texts[2]})"


def _format_seconds(value: float) -> str:
    factor, unit = choose_scale(value, "s")
    return f"{factor * value:{'.2g' if factor * value < 10 else '.0f'}} {unit}"
