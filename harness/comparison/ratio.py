"""One ratio of a comparison, and what it shows: a conclusion and its words."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from samplerbench.harness.comparison.resampling import LEVEL
from samplerbench.rounding import format_rounded

TIE = 0.05  # ratios within 5 % of 1 are a tie, whatever the interval
QUANTITIES = ("time", "error", "median error", "efficiency", "lost runs")
MEANING = {
    "time": "warm seconds a replicate, median of a process",
    "error": "rms error of the worst mean, in sds",
    "median error": "error of the worst mean in the median run",
    "efficiency": "realised effective draws a second",
    "lost runs": "share of runs that failed, or with a mean off by over half an sd",
}
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
    IDENTICAL = "identical"  # the same draws, bit by bit or but for rounding, or the same verdict
    DIFFERENT = "different"  # another distribution of draws, or another verdict
    NOT_TESTED = "not tested"  # numbers side by side, without an interval of their ratio


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


def conclude(ratio: Ratio, significant: bool, tested: int) -> Ratio:
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
