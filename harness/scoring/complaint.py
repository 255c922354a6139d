"""A complaint about a sampler: a statistic whose interval lies outside what is tolerated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics.between_processes import t_quantile

Array = np.ndarray

ALPHA = 0.01  # of each kind of complaint: broken, biased, overconfident, overcautious
LOG_Z = 0.1  # natural log


@dataclass(frozen=True)
class Complaint:
    """One statistic: how far its interval lies outside what is tolerated (above 1: a complaint)."""

    excess: float
    reason: str
    value: float
    lo: float
    hi: float
    tolerance: float = 0.0  # of a mean: how far off it may be


def truth_error(e: ReplicateSummary) -> Array:
    """Standard error of the ground truth's means in sds, [component].

    With n independent draws behind it that is 1 / sqrt(n), so that a share p of them is known to
    sqrt(p (1 - p)) times it.
    """
    return np.broadcast_to(e.mean_se, e.sd.shape) / e.sd


def t_interval(values: Array, alpha: float) -> tuple[float, float, float]:
    """Mean, sd and half-width over finite ``values``, each side wrong with ``alpha``; else NaN."""
    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return np.nan, np.nan, np.nan
    spread = float(finite.std(ddof=1))
    half = t_quantile(finite.size, alpha) * spread / np.sqrt(finite.size)
    return float(finite.mean()), spread, half


def t_intervals(values: Array, alpha: float) -> tuple[Array, Array, Array]:
    """The same of each column of ``values``, [column] each."""
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    if finite.all() and len(values) > 1:
        mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
        return mean, spread, t_quantile(len(values), alpha) * spread / np.sqrt(count)
    columns = [t_interval(column, alpha) for column in values.T]
    mean, spread, half = np.array(columns).T
    return mean, spread, half
