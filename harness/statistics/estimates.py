"""Claims compared with the ground truth: each score of a set of replicates, with its interval.

Arrays are ``[replicate, component]`` for estimates and ``[component]`` for the exact answer; every
function gives one ``Estimate`` a component, and ``intervals.index_of_worst`` picks among them. A
replicate whose number is not finite is left out of an average, and the estimate's reason says how
many were: they are counted as failures elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.intervals import (
    LEVEL,
    Estimate,
    chi_square_ends,
    count_freedom,
    join_notes,
    mean_interval,
    no_estimate,
    rms_bounds,
    take_finite,
)

Array = np.ndarray

MEDIAN_ABS_NORMAL = stats.norm.ppf(0.75)  # 0.6745, median of |z| for a standard normal


def realised_ess(
    est: Array, mean: Array, sd: Array, mean_se: Array | float = 0.0, level: float = LEVEL
) -> list[Estimate]:
    """Independent draws that would have had these errors: 1 / mean_r ((est - mu) / s)^2.

    Interval from chi-square with as many degrees of freedom as the tails of the errors about the
    exact mean allow (``count_freedom``), as of ``calibration``; bias counts as error (Hoffman and
    Sountsov 2022, AISTATS, section 2: 1 / b^2). What the ground truth's own standard error
    ``mean_se`` adds to the squares on average is taken off. No interval holds what runs would bring
    that are worse than all those seen.
    """
    columns = _columns((est - mean) / sd)
    truth_errors = np.broadcast_to(np.asarray(mean_se) / sd, len(columns))
    pairs = zip(columns, truth_errors, strict=True)
    return [_realised(column, float(error), level) for column, error in pairs]


def calibration(est: Array, se: Array, mean: Array, level: float = LEVEL) -> list[Estimate]:
    """Rms over replicates of (est - mu) / se: 1 is honest, 2 claims four times its ESS.

    Interval of ``rms_bounds``, as the verdict's. A replicate that claims no standard error (none,
    or zero) has no z and is left out; those are counted in ``self_diagnostics``.
    """
    return [_rms(column, level) for column in _columns(z_scores(est, se, mean))]


def calibration_robust(est: Array, se: Array, mean: Array, level: float = LEVEL) -> list[Estimate]:
    """Median over replicates of |est - mu| / se, over 0.6745: the typical replicate's calibration.

    One stuck replicate cannot move it. Interval from order statistics, exact for any distribution
    (David and Nagaraja 2003, Order Statistics, section 7.1).
    """
    return [estimate_typical(column, level) for column in _columns(z_scores(est, se, mean))]


def mean_error(
    est: Array, mean: Array, sd: Array, mean_se: Array | float = 0.0, level: float = LEVEL
) -> list[Estimate]:
    """Mean over replicates of (est - mu) / s, in posterior sds.

    With a Student t interval, widened by the ground truth's own standard error.
    """
    return _mean_intervals((est - mean) / sd, np.asarray(mean_se) / sd, level)


def sd_ratio(
    sd_hat: Array, sd: Array, sd_se: Array | float = 0.0, level: float = LEVEL
) -> list[Estimate]:
    """Mean over replicates of the draws' sd over the exact sd.

    With a Student t interval, widened by the ground truth's own standard error.
    """
    return _mean_intervals(sd_hat / sd, np.asarray(sd_se) / sd, level)


def _mean_intervals(values: Array, truth_error: Array | float, level: float) -> list[Estimate]:
    """Mean of each column of ``values``, whose exact value has an error of its own."""
    columns = _columns(values)
    pairs = zip(columns, np.broadcast_to(truth_error, len(columns)), strict=True)
    return [_widen(mean_interval(column, level), float(error), level) for column, error in pairs]


def _widen(estimate: Estimate, error: float, level: float) -> Estimate:
    """The interval of a difference, whose other side has a standard error too."""
    value, lo, hi = estimate.value, estimate.lo, estimate.hi
    if value is None or lo is None or hi is None or error == 0:
        return estimate
    half = float(np.hypot((hi - lo) / 2, stats.norm.ppf((1 + level) / 2) * error))
    return replace(estimate, lo=value - half, hi=value + half)


def second_moment(x: Array, mean: Array) -> tuple[Array, Array]:
    """Mean of (x - mu)^2 and its claimed error, each [replicate, component]; the truth is s^2.

    ``x[replicate, chain, draw, component]`` with equal weights; mu is the exact mean.
    """
    return ess_rhat.series_mean(x, lambda part: np.square(part - mean[:, None, None]))[:2]


def log_z_error(log_z: Array, truth: float) -> Estimate:
    """Mean of ``log_z[replicate]`` less the exact one, natural log, with a Student t interval."""
    return mean_interval(np.asarray(log_z, dtype=np.float64) - truth)


def log_z_calibration(log_z: Array, log_z_err: Array, truth: float) -> Estimate:
    """Rms over replicates of (log Z - exact) / claimed error: 1 is honest."""
    z = z_scores(np.asarray(log_z)[:, None], np.asarray(log_z_err)[:, None], np.array([truth]))
    return _rms(z[:, 0], LEVEL)


def z_scores(est: Array, se: Array, mean: Array) -> Array:
    """(est - mu) / se, [replicate, component]; NaN where no error above zero is claimed."""
    est, se = np.asarray(est, dtype=np.float64), np.asarray(se, dtype=np.float64)
    claimed = np.isfinite(est) & np.isfinite(se) & (se > 0)
    return np.where(claimed, (est - mean) / np.where(claimed, se, 1.0), np.nan)


def _columns(values: Array) -> list[Array]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"estimates have shape {values.shape}; expected [replicate, component]")
    return list(values.T)


def _realised(scaled: Array, truth_error: float, level: float) -> Estimate:
    finite, note = take_finite(scaled)
    total = float(np.square(finite).sum())
    if total == 0:
        return no_estimate(note or "every estimate is exact to the last digit")
    if truth_error**2 * finite.size > total / 2:
        return no_estimate(
            join_notes(f"the answer's own error, {truth_error:.2g} sd, is as large", note)
        )
    total -= truth_error**2 * finite.size
    freedom = count_freedom(finite)
    value = finite.size / total
    lo, hi = (value * end / freedom for end in chi_square_ends(freedom, (1 - level) / 2))
    return Estimate(value, lo, hi, note)


def _rms(z: Array, level: float) -> Estimate:
    finite, note = take_finite(z)
    if finite.size == 0:
        return no_estimate(join_notes("no replicate claims a standard error above zero", note))
    value = float(np.sqrt(np.mean(np.square(finite))))
    if finite.size == 1:
        return Estimate(value, None, None, join_notes("one replicate: no interval", note))
    return Estimate(value, *rms_bounds(finite, (1 - level) / 2), note)


def estimate_typical(z: Array, level: float) -> Estimate:
    """Median of |z|, over that of a standard normal, with the interval of order statistics."""
    finite, note = take_finite(np.abs(z))
    if finite.size == 0:
        return no_estimate(join_notes("no replicate claims a standard error above zero", note))
    ordered = np.sort(finite) / MEDIAN_ABS_NORMAL
    value = float(np.median(ordered))
    rank = int(stats.binom.ppf((1 - level) / 2, finite.size, 0.5))  # x_(rank) and its mirror image
    if rank < 1:
        return Estimate(
            value, None, None, join_notes(f"{finite.size} replicates: no interval", note)
        )
    return Estimate(value, float(ordered[rank - 1]), float(ordered[-rank]), note)
