"""Who is first to a 5 % error on one data set, on ten, on a thousand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.costs import WANTED
from reports.cells import Row, comparable, ends, label

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


def crossovers(paces: Sequence[Pace], most: int = 10**6) -> list[tuple[float, str, str]]:
    """Where the lead changes: (data sets, who led, who leads from there on), in order."""
    found: list[tuple[float, str, str]] = []
    lines = {p.label: (p.seconds(1)[0], p.seconds(2)[0] - p.seconds(1)[0]) for p in paces}
    leader = min(lines, key=lambda name: lines[name][0], default=None)
    at = 1.0
    while leader is not None:
        start, slope = lines[leader]
        overtakes = {
            name: 1 + (first - start) / (slope - each)
            for name, (first, each) in lines.items()
            if each < slope and 1 + (first - start) / (slope - each) >= at
        }
        if not overtakes:
            break
        nearest = min(overtakes, key=lambda name: overtakes[name])
        at = overtakes[nearest]
        if at > most:
            break
        found.append((at, leader, nearest))
        leader = nearest
    return found
