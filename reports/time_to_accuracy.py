"""Seconds until every posterior mean has a standard error of 5 % of its sd, by number of data sets.

Samplers are ranked for one data set, ten and a thousand: what compiles slowly may run fast. One is
faster than another where the interval between processes says so, and of several only where it
says so of each, at a level that holds for all of them together (Bonferroni).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy import stats

from samplerbench.harness.records import CONTENTION_WORD
from samplerbench.harness.scoring.process_seconds import DRAWS_TO_5PCT
from samplerbench.harness.statistics.between_processes import (
    LEAST_PROCESSES,
    TAIL,
    combine_ends,
    estimate_seconds,
    find_typical,
    log_interval,
)
from samplerbench.reports.tables.cells import Row, interval_ends, is_comparable, is_control, label

COUNTS = (1, 10, 1000)  # data sets


@dataclass(frozen=True)
class Process:
    """Seconds that one process took."""

    block: int  # the round that it ran in
    first_s: float  # import and the first run: tracing, compiling, warm-up, sampling
    warm_s: float  # a further run with what is compiled
    more_s: float  # as many draws again, without a new warm-up


@dataclass(frozen=True)
class Cost:
    """What the seconds of one sampler consist of."""

    label: str
    processes: tuple[Process, ...]
    ess: float  # realised, of one run
    ess_lo: float
    ess_hi: float
    whole_runs: bool  # nested sampling can't be cut short
    contended: bool = False  # others used the machine

    def seconds(self, count: int = 1) -> tuple[float, float | None, float | None]:
        """Seconds until ``count`` data sets have every mean to 5 % of its sd.

        With both ends of their interval, which one process has not.
        """
        between = estimate_seconds(self.list_seconds(count, self.ess))
        value = between.value or 0.0
        if between.lo is None or between.hi is None or between.lo <= 0:
            return value, None, None
        fast, slow = (self.typical(count, ess) for ess in (self.ess_hi, self.ess_lo))
        return value, *combine_ends(value, (between.lo, between.hi), (fast, slow))

    def list_seconds(self, count: float, ess: float) -> list[float]:
        """The seconds by each process, were a run worth ``ess`` draws."""
        more = DRAWS_TO_5PCT / ess - 1
        if self.whole_runs:
            more = max(0.0, more)
        return [
            p.first_s + more * p.more_s + (count - 1) * (p.warm_s + more * p.more_s)
            for p in self.processes
        ]

    def typical(self, count: float, ess: float | None = None) -> float:
        """The seconds alone, were a run worth ``ess`` draws (None: as many as it is)."""
        return find_typical(self.list_seconds(count, self.ess if ess is None else ess))

    def reaches(self, count: float) -> tuple[float, float]:
        """Log seconds that the interval of the realised ESS reaches below and above."""
        value = self.typical(count)
        fast, slow = (self.typical(count, ess) for ess in (self.ess_hi, self.ess_lo))
        return math.log(value / fast), math.log(slow / value)


def make_cost(row: Row) -> Cost | None:
    """The cost of a row whose speed is comparable; None where a number is missing."""
    processes = tuple(_list_processes(row))
    if not is_comparable(row) or not row["realised_ess"] or not processes:
        return None
    lo, hi = interval_ends(row, "realised_ess")
    return Cost(
        label=label(row),
        processes=processes,
        ess=row["realised_ess"],
        ess_lo=lo or row["realised_ess"],
        ess_hi=hi or row["realised_ess"],
        whole_runs=row["ess_kish"] is not None,
        contended=any(text.startswith(CONTENTION_WORD) for text in row["warnings"]),
    )


def _list_processes(row: Row) -> list[Process]:
    """The processes that were timed to the end."""
    seconds = row["block_seconds"] or {}
    names = ("import_s", "cold_s", "rerun_s", "warm_s", "sample_s")
    processes = []
    for block, each in enumerate(itertools.zip_longest(*(seconds.get(n, ()) for n in names))):
        started, cold, rerun, warm, sample = each
        again = warm or rerun
        if cold is not None and again:
            processes.append(Process(block, (started or 0.0) + cold, again, sample or again))
    return processes


def list_costs(rows: Sequence[Row]) -> list[Cost]:
    """The costs of all rows that are ranked: comparable, and no control."""
    costs = (make_cost(row) for row in rows if not is_control(row["sampler"]))
    return [cost for cost in costs if cost is not None]


def is_faster(fast: Cost, slow: Cost, count: float, rivals: int = 1) -> bool:
    """Whether ``fast`` is shown to take less than ``slow`` at ``count`` data sets.

    By Student's t on the log ratios of blocks, each of which ran both in one round, with what the
    intervals of the realised ESS add; wrong with a probability of 2.5 % over ``rivals`` such
    comparisons. Never of fewer than 3 processes, or of a machine that others used.
    """
    more, less = (
        {p.block: seconds for p, seconds in zip(one.processes, one.list_seconds(count, one.ess))}
        for one in (slow, fast)
    )
    ratios = [more[block] / less[block] for block in more if block in less]
    if len(ratios) < LEAST_PROCESSES or fast.contended or slow.contended or min(ratios) <= 0:
        return False
    middle, half = log_interval(ratios, TAIL / rivals)
    reach = math.hypot(slow.reaches(count)[0], fast.reaches(count)[1])
    return middle > math.hypot(half, _widen(rivals) * reach)


@functools.cache
def _widen(rivals: int) -> float:
    """How much wider an interval is that holds for ``rivals`` of its kind together."""
    return float(stats.norm.isf(TAIL / rivals) / stats.norm.isf(TAIL))


@dataclass(frozen=True)
class Ranking:
    """The order at one number of data sets."""

    count: int
    #: label, seconds, and both ends or None; the quickest first
    order: tuple[tuple[str, float, float | None, float | None], ...]
    ties: int  # how many lead together
    why: str = ""  # why they are not told apart, where that is not their seconds

    @property
    def winners(self) -> list[str]:
        """Who leads: one, or those that can't be told apart."""
        return [entry[0] for entry in self.order[: self.ties]]


