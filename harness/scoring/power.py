"""What so many replicates would show to be wrong with 95 % probability, and how many it takes.

A flaw is found where its interval lies outside what is tolerated; see ``harness.scoring.verdict``.
All are of normal errors whose claims are right but for the flaw.
"""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable, Iterable

import numpy as np
from scipy import optimize, stats

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.scoring.bias_tests import PART
from samplerbench.harness.scoring.complaint import ALPHA
from samplerbench.harness.scoring.equivalence import DISASTER, MOST
from samplerbench.harness.scoring.lost_replicates import DISASTER_RATE
from samplerbench.harness.scoring.margins import DEFAULT, Margins
from samplerbench.harness.scoring.verdict_words import LEAST
from samplerbench.harness.statistics.intervals import clopper_pearson
from samplerbench.harness.statistics.joint import MOST as DIRECTIONS
from samplerbench.options import refuse_twice

Array = np.ndarray

POWER = 0.95


def detect_calibration(replicates: int, alpha: float, tolerated: float) -> float:
    """Factor of the claimed errors that is found.

    For z of true rms c, ``sum z^2 / c^2`` is chi-square with R degrees of freedom. Its lower bound
    ``sqrt(sum z^2 / chi2_R(1 - alpha))`` exceeds what is tolerated where c is
    ``tolerated sqrt(chi2_R(1 - alpha) / chi2_R(1 - POWER))``, and a little larger since chance
    makes some tails look heavy, and where so large an error as to be a disaster, which is left out
    of the sum, is likely among few replicates.
    """
    needed, seen = stats.chi2.isf(alpha, replicates), stats.chi2.ppf(1 - POWER, replicates)
    least = float(tolerated * np.sqrt(needed / seen))

    def lack(factor: float) -> float:
        return _find_calibration(replicates, alpha, tolerated / factor, factor) - POWER

    return least if lack(least) >= 0 else float(optimize.brentq(lack, least, 2 * least))


def _find_calibration(replicates: int, alpha: float, tolerated: float, factor: float) -> float:
    """Chance to find errors ``factor`` times those claimed: as too large, or by their disasters.

    ``tolerated`` is in true errors. The sum over normal z below ``DISASTER / factor`` is a gamma
    variable to second order, from their second and fourth moment.
    """
    end = DISASTER / factor
    beyond, edge = 2 * stats.norm.sf(end), 2 * end * stats.norm.pdf(end)
    second = 1 - edge / (1 - beyond)
    spread = 3 - edge * (end**2 + 3) / (1 - beyond) - second**2
    apart = np.arange(min(_count_disasters(replicates), replicates - 1))
    rest = replicates - apart
    freedom = _expect_freedom(rest)
    needed = tolerated**2 * stats.chi2.isf(alpha, freedom) * rest / freedom
    found = stats.gamma.sf(needed, rest * second**2 / spread, scale=spread / second)
    chances = stats.binom.pmf(apart, replicates, beyond)
    return float(1 - chances @ (1 - found))


def _expect_freedom(count: Array) -> Array:
    """Degrees of freedom that so many normal errors are given for the tails that they show.

    Their kurtosis scatters about 3 by sqrt(24 / count), and what it exceeds 3 by, which is
    sqrt(24 / count) / sqrt(2 pi) on average, counts against them; see ``count_freedom``.
    """
    return count / (1 + np.sqrt(24 / count / (2 * np.pi)) / 2)


def detect_mean(
    replicates: int, spread: float, alpha: float, margin: float, part: float = PART
) -> float:
    """Bias, in the units of ``spread``, that is found by the mean over replicates.

    Its t interval is ``t_(R-1)(1 - alpha) spread / sqrt(R)`` wide to each side, and a bias up to
    ``margin``, or to ``part`` of the spread, is tolerated. In one campaign of twenty what is left
    is lower by z(POWER) of its standard errors: that of the mean, and that of the spread which
    campaigns show, ``spread / sqrt(2 (R - 1))``, as often as the spread is taken.
    """
    half = float(stats.t.isf(alpha, replicates - 1)) / np.sqrt(replicates)

    def find(margin: float, part: float) -> float:
        noise = np.sqrt(1 / replicates + (half + part) ** 2 / (2 * (replicates - 1)))
        return float(margin + (part + half + stats.norm.ppf(POWER) * noise) * spread)

    return max(find(margin, 0.0), find(0.0, part))  # a complaint is beyond both


