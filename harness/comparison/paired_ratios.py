"""Paired comparison: ratios of time, of error and of efficiency, with intervals.

Time is compared process by process: what two rows took in the same round of blocks makes a pair,
so that the interval holds what differs between processes, not what another day or machine would
give. It takes three processes a row, on a machine that nobody else used. Errors and efficiency are
compared replicate by replicate, over all that both finished: replicate r of both has the same data
and seed stream.

Runs that failed have infinite errors, so that of two samplers the one that loses more runs is never
called more accurate or more efficient, whatever the others say. How many each loses is a comparison
of its own, and so is the error of the median run, which rare runs do not rule. No answer on errors
rests on fewer effective replicates than ``FEW_DECIDE`` of them. None holds runs that were not
drawn, and an answer on errors says how many of those may be worse than all that were.
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
    count_deciding,
    difference_interval,
    mcnemar_p,
    p_of_logs,
    p_of_resamples,
    ratio_interval,
    resample_log_median_ratio,
    resample_log_ratio,
    resampled_interval,
)
from samplerbench.harness.comparison.sides import Side, refuse_unlike_machines, with_places
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.between_processes import LEAST_PROCESSES
from samplerbench.harness.statistics.estimates import FEW_DECIDE
from samplerbench.harness.statistics.holm import holm_rejections
from samplerbench.harness.statistics.self_diagnostics import WRONG
from samplerbench.rounding import format_rounded
from samplerbench.text import format_count

Array = np.ndarray

TIE = 0.05  # ratios within 5 % of 1 are a tie, whatever the interval
QUANTITIES = ("time", "error", "median error", "efficiency", "lost runs")
MEANING = {
    "time": "warm seconds a replicate, median of a process",
    "error": "rms error of the worst mean, in sds",
    "median error": "error of the worst mean in the median run",
    "efficiency": "realised effective draws a second",
    "lost runs": "share of runs that failed, or with a mean off by over half an sd",
}
WITH_TIMES = ("time", "efficiency")
#: quantity -> what a row is that has more of it, and one that has less
WORDS = {
    "time": ("slower", "faster"),
    "error": ("less accurate", "more accurate"),
    "median error": ("less accurate", "more accurate"),
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
    lost_runs: tuple[int, int] = (0, 0)  # runs of row and reference that failed
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
        if quantity != "lost runs" or _any_lost(row, base)
    ]
    tested = [(i, ratio.p) for i, ratio in enumerate(ratios) if ratio.p is not None]
    rejections = holm_rejections([p for _, p in tested], 1 - LEVEL)
    significant = {i for (i, _), is_rejected in zip(tested, rejections, strict=True) if is_rejected}
    return [_conclude(ratio, i in significant, len(tested)) for i, ratio in enumerate(ratios)]


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
    one, other = _paired_errors(row, base)
    if quantity == "lost runs":
        return _compare_lost(ends, one, other)
    if quantity == "median error":
        return _compare_medians(ends, one, other)
    times = _log_times(row, base) if quantity == "efficiency" else None
    return _compare_rms(ends, quantity, one, other, times)


Ends = tuple[str, str]


def _compare_rms(ends: Ends, quantity: str, one: Array, other: Array, times: Array | None) -> Ratio:
    """Of the runs that both finished; what decides it is to be more than a few of them."""
    ended = [np.isfinite(errors).all(axis=1) for errors in (one, other)]
    both, lost = ended[0] & ended[1], (int((~ended[0]).sum()), int((~ended[1]).sum()))
    count = int(both.sum())
    if count < FEW:
        return not_compared(*ends, quantity, f"{count} pairs of runs that both finished", count)
    logs = resample_log_ratio(one[both], other[both], times)
    note = f"where both finish; it loses {lost[0]} of {len(one)} runs, its reference {lost[1]}"
    note = note if any(lost) else ""
    deciding = min(count_deciding(one[both]), count_deciding(other[both]))
    p: float | None = p_of_resamples(logs)
    if deciding < FEW_DECIDE * count:
        note, p = f"a few runs decide: {deciding:.1f} effective replicates of {count}", None
    return Ratio(*ends, quantity, *resampled_interval(logs), count, p, "", note, lost)


def _compare_medians(ends: Ends, one: Array, other: Array) -> Ratio:
    quantity, count = "median error", len(one)
    logs = resample_log_median_ratio(one, other)
    if np.isnan(logs).any():
        reason = "too many replicates of both failed: infinite errors on both sides"
        return not_compared(*ends, quantity, reason, count)
    return Ratio(*ends, quantity, *resampled_interval(logs), count, p_of_resamples(logs), "")


def _compare_lost(ends: Ends, one: Array, other: Array) -> Ratio:
    """Difference of the shares of lost runs, in words: there is no ratio where one loses none."""
    count, (row, base) = len(one), map(_find_lost, (one, other))
    more, less = int((row & ~base).sum()), int((base & ~row).sum())
    lo, hi = difference_interval(more, less, count)
    lost = int(row.sum()), int(base.sum())
    words = f"loses {lost[0]} of {count} runs, its reference {lost[1]}"
    words += f" ({100 * lo:+.1f} to {100 * hi:+.1f} % more)"
    p = mcnemar_p(more, less)
    return Ratio(*ends, "lost runs", None, None, None, count, p, words, lost_runs=lost)


def _find_lost(errors: Array) -> Array:
    """[replicate] bool: failed, or with a mean off by over half an sd."""
    with np.errstate(invalid="ignore"):
        return ~(np.abs(errors) <= WRONG).all(axis=1)


def _paired_errors(row: Side, base: Side) -> tuple[Array, Array]:
    one, other = _errors(row), _errors(base)
    count = min(len(one), len(other))
    return one[:count], other[:count]


def _any_lost(row: Side, base: Side) -> bool:
    return any(side.errors is not None and _find_lost(side.errors).any() for side in (row, base))


def _names(row: Side, base: Side, campaigns: tuple[str, str] | None) -> tuple[str, str]:
    if campaigns:
        return f"{row.label} in {campaigns[0]}", f"{base.label} in {campaigns[1]}"
    return f"{row.label}{row.where}", f"{base.label}{base.where}"


def _obstacle(row: Side, base: Side, quantity: str) -> str:
    """Why the quantity of two sides can't be compared; "" where it can."""
    for side in (row, base):
        if side.result.status != "ok":
            return f"{side.label} is {side.result.status}: {side.result.reason}"
        if quantity in WITH_TIMES and (reason := _doubt_times(side)):
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
        return f"{side.label} was timed in {format_count(count, 'process')}; {least}"
    return f"others used the machine that timed {side.label}" * side.result.is_contended


