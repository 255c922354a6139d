"""How cost and honesty grow with size: exponents, crossovers and verdicts of a campaign."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from samplerbench.harness.comparison import paired_ratios
from samplerbench.harness.statistics import power_law
from samplerbench.harness.statistics.power_law import Crossover, Exponent, Sample
from samplerbench.reports.scaling.lines import Axis, Line, axes
from samplerbench.reports.tables.cells import (
    CONTROLS,
    Row,
    comparable,
    ends,
)
from samplerbench.rounding import number

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign

#: column -> what it is, in a heading
QUANTITIES = {
    "warm_s": "seconds, warm",
    "cold_s": "seconds, cold",
    "realised_ess": "realised ESS",
    "realised_ess_per_s": "realised ESS a second",
    "realised_ess_per_evaluation": "realised ESS an evaluation",
    "peak_rss_mb": "memory, MB",
    "device_peak_mb": "device memory, MB",
}
#: quantities that hold a process's seconds
TIMED = ("warm_s", "realised_ess_per_s")
MOST_CROSSED = 10  # lines of an axis that are held against each other
ENDED = "no numbers"


@dataclass(frozen=True)
class Growth:
    """The exponent of one quantity along one line."""

    line: str
    quantity: str
    fit: Exponent
    marked: bool  # a row of it is neither honest nor overcautious


@dataclass(frozen=True)
class Crossing:
    """Where the lead changes between two lines."""

    first: str
    second: str
    of: str  # what decides: "realised ESS a second" or "seconds, warm"
    found: Crossover

    def says(self, axis: str) -> str:
        """The answer in words."""
        found, verb = self.found, "ahead"
        if not found.leader:
            return "not told apart within the sizes measured"
        names = (self.first, self.second)
        leader = names[found.leader == "second"]
        if found.at is None:
            held = found.lo == found.hi == 0
            more = "" if held else f", for certain only beyond {axis} {number(found.hi)}"
            return f"none within the sizes measured: {leader} {verb} throughout{more}"
        lo = f"below {number(found.sizes[0])}" if found.lo == 0 else number(found.lo)
        again = f"; the lead changes {found.changes} times" if found.changes > 1 else ""
        interval = f"95 % interval {lo} to {number(found.hi)}"
        return f"{leader} {verb} beyond {axis} {number(found.at)} ({interval}){again}"


@dataclass(frozen=True)
class Scaling:
    """One axis with everything that is said of it."""

    axis: Axis
    growth: Sequence[Growth]
    crossings: Sequence[Crossing]
    honest: Sequence[tuple[str, str]]  # line, its verdicts by size in words


def of(campaign: Campaign, rows: Sequence[Row]) -> list[Scaling]:
    """Every axis of size of the campaign; an empty list where nothing was varied."""
    return [along(campaign, axis) for axis in axes(campaign, rows)]


def brief(found: Scaling, lines: int, sizes: int) -> tuple[Scaling, str]:
    """The first ``lines`` at ``sizes`` sizes from the least to the largest; what is left out.

    Exponents are still of all sizes.
    """
    axis, left = found.axis, []
    known = axis.sizes
    if len(known) > sizes:
        places = np.linspace(0, len(known) - 1, sizes).round().astype(int)
        left.append(f"{sizes} of {len(known)} sizes")
        known = [known[at] for at in places]
    if len(axis.lines) > lines:
        left.append(f"the first {lines} of {len(axis.lines)} lines")
    if not left:
        return found, ""
    kept = [one for one in (line.at(known) for line in axis.lines[:lines]) if one.sizes]
    names = {axis.called(line) for line in kept}
    return Scaling(
        replace(axis, lines=tuple(kept)),
        [growth for growth in found.growth if growth.line in names],
        found.crossings,
        [(name, said) for name, said in found.honest if name in names],
    ), " and ".join(left)


def along(campaign: Campaign, axis: Axis) -> Scaling:
    """Everything that is said of one axis."""
    return Scaling(
        axis,
        [growth for line in axis.lines for growth in _growth(axis, line)],
        list(_crossings(campaign, axis)),
        [(axis.called(line), verdicts(line)) for line in axis.lines],
    )


def _growth(axis: Axis, line: Line) -> Iterator[Growth]:
    for name in QUANTITIES:
        values = [row[name] for row in line.rows]
        if not any(value is not None for value in values):
            continue
        floor = power_law.BETWEEN_PROCESSES if name in TIMED else 0.0
        errors = [power_law.log_error(*ends(row, name)) for row in line.rows]
        fit = power_law.exponent(line.sizes, values, errors, floor)
        marked = not all(comparable(row) for row in line.rows)
        yield Growth(axis.called(line), name, fit, marked)


def verdicts(line: Line) -> str:
    """``honest from 32 to 1000, biased at 100k``: runs of equal verdicts by size."""
    told = [(row["verdict"] if row["status"] == "ok" else row["status"]) for row in line.rows]
    said, at = [], 0
    for verdict, group in itertools.groupby(told):
        count = len(list(group))
        first, last = number(line.sizes[at]), number(line.sizes[at + count - 1])
        where = f"at {first}" if count == 1 else f"from {first} to {last}"
        said.append(f"{verdict or ENDED} {where}")
        at += count
    return ", ".join(said)


def verdict(row: Row | None) -> str:
    """One cell of the table of verdicts."""
    if row is None:
        return ""
    return row["verdict"] or ENDED if row["status"] == "ok" else row["status"]


# -- crossovers ----------------------------------------------------------------------------------


def _crossings(campaign: Campaign, axis: Axis) -> Iterator[Crossing]:
    """Pairs of one sampler in two places, and of two samplers in one place."""
    rivals = [line for line in axis.lines if not line.label.startswith(CONTROLS)][:MOST_CROSSED]
    kept: dict[str, Sample | None] = {}

    def sample(line: Line, size: float) -> Sample | None:
        trial = line.trials[line.sizes.index(size)]
        if trial.id not in kept:
            kept[trial.id] = _sample(campaign, trial.id, line)
        return kept[trial.id]

    for one, other in itertools.combinations(rivals, 2):
        if (one.label == other.label) == (one.place == other.place):
            continue
        shared = [size for size in one.sizes if size in other.sizes]
        pairs = [(size, sample(one, size), sample(other, size)) for size in shared]
        known = [(size, a, b) for size, a, b in pairs if a is not None and b is not None]
        if len(known) < 2:
            continue
        by_error = all(s.errors is not None for _, a, b in known for s in (a, b))
        if not by_error:
            known = [(size, Sample(a.times), Sample(b.times)) for size, a, b in known]
        found = power_law.crossover(*(list(part) for part in zip(*known, strict=True)))
        of = QUANTITIES["realised_ess_per_s" if by_error else "warm_s"]
        yield Crossing(axis.called(one), axis.called(other), of, found)


def _sample(campaign: Campaign, trial_id: str, line: Line) -> Sample | None:
    """What the trial brings; None where it was not timed."""
    trial = next(trial for trial in line.trials if trial.id == trial_id)
    result = campaign.store.result(trial_id)
    times = result.runs.get("warm_s", []) if result is not None and result.status == "ok" else []
    if len(times) < 2:
        return None
    errors = paired_ratios.errors_of(campaign, trial)
    if errors is not None and np.isfinite(errors).all(axis=1).sum() < paired_ratios.FEW:
        errors = None
    return Sample(np.asarray(times), errors)
