"""Paired comparison: ratios of time, of error and of efficiency, with intervals.

Time is compared process by process: what two rows took in the same round of blocks makes a pair,
so that the interval holds what differs between processes, not what another day or machine would
give. It takes three processes a row, on a machine that nobody else used. Errors are compared
replicate by replicate: replicate r of both has the same data and seed stream.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.comparison.resampling import (
    FEW,
    LEVEL,
    p_of_logs,
    p_of_resamples,
    ratio_interval,
    resample_log_ratio,
    resampled_interval,
)
from samplerbench.harness.comparison.sides import Side, refuse_unlike_machines, with_places
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.between_processes import LEAST_PROCESSES
from samplerbench.harness.statistics.holm import holm_rejections
from samplerbench.rounding import format_rounded

Array = np.ndarray

TIE = 0.05  # ratios within 5 % of 1 are a tie, whatever the interval
QUANTITIES = ("time", "error", "efficiency")
MEANING = {
    "time": "warm seconds a replicate, median of a process",
    "error": "rms error of the worst mean, in sds",
    "efficiency": "realised effective draws a second",
}
#: quantity -> what a row is that has more of it, and one that has less
WORDS = {
    "time": ("slower", "faster"),
    "error": ("less accurate", "more accurate"),
    "efficiency": ("more efficient", "less efficient"),
}


class Conclusion(enum.StrEnum):
    """What a comparison of one quantity shows; its text in words is ``Ratio.answer``."""

    MORE = "more"  # the row has more of the quantity than the reference
    LESS = "less"
    TIE = "tie"  # the whole interval lies within 5 % of 1
    INDISTINGUISHABLE = "indistinguishable"  # no difference shown with this many replicates
    NOT_COMPARED = "not compared"  # ``Ratio.reason`` says why
    # of what changed between two stacks (``harness.comparison.stack_differences``)
    IDENTICAL = "identical"  # the same draws bit by bit, or the same verdict
    DIFFERENT = "different"  # another distribution of draws, or another verdict
    NOT_TESTED = "not tested"  # numbers side by side, without an interval of their ratio


class NothingShared(UsageError):
    """Two campaigns without a trial in common; the text says what must agree."""


@dataclass(frozen=True)
class Ratio:
    """``value`` is that of ``row`` over that of ``reference``: above 1, ``row`` has more of it."""

    row: str
    reference: str
    quantity: str
    value: float | None
    lo: float | None
    hi: float | None
    pairs: int
    p: float | None
    answer: str  # the conclusion in words, after Holm's correction over the whole report
    reason: str = ""  # why it is not compared, or what to know of the numbers
    trial: str = ""  # of `row`, as named in its store
    reference_trial: str = ""
    conclusion: Conclusion = Conclusion.NOT_TESTED


def not_compared(row: str, reference: str, quantity: str, reason: str, pairs: int = 0) -> Ratio:
    """A ratio without numbers, and why."""
    words, conclusion = "not compared", Conclusion.NOT_COMPARED
    blank = Ratio(row, reference, quantity, None, None, None, pairs, None, words, reason)
    return replace(blank, conclusion=conclusion)


def compare_within(
    sides: Sequence[Side], reference: str | None = None, unlike: bool = False
) -> list[Ratio]:
    """Every row against the reference row of its model, device and budget.

    The reference row is of the same environment, unless each sampler ran in one only: its own. The
    same sampler is compared between environments too. ``reference`` is a sampler's label; None
    takes the first honest row. Raises UsageError for a label that is not there, UnlikeMachines for
    rows from machines that differ.
    """
    sides = with_places(sides)
    if not unlike:
        refuse_unlike_machines(sides)
    labels = [side.label for side in sides]
    if reference is not None and reference not in labels:
        raise unknown_name("sampler in this campaign", reference, set(labels))
    pairs = []
    # samplers that each ran in one environment only, their own, are of one group
    once_each = len({_key(side.trial, False, True) for side in sides}) == len(sides)
    for group in _groups(sides, with_environment=not once_each):
        base = _reference(group, reference)
        pairs += [(side, base) for side in group if side is not base]
    for group in _groups(sides, with_environment=False, by_sampler=True):
        pairs += [(side, group[0]) for side in group[1:]]
    return compare_pairs(pairs)


def compare_between(
    old: Sequence[Side], new: Sequence[Side], names: tuple[str, str], unlike: bool = False
) -> list[Ratio]:
    """Each trial of ``new`` against the same trial of ``old``, whatever its environment.

    ``names`` are those of the new and the old campaign. Raises UnlikeMachines where machines
    differ, NothingShared where no trial is in both.
    """
    if not unlike:
        refuse_unlike_machines([*old, *new])
    pairs = [(row, base) for row in new for base in old if _same(base.trial, row.trial)]
    if not pairs:
        raise NothingShared(
            "no finished trial is in both campaigns\n  expected: the same model, sampler, settings,"
            " device, precision, budget and seed in each"
        )
    return compare_pairs(pairs, names)


def compare_pairs(
    pairs: Sequence[tuple[Side, Side]], names: tuple[str, str] | None = None
) -> list[Ratio]:
    """All ratios of a report, with their conclusions after Holm's correction over all of them."""
    ratios = [
        replace(
            _ratio(row, base, quantity, names), trial=row.trial.id, reference_trial=base.trial.id
        )
        for row, base in pairs
        for quantity in QUANTITIES
    ]
    tested = [(i, ratio.p) for i, ratio in enumerate(ratios) if ratio.p is not None]
    rejections = holm_rejections([p for _, p in tested], 1 - LEVEL)
    significant = {i for (i, _), is_rejected in zip(tested, rejections, strict=True) if is_rejected}
    return [_conclude(ratio, i in significant) for i, ratio in enumerate(ratios)]


