"""Intervals of ratios: Student's t on logs of paired processes, and of replicates the bootstrap."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import stats

from samplerbench.harness.statistics.intervals import clopper_pearson, effective_replicates

Array = np.ndarray

LEVEL = 0.95
FEW = 10  # replicates: below, the bootstrap covers 82 % instead of 95 %
RESAMPLES = 10_000
AT_ONCE = 4_000_000  # numbers in memory
SEED = 20260604


def p_of_logs(logs: Array) -> float:
    """Two-sided p of no difference, by Student's t on log ratios of paired processes."""
    if np.ptp(logs) == 0:
        return 0.0 if logs[0] else 1.0
    return float(stats.ttest_1samp(logs, 0.0).pvalue)


def resampled_interval(logs: Array) -> tuple[float, float, float]:
    """Ratio and 95 % interval from its log as measured, ``logs[0]``, and resamples of it."""
    # "nearest": between a number and infinity there is nothing to interpolate
    value, lo, hi = np.exp([logs[0], *np.quantile(logs[1:], [0.025, 0.975], method="nearest")])
    return float(value), float(lo), float(hi)


def p_of_resamples(logs: Array) -> float:
    """Two-sided p of no difference, from the share of resamples on the other side of 1."""
    share = (1 + min((logs[1:] <= 0).sum(), (logs[1:] >= 0).sum())) / len(logs)
    return float(min(1.0, 2 * share))


def resample_log_ratio(one: Array, other: Array, times: Array | None = None) -> Array:
    """Log ratio as measured, then over resamples of the paired replicates.

    Of the rms errors of the worst component, ``one[replicate, component]`` over ``other``, all of
    them finite; with log ratios of ``times`` [process], of the efficiencies.
    """
    count, rng = len(one), np.random.default_rng(SEED)
    even = np.full(count, 1 / count)
    # how often each replicate is taken: once each as measured, then at random
    drawn = (rng.multinomial(count, even, size) for size in _list_sizes(count))
    each = itertools.chain([np.ones((1, count))], drawn)
    logs = np.concatenate([_log_rms(one, taken) - _log_rms(other, taken) for taken in each])
    if times is None:
        return logs
    # as Student's t of the mean log ratio between processes, which are too few to be resampled
    drift = stats.sem(times) * rng.standard_t(len(times) - 1, RESAMPLES)
    return -2 * logs - (times.mean() + np.concatenate([[0.0], drift]))


def resample_log_median_ratio(one: Array, other: Array) -> Array:
    """The same of the median over replicates of the worst component's error.

    A replicate that failed has an infinite error; NaN where most of both failed.
    """
    count, rng = len(one), np.random.default_rng(SEED)
    drawn = (rng.integers(0, count, (size, count)) for size in _list_sizes(count))
    each = itertools.chain([np.arange(count)[None]], drawn)
    with np.errstate(invalid="ignore"):  # infinite on both sides: NaN, which says so
        return np.concatenate([_log_median(one, p) - _log_median(other, p) for p in each])


def _list_sizes(count: int) -> list[int]:
    """How many resamples of ``count`` replicates are worked on at once: memory stays bounded."""
    step = max(1, AT_ONCE // count)
    return [min(step, RESAMPLES - start) for start in range(0, RESAMPLES, step)]


def count_deciding(errors: Array) -> float:
    """Effective replicates of the rms error of the worst component."""
    worst = int(np.square(errors).sum(axis=0).argmax())
    return effective_replicates(errors[:, worst])


def difference_interval(more: int, less: int, total: int) -> tuple[float, float]:
    """95 % interval of a difference of shares in pairs, of which ``more`` and ``less`` differ.

    Each end is that of the share of pairs that differ one way less the other way's, from exact
    bounds (Clopper and Pearson) at half the level each: conservative (Bonferroni).
    """
    alpha = (1 - LEVEL) / 4
    (more_lo, more_hi), (less_lo, less_hi) = (
        clopper_pearson(count, total, alpha) for count in (more, less)
    )
    return more_lo - less_hi, more_hi - less_lo


def mcnemar_p(more: int, less: int) -> float:
    """Two-sided exact p of equal shares in pairs (McNemar 1947, Psychometrika 12:153)."""
    return float(stats.binomtest(more, more + less, 0.5).pvalue) if more + less else 1.0


def _log_rms(errors: Array, counts: Array) -> Array:
    """Log rms error of the worst component in each resample, up to a constant."""
    return 0.5 * np.log((counts @ np.square(errors)).max(axis=1))


def _log_median(errors: Array, picks: Array) -> Array:
    """Log median over replicates of the worst component's error in each resample."""
    worst = np.abs(errors).max(axis=1)
    return np.log(np.median(np.where(np.isfinite(worst), worst, np.inf)[picks], axis=1))
