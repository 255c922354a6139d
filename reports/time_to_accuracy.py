"""Seconds until every posterior mean has a standard error of 5 % of its sd, by number of data sets.

Samplers are ranked for one data set, ten and a thousand: what compiles slowly may run fast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from samplerbench.harness.scoring.metrics.efficiency import DRAWS_TO_5PCT
from samplerbench.reports.tables.cells import Row, interval_ends, is_comparable, is_control, label

COUNTS = (1, 10, 1000)  # data sets
TIE = 1.10  # below this ratio times are not told apart: runs spread by that much on a quiet machine


@dataclass(frozen=True)
class Cost:
    """What the seconds of one sampler consist of."""

    label: str
    first_s: float  # import and the first run: tracing, compiling, warm-up, sampling
    warm_s: float  # a further run with what is compiled
    more_s: float  # as many draws again, without a new warm-up
    slowest: float  # warm_s of the slow end of its interval over warm_s
    quickest: float  # the same of the quick end
    ess: float  # realised, of one run
    ess_lo: float
    ess_hi: float
    whole_runs: bool  # nested sampling can't be cut short

    def seconds(self, count: int = 1) -> tuple[float, float, float]:
        """Seconds, and both ends, until ``count`` data sets have every mean to 5 % of its sd."""
        return (
            self._seconds(count, self.ess, 1.0),
            self._seconds(count, self.ess_hi, self.quickest),
            self._seconds(count, self.ess_lo, self.slowest),
        )

    def _seconds(self, count: int, ess: float, scale: float) -> float:
        more = DRAWS_TO_5PCT / ess - 1
        if self.whole_runs:
            more = max(0.0, more)
        rest = more * self.more_s
        return self.first_s + rest + (count - 1) * scale * (self.warm_s + rest)


def make_cost(row: Row) -> Cost | None:
    """The cost of a row whose speed is comparable; None where a number is missing."""
    warm = row["warm_s"] or row["rerun_s"]
    if not is_comparable(row) or not row["realised_ess"] or not warm or row["cold_s"] is None:
        return None
    lo, hi = interval_ends(row, "realised_ess")
    warm_lo, warm_hi = interval_ends(row, "warm_s")
    return Cost(
        label=label(row),
        first_s=(row["import_s"] or 0.0) + row["cold_s"],
        warm_s=warm,
        more_s=row["sample_s"] or warm,
        slowest=(warm_hi or warm) / warm,
        quickest=(warm_lo or warm) / warm,
        ess=row["realised_ess"],
        ess_lo=lo or row["realised_ess"],
        ess_hi=hi or row["realised_ess"],
        whole_runs=row["ess_kish"] is not None,
    )


def list_costs(rows: Sequence[Row]) -> list[Cost]:
    """The costs of all rows that are ranked: comparable, and no control."""
    costs = (make_cost(row) for row in rows if not is_control(row["sampler"]))
    return [cost for cost in costs if cost is not None]


@dataclass(frozen=True)
class Ranking:
    """The order at one number of data sets."""

    count: int
    order: tuple[tuple[str, float, float, float], ...]  # label, seconds, lo, hi; the quickest first
    ties: int  # how many lead together

    @property
    def winners(self) -> list[str]:
        """Who leads: one, or those that can't be told apart."""
        return [entry[0] for entry in self.order[: self.ties]]


def rank(costs: Sequence[Cost], count: int) -> Ranking:
    """Who is first at ``count`` data sets. Ties: within 10 %, or intervals that overlap."""
    order = sorted(((c.label, *c.seconds(count)) for c in costs), key=lambda entry: entry[1])
    if not order:
        return Ranking(count, (), 0)
    best = order[0]
    ties = [entry for entry in order if entry[1] <= best[1] * TIE or entry[2] <= best[3]]
    rest = [entry for entry in order if entry not in ties]
    return Ranking(count, (*ties, *rest), len(ties))


@dataclass(frozen=True)
class Crossover:
    """Where the lead changes, and between which numbers of data sets that may lie."""

    data_sets: float  # data sets from which on the later leader takes less seconds
    lo: float  # from here on the two can't be told apart, by the rule of ``rank``
    hi: float  # from here on the later leader is first for certain; inf: never
    earlier_leader: str
    later_leader: str


def find_crossovers(costs: Sequence[Cost], most: int = 10**6) -> list[Crossover]:
    """Every change of the lead up to ``most`` data sets, in order."""
    crossovers: list[Crossover] = []
    waiting = {cost.label: cost for cost in costs}
    leader = min(costs, key=lambda cost: cost.seconds(1)[0], default=None)
    at = 1.0
    while leader is not None:
        del waiting[leader.label]
        meets = {name: _below(_line(cost), _line(leader)) for name, cost in waiting.items()}
        later = {name: n for name, n in meets.items() if at <= n <= most}
        if not later:
            break
        nearest = min(later, key=lambda name: later[name])
        at = later[nearest]
        crossovers.append(_crossover(at, leader, waiting[nearest]))
        leader = waiting[nearest]
    return crossovers


def _crossover(at: float, before: Cost, after: Cost) -> Crossover:
    old, old_lo, old_hi = (_line(before, end) for end in range(3))
    new, new_lo, new_hi = (_line(after, end) for end in range(3))
    lo = min(_below(new_lo, old_hi), _below(new, _times(TIE, old)))
    hi = max(_below(new_hi, old_lo), _below(_times(TIE, new), old))
    return Crossover(at, lo, hi, before.label, after.label)


def _line(cost: Cost, end: int = 0) -> tuple[float, float]:
    """Seconds for one data set, and for each further one; ``end`` 1 and 2: of the interval."""
    first, second = (cost.seconds(count)[end] for count in (1, 2))
    return first, second - first


def _times(factor: float, line: tuple[float, float]) -> tuple[float, float]:
    return factor * line[0], factor * line[1]


def _below(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The number of data sets from which on ``one`` takes less than ``other``; inf: never."""
    start, slope = one[0] - other[0], one[1] - other[1]
    if slope < 0:
        return max(1.0, 1 + start / -slope)
    return 1.0 if slope == 0 and start < 0 else math.inf
