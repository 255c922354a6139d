"""How a number grows with size: the exponent of a power law, and where two lines cross.

An exponent is the slope of a least-squares line through logs, each size weighted by its own
standard error, and its interval is the normal one of these errors. No power law holds exactly, so
where sizes scatter about the line by more than errors alone do in half of all cases, the slope's
error is raised by as much (Birge 1932, Phys. Rev. 40:207) and its interval is Student's t with two
degrees of freedom less than there are sizes; so it is where errors are not known. Of exact power
laws that holds the truth in 97 to 98 %, of laws that scatter by twice the errors in 94 % (90 % with
3 sizes).

A crossover is read off straight lines between neighbouring sizes on logs; its interval is a
bootstrap over the replicates of each size, both sides with the same replicates (paired).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

Array = np.ndarray

LEVEL = 0.95
RESAMPLES = 2000  # an end of a 95 % interval is then known to 0.3 % of probability
SEED = 20261124
Z = float(stats.norm.ppf((1 + LEVEL) / 2))
#: a run's seconds differ between processes by about this on a quiet machine (medians of repeated
#: processes: 2 to 4 %), which the spread within one process does not hold
BETWEEN_PROCESSES = 0.03
FEWEST = 3  # sizes for an interval of a slope


@dataclass(frozen=True)
class Exponent:
    """``value ~ size ** exponent``; without an interval the reason says why."""

    exponent: float | None
    lo: float | None
    hi: float | None
    sizes: int
    last: float | None = None  # the exponent between the two largest sizes
    last_lo: float | None = None  # from these two points' own errors
    last_hi: float | None = None
    reason: str = ""


def log_error(lo: float | None, hi: float | None) -> float | None:
    """Standard error of the log of a positive number with the 95 % interval ``lo`` to ``hi``."""
    if lo is None or hi is None or not 0 < lo <= hi < math.inf:
        return None
    return (math.log(hi) - math.log(lo)) / (2 * Z)


def fit_exponent(
    sizes: Sequence[float],
    values: Sequence[float | None],
    errors: Sequence[float | None],
    floor: float = 0.0,
) -> Exponent:
    """The exponent of ``values`` in ``sizes``.

    ``errors`` are standard errors of log values; where any is None, all sizes count alike.
    ``floor`` is what each error holds at least: what no interval of one process can see.
    """
    points = [
        (math.log(s), math.log(v), e)
        for s, v, e in zip(sizes, values, errors, strict=True)
        if v is not None and 0 < v < math.inf
    ]
    count = len({x for x, _, _ in points})
    if count < 2:
        return Exponent(None, None, None, count, reason="fewer than 2 sizes have a number")
    points.sort(key=lambda point: point[0])
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    point_errors = [p[2] for p in points]
    se = None if None in point_errors else np.hypot(np.array(point_errors, float), floor)
    if se is not None and not (se > 0).all():
        se = None
    slope, half = _line(x, y, se)
    step = x[-1] - x[-2]
    last = (y[-1] - y[-2]) / step if step else None
    reach = None if se is None or not step else Z * math.hypot(se[-1], se[-2]) / step
    return Exponent(
        slope,
        None if half is None else slope - half,
        None if half is None else slope + half,
        len(points),
        None if last is None else float(last),
        None if last is None or reach is None else float(last - reach),
        None if last is None or reach is None else float(last + reach),
        "" if half is not None else f"{len(points)} sizes leave no degree of freedom",
    )


def _line(x: Array, y: Array, se: Array | None) -> tuple[float, float | None]:
    """Slope, and half of its interval. ``se`` None: the errors are taken from the scatter."""
    w = np.ones_like(x) if se is None else se**-2
    centre = (w * x).sum() / w.sum()
    spread = (w * (x - centre) ** 2).sum()
    slope = float((w * (x - centre) * y).sum() / spread)
    if len(x) < FEWEST:
        return slope, None
    rest = y - (w * y).sum() / w.sum() - slope * (x - centre)
    squares, freedom = float((w * rest**2).sum()), len(x) - 2
    if se is not None and squares <= stats.chi2.ppf(0.5, freedom):
        return slope, Z / math.sqrt(spread)
    t = float(stats.t.ppf((1 + LEVEL) / 2, freedom))
    return slope, t * math.sqrt(squares / freedom / spread)


def fit_slopes(sizes: Sequence[float], processes: Sequence[Sequence[float | None]]) -> list[float]:
    """The exponent of seconds in ``sizes``, of each process that has a number at every size.

    ``processes`` are ``[process][size]``: a process of each size, in the same round, makes one.
    """
    whole = [[s for s in seconds if s] for seconds in processes]
    x = np.log(np.asarray(sizes, float))
    return [float(np.polyfit(x, np.log(s), 1)[0]) for s in whole if len(s) == len(sizes)]


def fit_paired(sizes: Sequence[float], runs: Sequence[Sequence[float]]) -> Exponent:
    """The exponent of seconds in ``sizes``, from the same runs at each; ``runs`` [size][run].

    Student's t over the runs, widened by what differs between the processes of the sizes.
    """
    if len(set(sizes)) < 2:
        return Exponent(None, None, None, len(set(sizes)), reason="fewer than 2 sizes")
    slopes = np.array(fit_slopes(sizes, list(zip(*runs, strict=False))))
    if len(slopes) < 2:
        return Exponent(None, None, None, len(sizes), reason="fewer than 2 runs at every size")
    noise = stats.t.ppf((1 + LEVEL) / 2, len(slopes) - 1) * stats.sem(slopes)
    between = Z * math.sqrt(2) * BETWEEN_PROCESSES / math.log(max(sizes) / min(sizes))
    value, half = float(slopes.mean()), math.hypot(noise, between)
    return Exponent(value, value - half, value + half, len(sizes))


# -- crossovers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """What one row brings at one size."""

    times: Array  # [run], seconds of the timed runs, in order of seeds
    errors: Array | None = None  # [replicate, component], (estimate - exact) / sd


@dataclass(frozen=True)
class Crossover:
    """The size at which one line takes the lead over another, with its interval.

    ``size`` is None where the lead never changes; an end of the interval is 0 or infinite where the
    resamples hold it below, or beyond, the sizes measured.
    """

    leader: str  # who leads at the largest size: "first", "second", or "" where neither certainly
    size: float | None
    lo: float | None
    hi: float | None
    changes: int  # how often the lead changes over the sizes, as measured
    sizes: tuple[float, ...]


def find_crossover(
    sizes: Sequence[float], first: Sequence[Sample], second: Sequence[Sample]
) -> Crossover:
    """Where the lead changes between two lines over the same ``sizes`` (at least 2, ascending).

    Who has more realised effective draws a second leads; where a side has no errors, who takes
    fewer seconds a run.
    """
    pairs = enumerate(zip(first, second, strict=True))
    gains = np.stack([resample_gain(a, b, stream) for stream, (a, b) in pairs], axis=1)
    logs = np.log(np.asarray(sizes, float))
    sign = 1.0 if gains[0, -1] > 0 else -1.0
    takeovers = np.array([_takeover(logs, sign * row) for row in gains])
    lo, hi = np.quantile(takeovers[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    size = math.exp(takeovers[0]) if np.isfinite(takeovers[0]) else None
    changes = int((np.diff(np.sign(gains[0])) != 0).sum())
    leader = "first" if sign > 0 else "second"
    decided = math.isfinite(hi) or hi == -math.inf
    ends = float(np.exp(lo)), float(np.exp(hi))
    return Crossover(leader if decided else "", size, *ends, changes, tuple(map(float, sizes)))


def resample_gain(first: Sample, second: Sample, stream: int = 0) -> Array:
    """Log of ``first``'s efficiency over ``second``'s: as measured, then RESAMPLES resamples."""
    rng = np.random.default_rng([SEED, stream])
    slower = _log_median(first.times, second.times, rng)
    if first.errors is None or second.errors is None:
        return -slower
    a, b = pair_errors(first.errors, second.errors)
    n = len(a)
    takes = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), RESAMPLES)])
    return _log_ess(a, takes) - _log_ess(b, takes) - slower


def pair_errors(one: Array, other: Array) -> tuple[Array, Array]:
    """The errors [replicate, component] of those replicates that both finished."""
    count = min(len(one), len(other))
    both = [np.isfinite(errors[:count]).all(axis=1) for errors in (one, other)]
    return one[:count][both[0] & both[1]], other[:count][both[0] & both[1]]


def _log_median(first: Array, second: Array, rng: np.random.Generator) -> Array:
    """Log ratio of median seconds, as measured, then over resamples of the paired runs."""
    runs = min(len(first), len(second))
    picks = np.vstack([np.arange(runs), rng.integers(0, runs, (RESAMPLES, runs))])
    drift = np.concatenate([[0.0], rng.normal(0.0, math.sqrt(2) * BETWEEN_PROCESSES, RESAMPLES)])
    medians = [np.median(np.asarray(times, float)[picks], axis=1) for times in (first, second)]
    return np.log(medians[0]) - np.log(medians[1]) + drift


def _log_ess(errors: Array, takes: Array) -> Array:
    """Log realised ESS of the worst component in each resample."""
    return -np.log((takes @ np.square(errors) / takes.sum(axis=1, keepdims=True)).max(axis=1))


def _takeover(logs: Array, lead: Array) -> float:
    """Log size from which on ``lead`` stays positive: -inf from the start, inf never."""
    behind = np.flatnonzero(lead <= 0)
    if not behind.size:
        return -math.inf
    last = int(behind[-1])
    if last == len(lead) - 1:
        return math.inf
    share = lead[last] / (lead[last] - lead[last + 1])
    return float(logs[last] + share * (logs[last + 1] - logs[last]))
