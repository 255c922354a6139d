"""The draws' whole distribution against the exact one, and what independent draws would score.

Draws are ``x[replicate, chain, draw, component]``, log weights ``log_w[replicate, chain, draw]`` or
None; ``exact`` is a model's ``Exact``. Lengths are in units of the exact sd of their component.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.statistics.intervals import LEVEL, Estimate, mean_interval, no_estimate
from samplerbench.harness.statistics.ordered_draws import each_ordered, interpolate_quantiles
from samplerbench.harness.statistics.weighted import weighted_quantiles
from samplerbench.models.base import Exact

Array = np.ndarray

REPLICATIONS = 48  # of independent draws, at least: their mean W1 is then known to about 5 %
FEWEST, LARGEST = 8, 30_000_000  # fewer, down to 8, where 48 would take more numbers than that
AT_ONCE = 10_000_000  # numbers in memory
NUMBERS = 1_000_000  # drawn for these at most: replications are added up to this
MOST = 4096  # replications: an rms is then known to 1.1 %, and of 20 draws hardly takes longer
SEED = 20260602  # of the independent draws
GRID = 2000  # mid-point probabilities for weighted draws
CENTRAL = (0.5, 0.9, 0.95)  # central intervals whose coverage is reported
MOMENTS_ALONE = "the reference is moments alone"  # so that it has no quantiles


@dataclass(frozen=True)
class IndependentScores:
    """What independent draws from the exact answer score, [component] each."""

    draws: int  # how many draws a replication
    replications: int
    w1: Array  # mean 1-Wasserstein distance over replications, in sds
    w1_error: Array  # its standard error
    calibration: Array  # rms of (mean - mu) / (sd / sqrt(n)); 1 unless tails are heavy
    typical: Array  # the same over the median sd / sqrt(n)
    second: Array  # the larger of the two for the mean square about mu
    kurtosis: Array  # of all draws together, in excess of a normal's


def w1(x: Array, exact: Exact, log_w: Array | None = None) -> Array:
    """1-Wasserstein distance to the exact marginal, in exact sds, [replicate, component].

    Integral over p of |F_draws^-1(p) - F^-1(p)| (Villani 2003, Topics in Optimal Transportation,
    theorem 2.18) by the mid-point rule: mean |x_(i) - F^-1((i - 1/2) / n)| for equal weights. NaN
    where a draw is not finite, and throughout where the ground truth is moments alone.
    """
    if exact.quantile is None:
        return np.full((len(x), x.shape[-1]), np.nan)
    if log_w is None:
        exactly = exact.quantile(_midpoints(x[0, ..., 0].size)).T
        parts = [np.abs(ordered - exactly).mean(axis=1) for ordered in each_ordered(x)]
        return np.stack(parts) / exact.sd
    probs = _midpoints(GRID)
    ordered = np.moveaxis(weighted_quantiles(x, log_w, probs), 0, 1)
    return np.abs(ordered - exact.quantile(probs)).mean(axis=1) / exact.sd


@functools.lru_cache(maxsize=32)  # the rows of one model share its answer, and often a size
def score_independent_draws(exact: Exact, draws: int) -> IndependentScores:
    """What ``draws`` independent exact draws score; the seed is fixed, and so is the answer.

    Of an answer that is moments alone no distance is known, and means are taken for normal.
    """
    if exact.draw is None:
        unknown, one = np.full(len(exact.names), np.nan), np.ones(len(exact.names))
        return IndependentScores(draws, MOST, unknown, unknown, one, one, one, 0 * one)
    size = draws * len(exact.names)
    least = int(np.clip(LARGEST // size, FEWEST, REPLICATIONS))
    replications = int(np.clip(NUMBERS // size, least, MOST))
    rng, step, parts = np.random.default_rng(SEED), max(1, AT_ONCE // size), []
    for start in range(0, replications, step):
        count = min(step, replications - start)
        sites = exact.draw(rng, count * draws)
        flat = component_draws(sites, exact.names, lead=1).reshape(count, 1, draws, -1)
        square = np.square(flat - exact.mean)
        moments = (_moments(values) for values in (flat, square))
        parts.append((w1(flat, exact), *itertools.chain(*moments)))
    distance, mean, sd, *second = (np.concatenate(column) for column in zip(*parts, strict=True))
    squares = second[0].mean(axis=0)
    fourth = np.square(second[0]).mean(axis=0) + np.square(second[1]).mean(axis=0)
    error = distance.std(axis=0, ddof=1) / np.sqrt(replications)
    calibration, typical = _measure(mean - exact.mean, sd, draws)
    return IndependentScores(
        draws,
        replications,
        w1=distance.mean(axis=0),
        w1_error=error,
        calibration=calibration,
        typical=typical,
        second=np.maximum(*_measure(second[0] - np.square(exact.sd), second[1], draws)),
        kurtosis=fourth / np.square(squares) - 3,
    )


def _moments(flat: Array) -> tuple[Array, Array]:
    """Mean and sd of ``flat[replication, 1, draw, component]``, [replication, component]."""
    return flat.mean(axis=(1, 2)), flat.std(axis=(1, 2), ddof=1)


def _measure(errors: Array, sd: Array, draws: int) -> tuple[Array, Array]:
    """Rms of errors over their own claims, and over the median claim, [component]."""
    se = sd / np.sqrt(draws)
    with np.errstate(invalid="ignore", divide="ignore"):  # draws of rare counts, all alike
        return (
            np.sqrt(np.square(errors / se).mean(axis=0)),
            np.sqrt(np.square(errors / np.median(se, axis=0)).mean(axis=0)),
        )


def estimate_w1(distance: Array, level: float = LEVEL) -> list[Estimate]:
    """Mean over replicates of W1 ``[replicate, component]``, in sds, with Student t intervals."""
    return [mean_interval(column, level) for column in np.asarray(distance).T]


def measure_coverage(x: Array, exact: Exact, log_w: Array | None = None) -> dict[float, Array]:
    """Exact probability inside the draws' central intervals, [replicate, component], by level.

    An honest sampler gives the level itself on average, less what the noise of its quantiles
    costs. NaN where the ground truth is moments alone.
    """
    probs = np.array([(1 + side * level) / 2 for level in CENTRAL for side in (-1, 1)])
    if exact.quantile is None:
        blank = np.full((len(x), x.shape[-1]), np.nan)
        return {level: blank for level in CENTRAL}
    cuts = quantiles(x, log_w, probs)
    below = _probabilities(exact, cuts)
    return {level: below[2 * i + 1] - below[2 * i] for i, level in enumerate(CENTRAL)}


def _probabilities(exact: Exact, values: Array) -> Array:
    """Exact distribution function at ``values[..., component]``, from its quantiles on a grid."""
    assert exact.quantile is not None
    probs = _midpoints(2 * GRID)
    grid = exact.quantile(probs)
    columns = [np.interp(values[..., i], grid[:, i], probs) for i in range(values.shape[-1])]
    return np.stack(columns, axis=-1)


def estimate_coverage(covered: Array, level: float = LEVEL) -> list[Estimate]:
    """Mean over replicates of ``covered[replicate, component]``, with Student t intervals."""
    if np.isnan(covered).all():
        return [no_estimate(MOMENTS_ALONE)] * covered.shape[1]
    return [mean_interval(column, level) for column in covered.T]


def quantiles(x: Array, log_w: Array | None, probs: Array) -> Array:
    """Quantiles of each replicate's draws, [prob, replicate, component]."""
    if log_w is not None:
        return weighted_quantiles(x, log_w, probs)
    parts = [interpolate_quantiles(ordered, probs) for ordered in each_ordered(x)]
    return np.stack(parts, axis=1)


def _midpoints(count: int) -> Array:
    return (np.arange(count) + 0.5) / count
