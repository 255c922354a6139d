"""Who is first to a 5 % error on one data set, on ten, on a thousand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from samplerbench.harness.scoring.efficiency import WANTED
from samplerbench.reports.tables.cells import (
    Row,
    comparable,
    ends,
    label,
)

COUNTS = (1, 10, 1000)  # data sets
CONTROLS = ("exact_iid",)  # yardsticks that no one could use: they know the answer
TIE = 1.10  # below this ratio times are not told apart: runs spread by that much on a quiet machine


@dataclass(frozen=True)
class Pace:
    """What one sampler's seconds are made of."""

    label: str
    first_s: float  # import and the first run: tracing, compiling, warm-up, sampling
    warm_s: float  # a further run with what is compiled
    more_s: float  # as many draws again, without a new warm-up
    again: float  # warm_s of the slow and quick end over warm_s, upper
    again_lo: float
    ess: float  # realised, of one run
    ess_lo: float
    ess_hi: float
    whole_runs: bool  # nested sampling can't be cut short

    def seconds(self, count: int = 1) -> tuple[float, float, float]:
        """Seconds, and both ends, until ``count`` data sets have every mean to 5 % of its sd."""
        found = self._seconds(count, self.ess, 1.0)
        return (
            found,
            self._seconds(count, self.ess_hi, self.again_lo),
            self._seconds(count, self.ess_lo, self.again),
        )

    def _seconds(self, count: int, ess: float, scale: float) -> float:
        more = WANTED / ess - 1
        if self.whole_runs:
            more = max(0.0, more)
        rest = more * self.more_s
        return self.first_s + rest + (count - 1) * scale * (self.warm_s + rest)


def pace(row: Row) -> Pace | None:
    """The pace of a row whose speed is comparable; None where a number is missing."""
    warm = row["warm_s"] or row["rerun_s"]
    if not comparable(row) or not row["realised_ess"] or not warm or row["cold_s"] is None:
        return None
    lo, hi = ends(row, "realised_ess")
    warm_lo, warm_hi = ends(row, "warm_s")
    return Pace(
        label=label(row),
        first_s=(row["import_s"] or 0.0) + row["cold_s"],
        warm_s=warm,
        more_s=row["sample_s"] or warm,
        again=(warm_hi or warm) / warm,
        again_lo=(warm_lo or warm) / warm,
        ess=row["realised_ess"],
        ess_lo=lo or row["realised_ess"],
        ess_hi=hi or row["realised_ess"],
        whole_runs=row["ess_kish"] is not None,
    )


def runners(rows: Sequence[Row]) -> list[Pace]:
    """The paces of all rows that may win: comparable, and no control."""
    found = (pace(row) for row in rows if row["sampler"] not in CONTROLS)
    return [one for one in found if one is not None]


@dataclass(frozen=True)
class Finish:
    """The order at one number of data sets."""

    count: int
    order: tuple[tuple[str, float, float, float], ...]  # label, seconds, lo, hi; the quickest first
    ties: int  # how many lead together

    @property
    def winners(self) -> list[str]:
        """Who leads: one, or those that can't be told apart."""
        return [entry[0] for entry in self.order[: self.ties]]


def finish(paces: Sequence[Pace], count: int) -> Finish:
    """Who is first at ``count`` data sets. Ties: within 10 %, or intervals that overlap."""
    order = sorted(((p.label, *p.seconds(count)) for p in paces), key=lambda entry: entry[1])
    if not order:
        return Finish(count, (), 0)
    best = order[0]
    ties = [entry for entry in order if entry[1] <= best[1] * TIE or entry[2] <= best[3]]
    rest = [entry for entry in order if entry not in ties]
    return Finish(count, (*ties, *rest), len(ties))


@dataclass(frozen=True)
class Crossover:
    """Where the lead changes, and between which numbers of data sets that may lie."""

    at: float  # data sets from which on the later leader takes less seconds
    lo: float  # from here on the two can't be told apart, by the rule of ``finish``
    hi: float  # from here on the later leader is first for certain; inf: never
    before: str
    after: str


def crossovers(paces: Sequence[Pace], most: int = 10**6) -> list[Crossover]:
    """Every change of the lead up to ``most`` data sets, in order."""
    found: list[Crossover] = []
    waiting = {p.label: p for p in paces}
    leader = min(paces, key=lambda p: p.seconds(1)[0], default=None)
    at = 1.0
    while leader is not None:
        del waiting[leader.label]
        meets = {name: _below(_line(p), _line(leader)) for name, p in waiting.items()}
        later = {name: n for name, n in meets.items() if at <= n <= most}
        if not later:
            break
        nearest = min(later, key=lambda name: later[name])
        at = later[nearest]
        found.append(_crossover(at, leader, waiting[nearest]))
        leader = waiting[nearest]
    return found


def _crossover(at: float, before: Pace, after: Pace) -> Crossover:
    old, old_lo, old_hi = (_line(before, end) for end in range(3))
    new, new_lo, new_hi = (_line(after, end) for end in range(3))
    lo = min(_below(new_lo, old_hi), _below(new, _times(TIE, old)))
    hi = max(_below(new_hi, old_lo), _below(_times(TIE, new), old))
    return Crossover(at, lo, hi, before.label, after.label)


def _line(pace: Pace, end: int = 0) -> tuple[float, float]:
    """Seconds for one data set, and for each further one; ``end`` 1 and 2: of the interval."""
    first, second = (pace.seconds(count)[end] for count in (1, 2))
    return first, second - first


def _times(factor: float, line: tuple[float, float]) -> tuple[float, float]:
    return factor * line[0], factor * line[1]


def _below(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The number of data sets from which on ``one`` takes less than ``other``; inf: never."""
    start, slope = one[0] - other[0], one[1] - other[1]
    if slope < 0:
        return max(1.0, 1 + start / -slope)
    return 1.0 if slope == 0 and start < 0 else math.inf