def _log_times(row: Side, base: Side) -> Array:
    """Log ratios of warm seconds, of each pair of processes."""
    a, b = (side.result.list_seconds("warm_s") for side in (row, base))
    return np.log([one / other for one, other in zip(a, b, strict=False) if one and other])


def _conclude(ratio: Ratio, significant: bool, tested: int) -> Ratio:
    """The ratio with its conclusion, in words too; ``tested``: how many ratios of the report are.

    An interval that leaves out 1 for a ratio alone may hold it among so many: the words say so.
    """
    if ratio.quantity == "lost runs" and ratio.answer and ratio.p is not None:
        sign = Conclusion.MORE if ratio.lost_runs[0] > ratio.lost_runs[1] else Conclusion.LESS
        return replace(ratio, conclusion=sign if significant else Conclusion.INDISTINGUISHABLE)
    if ratio.value is None or ratio.lo is None or ratio.hi is None:
        return ratio
    is_tie = 1 / (1 + TIE) <= ratio.lo and ratio.hi <= 1 + TIE
    if is_tie and ratio.p is not None and ratio.lost_runs[0] == ratio.lost_runs[1]:
        return replace(ratio, conclusion=Conclusion.TIE, answer="a tie within 5 %")
    conclusion = Conclusion.MORE if ratio.value > 1 else Conclusion.LESS
    words = _describe(ratio.quantity, ratio.value, ratio.lo, ratio.hi)
    if not significant or conclusion is _refuted(ratio):
        if significant:
            answer = f"undecided: {words}, but lost runs say otherwise"
        else:
            alone = ratio.p is not None and (ratio.lo > 1 or ratio.hi < 1)
            answer = "indistinguishable at this budget" + f" among {tested} ratios" * alone
        return replace(ratio, conclusion=Conclusion.INDISTINGUISHABLE, answer=answer)
    return replace(ratio, conclusion=conclusion, answer=words + _limit_unseen(ratio))


def _limit_unseen(ratio: Ratio) -> str:
    """What an answer on squared errors can't know: runs that were not drawn.

    That n runs all miss the worst share p has probability ``(1 - p)^n``: 5 % for 8.9 % of 32 runs.
    """
    if ratio.quantity not in ("error", "efficiency"):
        return ""
    share = 1 - (1 - LEVEL) ** (1 / ratio.pairs)
    return f", if no run is worse than those seen (up to {100 * share:.2g} % may be)"


def _refuted(ratio: Ratio) -> Conclusion | None:
    """What lost runs, whose errors are infinite, forbid to say of the others."""
    row, base = ratio.lost_runs
    if row == base:
        return None
    better = Conclusion.MORE if ratio.quantity == "efficiency" else Conclusion.LESS
    worse = Conclusion.LESS if better is Conclusion.MORE else Conclusion.MORE
    return better if row > base else worse


def _describe(quantity: str, value: float, lo: float, hi: float) -> str:
    words = WORDS[quantity]
    if value > 1:
        return f"{format_rounded(value, lo, hi)} times {words[0]}"
    # the ratio the other way round, with its interval
    value, hi, lo = ((1 / end if end else np.inf) for end in (value, lo, hi))
    return f"{format_rounded(value, lo, hi)} times {words[1]}"
