"""Intervals of seconds between processes, each of which is one observation.

Within a process runs agree better than processes do with one another (layout of memory, order of
the heap, clocks of the processor), so that an interval of its own runs misses what the next process
takes. Seconds are taken for log-normal over processes; what may be zero, as those of compiling,
for normal.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from scipy import stats

from samplerbench.harness.statistics.intervals import LEVEL, Estimate

LEAST_PROCESSES = 3  # for any answer on time: with 2 Student's t has one degree of freedom
MOST_LOG = 700.0  # whose exponential a float still holds
TAIL = (1 - LEVEL) / 2  # probability on either side of an interval


def estimate_seconds(seconds: Sequence[float]) -> Estimate:
    """The typical seconds of a process, and their interval by Student's t on logarithms.

    One process has no interval. Where one took no time at all, the mean, not below zero.
    """
    value = find_typical(seconds)
    if len(seconds) == 1 or not any(seconds):
        reason = "one process" if len(seconds) == 1 else "no time at all"
        return Estimate(value, None, None, f"no interval: {reason}")
    if min(seconds) > 0:
        _, half = log_interval(seconds)
        half = min(half, MOST_LOG)
        return Estimate(value, value * math.exp(-half), value * math.exp(half))
    half = _half_width(seconds, TAIL)
    return Estimate(value, max(0.0, value - half), value + half)


def find_typical(seconds: Sequence[float]) -> float:
    """The geometric mean; where one is zero, the mean."""
    if len(seconds) == 1:
        return float(seconds[0])
    if min(seconds) > 0:
        return math.exp(math.fsum(map(math.log, seconds)) / len(seconds))
    return math.fsum(seconds) / len(seconds)


def log_interval(ratios: Sequence[float], beyond: float = TAIL) -> tuple[float, float]:
    """Mean logarithm, and half the interval that it leaves with probability ``beyond`` each way."""
    logs = [math.log(ratio) for ratio in ratios]
    return math.fsum(logs) / len(logs), _half_width(logs, beyond)


def ratio_interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Geometric mean of ratios, one a pair of processes, and its 95 % interval by Student's t."""
    mean, half = log_interval(ratios)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def _half_width(values: Sequence[float], beyond: float) -> float:
    """Half of Student's interval of a mean."""
    count = len(values)
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return t_quantile(count, beyond) * math.sqrt(variance / count)


@functools.cache
def t_quantile(count: int, beyond: float = TAIL) -> float:
    """Student's t of ``count`` processes, exceeded with probability ``beyond``."""
    return float(stats.t.isf(beyond, count - 1))


def combine_ends(value: float, *ends: tuple[float, float]) -> tuple[float, float]:
    """The interval of a product whose factors, by themselves, would reach to each of ``ends``.

    Squares of the reaches add up on the log scale, also of intervals that are not symmetric (Zou
    and Donner 2008, Statistics in Medicine 27:1693-1702: MOVER).
    """
    below, above = (
        math.sqrt(sum(math.log(end[side] / value) ** 2 for end in ends)) for side in (0, 1)
    )
    return value * math.exp(-below), value * math.exp(above)
