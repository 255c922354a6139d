"""How cost and honesty grow with size: exponents, crossovers and verdicts of a campaign."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from samplerbench.harness.comparison.resampling import FEW
from samplerbench.harness.comparison.sides import mean_errors
from samplerbench.harness.statistics import power_law
from samplerbench.harness.statistics.power_law import Crossover, Exponent, Sample
from samplerbench.reports.scaling.lines import Axis, Line, find_axes
from samplerbench.reports.tables.cells import Row, interval_ends, is_comparable, is_control
from samplerbench.rounding import format_number

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.records import Trial

#: column -> what it is, in a heading
QUANTITIES = {
    "warm_s": "seconds, warm",
    "cold_s": "seconds, cold",
    "realised_ess": "realised ESS",
    "realised_ess_per_s": "realised ESS a second",
    "realised_ess_per_evaluation": "realised ESS an evaluation",
    "peak_rss_mb": "memory",
    "device_peak_mb": "device memory",
}
#: quantities that hold a process's seconds
TIMED_COLUMNS = ("warm_s", "realised_ess_per_s")
MOST_CROSSED = 10  # lines of an axis that are held against each other
NO_NUMBERS = "no numbers"


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
    quantity: str  # what decides: "realised ESS a second" or "seconds, warm"
    crossover: Crossover

    def describe(self, axis: str) -> str:
        """The conclusion in words."""
        cross = self.crossover
        if not cross.leader:
            return "not told apart within the sizes measured"
        leader = (self.first, self.second)[cross.leader == "second"]
        if cross.size is None:
            is_certain = cross.lo == cross.hi == 0
            more = (
                "" if is_certain else f", for certain only beyond {axis} {format_number(cross.hi)}"
            )
            return f"none within the sizes measured: {leader} ahead throughout{more}"
        lo = f"below {format_number(cross.sizes[0])}" if cross.lo == 0 else format_number(cross.lo)
        again = f"; the lead changes {cross.changes} times" if cross.changes > 1 else ""
        interval = f"95 % interval {lo} to {format_number(cross.hi)}"
        return f"{leader} ahead beyond {axis} {format_number(cross.size)} ({interval}){again}"


@dataclass(frozen=True)
class Scaling:
    """One axis with its exponents, crossovers and verdicts."""

    axis: Axis
    growth: Sequence[Growth]
    crossings: Sequence[Crossing]
    verdicts: Sequence[tuple[str, str]]  # line, its verdicts by size in words


def analyse_campaign(campaign: Campaign, rows: Sequence[Row]) -> list[Scaling]:
    """Every axis of size of the campaign; an empty list where nothing was varied."""
    return [analyse_axis(campaign, axis) for axis in find_axes(campaign, rows)]


def shorten(scaling: Scaling, lines: int, sizes: int) -> tuple[Scaling, str]:
    """The first ``lines`` at ``sizes`` sizes from the least to the largest; how many of how many.

    Exponents are still of all sizes.
    """
    axis, limits = scaling.axis, []
    chosen = axis.sizes
    if len(chosen) > sizes:
        places = np.linspace(0, len(chosen) - 1, sizes).round().astype(int)
        limits.append(f"{sizes} of {len(chosen)} sizes")
        chosen = [chosen[at] for at in places]
    if len(axis.lines) > lines:
        limits.append(f"the first {lines} of {len(axis.lines)} lines")
    if not limits:
        return scaling, ""
    shorter = [one for one in (line.select(chosen) for line in axis.lines[:lines]) if one.sizes]
    names = {axis.get_name(line) for line in shorter}
    return Scaling(
        replace(axis, lines=tuple(shorter)),
        [growth for growth in scaling.growth if growth.line in names],
        scaling.crossings,
        [(name, text) for name, text in scaling.verdicts if name in names],
    ), " and ".join(limits)


def analyse_axis(campaign: Campaign, axis: Axis) -> Scaling:
    """Exponents, crossovers and verdicts of one axis."""
    return Scaling(
        axis,
        [growth for line in axis.lines for growth in _growth(axis, line)],
        list(_crossings(campaign, axis)),
        [(axis.get_name(line), describe_verdicts(line)) for line in axis.lines],
    )


def _growth(axis: Axis, line: Line) -> Iterator[Growth]:
    for name in QUANTITIES:
        values = [row[name] for row in line.rows]
        if not any(value is not None for value in values):
            continue
        floor = power_law.BETWEEN_PROCESSES if name in TIMED_COLUMNS else 0.0
        errors = [power_law.log_error(*interval_ends(row, name)) for row in line.rows]
        fit = power_law.fit_exponent(line.sizes, values, errors, floor)
        marked = not all(is_comparable(row) for row in line.rows)
        yield Growth(axis.get_name(line), name, fit, marked)


def describe_verdicts(line: Line) -> str:
    """``honest from 32 to 1000, biased at 100k``: runs of equal verdicts by size."""
    parts, at = [], 0
    for verdict, group in itertools.groupby(map(name_verdict, line.rows)):
        count = len(list(group))
        first, last = format_number(line.sizes[at]), format_number(line.sizes[at + count - 1])
        parts.append(f"{verdict} at {first}" if count == 1 else f"{verdict} from {first} to {last}")
        at += count
    return ", ".join(parts)


def name_verdict(row: Row | None) -> str:
    """The verdict at one size, or how the trial ended; "" where there is no trial."""
    if row is None:
        return ""
    return row["verdict"] or NO_NUMBERS if row["status"] == "ok" else row["status"]


# -- crossovers ----------------------------------------------------------------------------------


def _crossings(campaign: Campaign, axis: Axis) -> Iterator[Crossing]:
    """Pairs of one sampler in two places, and of two samplers in one place."""
    rivals = [line for line in axis.lines if not is_control(line.trials[0].sampler)][:MOST_CROSSED]
    pairs = [
        (one, other)
        for one, other in itertools.combinations(rivals, 2)
        if (one.label == other.label) != (one.place == other.place)
    ]
    crossed = {trial.id: trial for pair in pairs for line in pair for trial in line.trials}
    ended = campaign.store.select_ok([*crossed.values()])
    kept = {trial.id for trial in campaign.store.drop_lost_draws(ended)}
    samples: dict[str, Sample | None] = {}

    def sample(line: Line, size: float) -> Sample | None:
        trial = line.trials[line.sizes.index(size)]
        if trial.id not in samples:
            samples[trial.id] = _sample(campaign, trial, trial.id in kept)
        return samples[trial.id]

    for one, other in pairs:
        shared = [size for size in one.sizes if size in other.sizes]
        timed = [(size, sample(one, size), sample(other, size)) for size in shared]
        known = [(size, a, b) for size, a, b in timed if a is not None and b is not None]
        if len(known) < 2:
            continue
        by_error = all(_count_pairs(a, b) >= FEW for _, a, b in known)
        if not by_error:
            known = [(size, Sample(a.times), Sample(b.times)) for size, a, b in known]
        sizes, first, second = (list(part) for part in zip(*known, strict=True))
        crossover = power_law.find_crossover(sizes, first, second)
        quantity = QUANTITIES["realised_ess_per_s" if by_error else "warm_s"]
        yield Crossing(axis.get_name(one), axis.get_name(other), quantity, crossover)


def _count_pairs(one: Sample, other: Sample) -> int:
    """How many replicates both finished; 0 where one has no errors."""
    if one.errors is None or other.errors is None:
        return 0
    return len(power_law.pair_errors(one.errors, other.errors)[0])


def _sample(campaign: Campaign, trial: Trial, has_draws: bool) -> Sample | None:
    """Warm seconds and errors of a trial's replicates; None where it was not timed."""
    result = campaign.store.result(trial.id)
    times = result.runs.get("warm_s", []) if result is not None and result.status == "ok" else []
    if len(times) < 2:
        return None
    exact = None if trial.calibrate or not has_draws else campaign.exact(trial)
    if exact is None:
        return Sample(np.asarray(times))
    return Sample(np.asarray(times), mean_errors(campaign.store.draws_path(trial.id), exact))
