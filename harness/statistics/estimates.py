"""Claims compared with the ground truth: each score of a set of replicates, with its interval.

Arrays are ``[replicate, component]`` for estimates and ``[component]`` for the exact answer; every
function gives one ``Estimate`` a component, and ``index_of_worst`` picks among them. A replicate
whose number is not finite is left out of an average, and the estimate's reason says how many were:
they are counted as failures elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from samplerbench.harness.statistics import ess_rhat
from samplerbench.text import format_count

Array = np.ndarray

LEVEL = 0.95  # of every interval reported; the verdict uses its own
MEDIAN_ABS_NORMAL = stats.norm.ppf(0.75)  # 0.6745, median of |z| for a standard normal
NORMAL_KURTOSIS = 3.0


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; what is missing is None, and the reason says why."""

    value: float | None
    lo: float | None
    hi: float | None
    reason: str = ""  # why there is no number or no interval, or which replicates are left out


def no_estimate(reason: str) -> Estimate:
    """No number, and why."""
    return Estimate(None, None, None, reason)


def simultaneous_level(count: int, of_extreme: bool = False) -> float:
    """Level at which ``count`` intervals hold all their truths with LEVEL (Bonferroni).

    So does the one interval that is printed of the worst of them, whichever that is. That of the
    largest (``of_extreme``), or of the least, misses its truth on one side only where several might
    have been it, and where only one could there is no choice: half the correction is enough.
    """
    split = count / 2 if of_extreme else count
    return 1 - (1 - LEVEL) / max(1, split)


def realised_ess(
    est: Array, mean: Array, sd: Array, mean_se: Array | float = 0.0, level: float = LEVEL
) -> list[Estimate]:
    """Independent draws that would have had these errors: 1 / mean_r ((est - mu) / s)^2.

    Interval from chi-square with R degrees of freedom, as for normal errors about the exact mean,
    so that bias counts as error (Hoffman and Sountsov 2022, AISTATS, section 2: 1 / b^2). What the
    ground truth's own standard error ``mean_se`` adds to the squares on average is taken off. No
    interval holds what runs would bring that are worse than all those seen.
    """
    columns = _columns((est - mean) / sd)
    truth_errors = np.broadcast_to(np.asarray(mean_se) / sd, len(columns))
    pairs = zip(columns, truth_errors, strict=True)
    return [_realised(column, float(error), level) for column, error in pairs]


#: effective replicates a replicate, below which a few runs decide; normal errors: 0.33
FEW_DECIDE = 0.1


def effective_replicates(errors: Array) -> float:
    """(sum e^2)^2 / sum e^4 over replicates: as many equal squares would be as good an average.

    A third of them for normal errors; few, where a few runs rule the rms. 0 without an error.
    """
    squares = np.square(errors[np.isfinite(errors)])
    fourth = float(np.square(squares).sum())
    return float(squares.sum()) ** 2 / fourth if fourth else 0.0


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


def estimate_share(count: int, total: int, level: float = LEVEL) -> Estimate:
    """A share with its exact interval (Clopper and Pearson 1934): 0 of 32 goes up to 11 %."""
    if total == 0:
        return no_estimate("no replicates")
    lo, hi = clopper_pearson(count, total, (1 - level) / 2)
    return Estimate(count / total, lo, hi)


def clopper_pearson(count: int, total: int, alpha: float) -> tuple[float, float]:
    """Exact bounds of a share, each wrong with probability at most ``alpha``."""
    lo = 0.0 if count == 0 else float(stats.beta.ppf(alpha, count, total - count + 1))
    hi = 1.0 if count == total else float(stats.beta.isf(alpha, count + 1, total - count))
    return lo, hi


def z_scores(est: Array, se: Array, mean: Array) -> Array:
    """(est - mu) / se, [replicate, component]; NaN where no error above zero is claimed."""
    est, se = np.asarray(est, dtype=np.float64), np.asarray(se, dtype=np.float64)
    claimed = np.isfinite(est) & np.isfinite(se) & (se > 0)
    return np.where(claimed, (est - mean) / np.where(claimed, se, 1.0), np.nan)


def rms_bounds(z: Array, alpha: float, normal: bool = False) -> tuple[float, float]:
    """Bounds of the true rms, each wrong with probability ``alpha``; NaN without z.

    The mean square over the true one is chi-square over its degrees of freedom: those of
    ``count_freedom``, or one for each z where they are taken for ``normal``.
    """
    finite = z[np.isfinite(z)]
    if finite.size == 0:
        return np.nan, np.nan
    freedom = float(finite.size) if normal else count_freedom(finite)
    lo, hi = chi_square_ends(freedom, alpha)
    total = float(np.mean(np.square(finite))) * freedom
    return float(np.sqrt(total / hi)), float(np.sqrt(total / lo))


