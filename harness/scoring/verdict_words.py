"""The words of a verdict, and a verdict as a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from samplerbench.harness.scoring.complaint import Complaint

NO_ANSWER = "no exact answer"
VERDICTS = (
    "honest",
    "undecided",
    "agrees",
    "overconfident",
    "overcautious",
    "unreliable",
    "biased",
    "broken",
    "too few replicates",
    "not judged",
    NO_ANSWER,
)
COMPARABLE = ("honest", "overcautious")  # the others' speed is not comparable
CONVICTIONS = ("overconfident", "unreliable", "biased", "broken")  # the last is worst
UNUSABLE = ("biased", "broken")  # no number of further draws makes such a sampler accurate

LEAST = 16  # replicates: below, the interval of an rms spans a factor of three and more


@dataclass(frozen=True)
class Verdict:
    """The word, the reason in words, and the interval that decided."""

    verdict: str  # one of VERDICTS
    reason: str
    value: float | None = None
    lo: float | None = None  # simultaneous over all that was tested, hence wider than the table's
    hi: float | None = None


def worst_complaint(word: str, tests: Iterator[Complaint]) -> Verdict | None:
    """The test that lies farthest outside its margin, as a verdict; None if all lie inside."""
    outside = [test for test in tests if test.excess > 1]  # NaN, where nothing is known, is not
    if not outside:
        return None
    bad = max(outside, key=lambda test: test.excess)
    return Verdict(word, bad.reason, bad.value, bad.lo, bad.hi)
