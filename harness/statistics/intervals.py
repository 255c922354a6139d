"""Estimates with their intervals: means, medians, shares and rms over replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from samplerbench.text import format_count

Array = np.ndarray

LEVEL = 0.95  # of every interval reported; the verdict uses its own
NORMAL_KURTOSIS = 3.0
#: effective replicates a replicate, below which a few runs decide; normal errors: 0.33
FEW_DECIDE = 0.1


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


def mean_interval(values: Array, level: float = LEVEL) -> Estimate:
    """Mean of ``values[replicate]`` with a Student t interval."""
    finite, note = take_finite(values)
    if finite.size == 0:
        return no_estimate(note)
    mean = float(finite.mean())
    if finite.size == 1:
        return Estimate(mean, None, None, join_notes("one replicate: no interval", note))
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


def effective_replicates(errors: Array) -> float:
    """(sum e^2)^2 / sum e^4 over replicates: as many equal squares would be as good an average.

    A third of them for normal errors; few, where a few runs rule the rms. 0 without an error.
    """
    squares = np.square(errors[np.isfinite(errors)])
    fourth = float(np.square(squares).sum())
    return float(squares.sum()) ** 2 / fourth if fourth else 0.0


def chi_square_ends(freedom: float, alpha: float) -> tuple[float, float]:
    """Quantiles of chi-square with ``alpha`` outside on each side."""
    half = freedom / 2
    return 2 * float(special.gammaincinv(half, alpha)), 2 * float(special.gammainccinv(half, alpha))


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


def take_finite(values: Array) -> tuple[Array, str]:
    """The finite values, and a note on the rest."""
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if values.size == 0:
        return finite, "no replicates"
    if finite.size == values.size:
        return finite, ""
    return finite, f"{values.size - finite.size} of {values.size} replicates give no number"


def join_notes(*notes: str) -> str:
    """Notes in one text, without those that are empty."""
    return "; ".join(note for note in notes if note)