# -- who is compared with whom ---------------------------------------------------------------------


def _key(trial: Trial, with_environment: bool, by_sampler: bool) -> tuple[Any, ...]:
    t = trial
    return (
        *(t.model_label, t.device, t.precision, t.chains, t.warmup, t.draws, t.seed, t.calibrate),
        *((t.environment_digest,) if with_environment else ()),
        *((t.label,) if by_sampler else ()),
    )


def _same(a: Trial, b: Trial) -> bool:
    return _key(a, False, True) == _key(b, False, True) and a.model_digest == b.model_digest


def _groups(
    sides: Sequence[Side], with_environment: bool, by_sampler: bool = False
) -> list[list[Side]]:
    groups: dict[tuple[Any, ...], list[Side]] = {}
    for side in sides:
        groups.setdefault(_key(side.trial, with_environment, by_sampler), []).append(side)
    return list(groups.values())


def _reference(group: Sequence[Side], label: str | None) -> Side:
    for side in group:
        if side.label == label or (label is None and side.verdict == "honest"):
            return side
    return group[0]


# -- one ratio -------------------------------------------------------------------------------------


def _ratio(row: Side, base: Side, quantity: str, names: tuple[str, str] | None) -> Ratio:
    ends = _names(row, base, names)
    reason = _obstacle(row, base, quantity)
    if reason:
        return not_compared(*ends, quantity, reason)
    if quantity == "time":
        logs = _log_times(row, base)
        return Ratio(*ends, quantity, *ratio_interval(logs), len(logs), p_of_logs(logs), "")
    one, other = _errors(row), _errors(base)
    count = min(len(one), len(other))
    times = _log_times(row, base) if quantity == "efficiency" else None
    logs = resample_log_ratio(one, other, times)
    if np.isnan(logs).any():
        reason = "too many replicates of both failed: infinite errors on both sides"
        return not_compared(*ends, quantity, reason, count)
    failed = sum(int((~np.isfinite(e[:count]).all(axis=1)).sum()) for e in (one, other))
    note = f"of medians: {failed} replicate(s) failed and count as infinite" if failed else ""
    value, lo, hi = resampled_interval(logs)
    return Ratio(*ends, quantity, value, lo, hi, count, p_of_resamples(logs), "", note)


def _names(row: Side, base: Side, campaigns: tuple[str, str] | None) -> tuple[str, str]:
    if campaigns:
        return f"{row.label} in {campaigns[0]}", f"{base.label} in {campaigns[1]}"
    return f"{row.label}{row.where}", f"{base.label}{base.where}"


def _obstacle(row: Side, base: Side, quantity: str) -> str:
    """Why the quantity of two sides can't be compared; "" where it can."""
    for side in (row, base):
        if side.result.status != "ok":
            return f"{side.label} is {side.result.status}: {side.result.reason}"
        if quantity != "error" and (reason := _doubt_times(side)):
            return reason
        if quantity != "time" and side.errors is None:
            return "no exact answer"
    if quantity != "time" and min(len(_errors(row)), len(_errors(base))) < FEW:
        return f"fewer than {FEW} replicates"
    return ""


def _errors(side: Side) -> Array:
    assert side.errors is not None, "`_obstacle` says where there are none"
    return side.errors


def _doubt_times(side: Side) -> str:
    """Why a side's seconds give no answer; "" where they do."""
    count = sum(map(bool, side.result.list_seconds("warm_s")))
    if count < LEAST_PROCESSES:
        least = f"an answer on time takes {LEAST_PROCESSES} (--blocks)"
        return f"{side.label} was timed in {count} process(es); {least}"
    return f"others used the machine that timed {side.label}" * side.result.is_contended


def _log_times(row: Side, base: Side) -> Array:
    """Log ratios of warm seconds, of each pair of processes."""
    a, b = (side.result.list_seconds("warm_s") for side in (row, base))
    return np.log([one / other for one, other in zip(a, b, strict=False) if one and other])


def _conclude(ratio: Ratio, significant: bool) -> Ratio:
    """The ratio with its conclusion, in words too."""
    if ratio.value is None or ratio.lo is None or ratio.hi is None:
        return ratio
    if 1 / (1 + TIE) <= ratio.lo and ratio.hi <= 1 + TIE:
        return replace(ratio, conclusion=Conclusion.TIE, answer="a tie within 5 %")
    if not significant:
        answer = "indistinguishable at this budget"
        return replace(ratio, conclusion=Conclusion.INDISTINGUISHABLE, answer=answer)
    ends, words = (ratio.value, ratio.lo, ratio.hi), WORDS[ratio.quantity]
    if ratio.value > 1:
        answer = f"{format_rounded(*ends)} times {words[0]}"
        return replace(ratio, conclusion=Conclusion.MORE, answer=answer)
    # the ratio the other way round, with its interval
    value, hi, lo = ((1 / end if end else np.inf) for end in ends)
    answer = f"{format_rounded(value, lo, hi)} times {words[1]}"
    return replace(ratio, conclusion=Conclusion.LESS, answer=answer)