def detect_shift(replicates: int, alpha: float, tolerated: float) -> float:
    """Bias in claimed errors that is found by the rms of errors over claimed ones.

    A shift by d makes ``sum z^2`` non-central chi-square with R degrees of freedom and R d^2.
    """
    needed = tolerated**2 * stats.chi2.isf(alpha, replicates)

    def lack(shift: float) -> float:
        return float(stats.ncx2.sf(needed, replicates, replicates * shift**2)) - POWER

    # this far beyond, the sum lies above by ten standard errors
    return float(optimize.brentq(lack, 1e-6, np.sqrt(needed / replicates) + 10))


def detect_rate(replicates: int) -> float:
    """Rate of runs that are far off that is found: enough of them for a verdict of unreliable."""
    least = _count_disasters(replicates)
    return float(stats.beta.ppf(POWER, least, replicates - least + 1))


@functools.cache
def _count_disasters(replicates: int) -> int:
    """The fewest runs far off that make a verdict of unreliable."""
    counts = range(2, replicates + 1)
    bounds = ((k, clopper_pearson(k, replicates, ALPHA)[0]) for k in counts)
    return next((k for k, lo in bounds if lo > DISASTER_RATE), replicates)


def count_replicates(
    detect: Callable[[int], float], wanted: float, falls: bool = True
) -> int | None:
    """The fewest replicates that find what is ``wanted``; None where 100,000 do not.

    By halving, where ``detect`` ``falls`` with every further replicate.
    """
    counts = np.unique(np.geomspace(LEAST, MOST, 1000).astype(int)).tolist()
    if falls:
        at = bisect.bisect_left(counts, True, key=lambda count: detect(count) <= wanted)
        return counts[at] if at < len(counts) else None
    return next((count for count in counts if detect(count) <= wanted), None)


#: what can be wanted -> its unit, and a word on it
FLAWS = {
    "calibration": "errors over claimed ones",
    "bias": "of a mean, in sds",
    "log_z": "of log Z, in claimed errors",
    "failures": "share of runs that are far off",
}


def read_wanted(texts: Iterable[str]) -> dict[str, float]:
    """Flaw -> size, from ``NAME=VALUE`` texts, a value in per cent too; raises UsageError."""
    wanted: dict[str, float] = {}
    for text in ",".join(texts).split(","):
        name, _, number = text.partition("=")
        if name not in FLAWS:
            raise unknown_name("flaw", name, FLAWS)
        refuse_twice(name, wanted, "detect")
        wanted[name] = _read_size(name, number)
    return wanted


def _read_size(name: str, text: str) -> float:
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = float("nan")
    least, most = float(name == "calibration"), 1.0 if name == "failures" else float("inf")
    if not least < value < most:
        below = " and below 100%" if name == "failures" else ""
        raise UsageError(
            f"{name}={text}\n  expected: a number above {least:g}{below}, {FLAWS[name]}, as in"
            " bias=0.1,calibration=1.3,failures=1%"
        )
    return value


def plan_replicates(
    flaw: str, size: float, ess: float, parameters: int, margins: Margins = DEFAULT
) -> int | None:
    """The replicates that find a flaw of this size in one of ``parameters``; None: none would."""
    detect = _choose_detector(flaw, ess, parameters, margins)
    return count_replicates(detect, size, falls=flaw != "failures")  # counts go in steps


def find_least_size(flaw: str, ess: float, parameters: int, margins: Margins = DEFAULT) -> float:
    """The least size of a flaw that the most replicates find, which are planned with."""
    return _choose_detector(flaw, ess, parameters, margins)(MOST)


def _choose_detector(
    flaw: str, ess: float, parameters: int, margins: Margins
) -> Callable[[int], float]:
    """Replicates -> the size of the flaw that they find.

    Beside the parameters a verdict judges directions of their joint distribution. Means scatter by
    ``1 / sqrt(ess)`` sds from run to run.
    """
    count = parameters + (min(parameters, DIRECTIONS) + 1 if parameters > 1 else 0)
    claims, tolerated = ALPHA / 2 / count, margins.accused_calibration
    places, spread = ALPHA / (13 * count + 2), 1 / np.sqrt(ess)

    def detect_bias(replicates: int) -> float:
        by_claims = detect_shift(replicates, claims, tolerated) * spread
        return min(by_claims, detect_mean(replicates, spread, places, margins.bias))

    def detect_log_z(replicates: int) -> float:
        by_claims = detect_shift(replicates, ALPHA / 4, tolerated)
        return min(by_claims, detect_mean(replicates, 1.0, places, 0.0, margins.log_z))

    detect: dict[str, Callable[[int], float]] = {
        "calibration": lambda n: detect_calibration(n, claims, tolerated),
        "bias": detect_bias,
        "log_z": detect_log_z,
        "failures": detect_rate,
    }
    return detect[flaw]