def rank(costs: Sequence[Cost], count: int) -> Ranking:
    """Who is first at ``count`` data sets, with all that are not shown to be slower."""
    order = sorted(costs, key=lambda cost: cost.typical(count))
    if not order:
        return Ranking(count, (), 0)
    best, others = order[0], order[1:]
    slower = [cost for cost in others if is_faster(best, cost, count, len(others))]
    ties = [cost for cost in order if cost not in slower]
    entries = ((cost.label, *cost.seconds(count)) for cost in (*ties, *slower))
    return Ranking(count, tuple(entries), len(ties), _explain_tie(ties))


def _explain_tie(ties: Sequence[Cost]) -> str:
    if len(ties) < 2:
        return ""
    if any(cost.contended for cost in ties):
        return "others used the machine"
    few = [cost for cost in ties if len(cost.processes) < LEAST_PROCESSES]
    counts = ", ".join(f"{cost.label} ran in {len(cost.processes)}" for cost in few)
    return f"it takes {LEAST_PROCESSES} processes each: {counts}" * bool(few)


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
    leader = min(costs, key=lambda cost: cost.typical(1), default=None)
    at = 1.0
    while leader is not None:
        del waiting[leader.label]
        nearest, later = math.inf, None
        for cost in waiting.values():
            end = min(nearest, float(most))
            if _takes_less(cost, leader, end):
                nearest, later = _find_first(_takes_less, cost, leader, at, end), cost
        if later is None:
            break
        crossovers.append(_crossover(nearest, leader, later, most))
        leader, at = later, nearest
    return crossovers


def _takes_less(one: Cost, other: Cost, count: float) -> bool:
    return one.typical(count) < other.typical(count)


def _crossover(at: float, before: Cost, after: Cost, most: int) -> Crossover:
    lo = _find_first(lambda *sides: not is_faster(*sides), before, after, 1.0, at)
    shown = is_faster(after, before, most)
    hi = _find_first(is_faster, after, before, at, most) if shown else math.inf
    return Crossover(at, lo, hi, before.label, after.label)


def _find_first(
    holds: Callable[[Cost, Cost, float], bool], one: Cost, other: Cost, lo: float, hi: float
) -> float:
    """From which number of data sets on, from ``lo`` to ``hi``, it holds, as it does at ``hi``."""
    if holds(one, other, lo):
        return lo
    while hi / lo > 1 + 1e-9:
        middle = math.sqrt(lo * hi)
        lo, hi = (lo, middle) if holds(one, other, middle) else (middle, hi)
    return hi