def count_freedom(z: Array) -> float:
    """Degrees of freedom of the mean square of the finite ``z``: as many as their tails allow.

    The mean of R squares has the relative variance ``(k - 1) / R`` with the kurtosis k of z about
    zero, a chi-square over its n degrees of freedom ``2 / n`` (Satterthwaite 1946, Biometrics
    Bulletin 2:110): n is ``2 R / (k - 1)``, R for normal z. Tails lighter than normal, as a shift
    of all z makes them, are not believed.
    """
    count, effective = int(np.isfinite(z).sum()), effective_replicates(z)
    kurtosis = max(NORMAL_KURTOSIS, count / effective) if effective else NORMAL_KURTOSIS
    return 2 * count / (kurtosis - 1)


def chi_square_ends(freedom: float, alpha: float) -> tuple[float, float]:
    """Quantiles of chi-square with ``alpha`` outside on each side."""
    half = freedom / 2
    return 2 * float(special.gammaincinv(half, alpha)), 2 * float(special.gammainccinv(half, alpha))


def mean_interval(values: Array, level: float = LEVEL) -> Estimate:
    """Mean of ``values[replicate]`` with a Student t interval."""
    finite, note = _finite(values)
    if finite.size == 0:
        return no_estimate(note)
    mean = float(finite.mean())
    if finite.size == 1:
        return Estimate(mean, None, None, _join("one replicate: no interval", note))
    half = (
        special.stdtrit(finite.size - 1, (1 + level) / 2)
        * finite.std(ddof=1)
        / np.sqrt(finite.size)
    )
    return Estimate(mean, mean - float(half), mean + float(half), note)


def median_interval(values: Array, level: float = LEVEL) -> Estimate:
    """Median of the finite ``values``, with the order statistics that hold it between them.

    Distribution-free: Binomial(n, 1/2) of the values lie below the median (David and Nagaraja 2003,
    Order Statistics, section 7.1). Below 6 values no pair holds it with 95 %: no interval.
    """
    finite = np.sort(np.asarray(values, float)[np.isfinite(values)])
    if not finite.size:
        return no_estimate("no finite value")
    middle = float(np.median(finite))
    below = int(stats.binom.ppf((1 - level) / 2, finite.size, 0.5))  # P(fewer lie below) below that
    if below == 0:
        least = int(np.ceil(1 - np.log2(1 - level)))  # all lie on one side with 2^(1 - least)
        count = format_count(finite.size, "replicate")
        return Estimate(middle, None, None, f"{count}; an interval needs {least}")
    return Estimate(middle, float(finite[below - 1]), float(finite[-below]))


def index_of_worst(estimates: Sequence[Estimate], ideal: float, ratio: bool = False) -> int:
    """Index of the component farthest from ``ideal``; ``ratio`` measures that on the log scale.

    A component without a number is taken only when none has one; 'farthest' from infinity is the
    least.
    """
    return int(np.argmax([_distance(one.value, ideal, ratio) for one in estimates]))


def _distance(value: float | None, ideal: float, ratio: bool) -> float:
    if value is None:
        return -np.inf
    if np.isinf(ideal):
        return -value if ideal > 0 else value
    if ratio:
        return abs(np.log(value / ideal)) if value > 0 else np.inf
    return abs(value - ideal)


def _columns(values: Array) -> list[Array]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"estimates have shape {values.shape}; expected [replicate, component]")
    return list(values.T)


def _finite(values: Array) -> tuple[Array, str]:
    """The finite values, and a note on the rest."""
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if values.size == 0:
        return finite, "no replicates"
    if finite.size == values.size:
        return finite, ""
    return finite, f"{values.size - finite.size} of {values.size} replicates give no number"


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _realised(scaled: Array, truth_error: float, level: float) -> Estimate:
    finite, note = _finite(scaled)
    total = float(np.square(finite).sum())
    if total == 0:
        return no_estimate(note or "every estimate is exact to the last digit")
    if truth_error**2 * finite.size > total / 2:
        return no_estimate(
            _join(f"the answer's own error, {truth_error:.2g} sd, is as large", note)
        )
    total -= truth_error**2 * finite.size
    lo, hi = chi_square_ends(finite.size, (1 - level) / 2)
    return Estimate(finite.size / total, lo / total, hi / total, note)


def _rms(z: Array, level: float) -> Estimate:
    finite, note = _finite(z)
    if finite.size == 0:
        return no_estimate(_join("no replicate claims a standard error above zero", note))
    value = float(np.sqrt(np.mean(np.square(finite))))
    if finite.size == 1:
        return Estimate(value, None, None, _join("one replicate: no interval", note))
    return Estimate(value, *rms_bounds(finite, (1 - level) / 2), note)


def estimate_typical(z: Array, level: float) -> Estimate:
    """Median of |z|, over that of a standard normal, with the interval of order statistics."""
    finite, note = _finite(np.abs(z))
    if finite.size == 0:
        return no_estimate(_join("no replicate claims a standard error above zero", note))
    ordered = np.sort(finite) / MEDIAN_ABS_NORMAL
    value = float(np.median(ordered))
    rank = int(stats.binom.ppf((1 - level) / 2, finite.size, 0.5))  # x_(rank) and its mirror image
    if rank < 1:
        return Estimate(value, None, None, _join(f"{finite.size} replicates: no interval", note))
    return Estimate(value, float(ordered[rank - 1]), float(ordered[-rank]), note)
