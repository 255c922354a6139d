"""Simulation-based calibration: where truths drawn from the prior rank among the draws.

Take a truth from the prior, data given it, and draws from the posterior given these data: the
rank of the truth among independent draws is uniform whenever the sampler is right, whatever the
model (Talts et al. 2018, arXiv:1804.06788). No exact posterior is needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from samplerbench.harness.statistics.weighted import normalise_weights

Array = np.ndarray

MOST = 99  # draws that a truth is ranked among: ranks then have a hundred values
LEAST = 9
INDEPENDENCE = 4  # claimed effective draws for each draw taken: these are all but independent
ALPHA = 0.01  # chance that a right sampler is called otherwise, over all its parameters
CHANCE = 2.58  # standard errors of a shift or a spread, which chance exceeds with ALPHA
SIMULATIONS = 20_000  # of the null: p values are known down to 5e-5
CAMPAIGNS, STEPS = 200, 7  # simulated for the power: 95 % to 1.5 %, and a hundredth of the range
SEED = 20260603


def choose_rank_draws(ess: Array | None, count: int) -> int:
    """How many draws truths are ranked among, for claimed ``ess[replicate]`` of ``count`` draws.

    One number for all replicates, from the lower tenth of their claims, since ranks among
    different numbers of draws are not the same statistic.
    """
    finite = ess[np.isfinite(ess)] if ess is not None else np.array([])
    claimed = float(np.quantile(finite, 0.1)) if finite.size else float(count)
    return int(np.clip(claimed / INDEPENDENCE, LEAST, min(MOST, max(LEAST, count))))


def rank_truths(x: Array, truth: Array, count: int, log_w: Array | None = None) -> Array:
    """How many of ``count`` draws lie below the truth, [replicate, component]; ties at random.

    ``x[replicate, chain, draw, component]`` is thinned evenly; weighted draws are taken by weight.
    ``truth[replicate, component]``. A replicate with a draw that is not finite, or without any
    weight, ranks -1.
    """
    rng = np.random.default_rng(SEED)
    weights = None if log_w is None else normalise_weights(log_w)
    ranks = np.full(truth.shape, -1)
    for r, (draws, true) in enumerate(zip(x, truth, strict=True)):
        own = None if weights is None else weights[r]
        if own is not None and np.isnan(own).any():
            continue
        flat = draws.reshape(-1, draws.shape[-1]).astype(np.float64)
        sample = flat[_pick(len(flat), count, own, rng)]
        below, equal = (sample < true).sum(axis=0), (sample == true).sum(axis=0)
        ranks[r] = below + rng.integers(0, equal + 1)
        ranks[r, ~np.isfinite(sample).all(axis=0)] = -1
    return ranks


def _pick(size: int, count: int, weights: Array | None, rng: np.random.Generator) -> Array:
    """Indices of ``count`` of ``size`` draws."""
    if weights is None:
        return np.linspace(0, size - 1, count).round().astype(int)
    return rng.choice(size, size=count, p=weights)


@dataclass(frozen=True)
class Uniformity:
    """Whether ranks of one parameter are uniform."""

    p: float  # simultaneous over all ranks
    shift: float  # mean of (rank + 1/2) / (draws + 1) less 1/2, in standard errors
    spread: float  # its variance less 1/12, in standard errors: positive, draws too narrow


def uniformity(ranks: Array, draws: int) -> Uniformity:
    """Test ``ranks[replicate]``, 0 to ``draws``, for uniformity.

    The empirical distribution of the ranks is compared with its binomial at every rank, and the
    least of the tail probabilities with its distribution under uniform ranks, by simulation
    (Säilynoja, Bürkner and Vehtari 2022, Statistics and Computing 32:32, section 2.2). Below what
    so many simulations can tell there is a bound: each tail of each rank has no more than its own
    probability, so that twice their number times the least of them is never too small a p. Without
    it no parameter of 200 could be shown wrong after Bonferroni's correction.
    """
    count = len(ranks)
    table, null = _null(count, draws)
    below = np.cumsum(np.bincount(ranks, minlength=draws + 1)[:-1])
    least = table[below, np.arange(draws)].min()
    simulated = (1 + np.searchsorted(null, least, side="right")) / (1 + len(null))
    p = min(simulated, 2 * draws * least)
    u = (ranks + 0.5) / (draws + 1)
    variance = (1 - 1 / (draws + 1) ** 2) / 12  # of a uniform rank, exactly
    fourth = 1 / 180  # variance of (u - 1/2)^2 for a continuous uniform
    shift = (u.mean() - 0.5) / np.sqrt(variance / count)
    # about its own mean: truths that all lie on one side are far from 1/2, and not spread out
    spread = (u.var(ddof=1) - variance) / np.sqrt(fourth / count)
    return Uniformity(float(p), float(shift), float(spread))


@functools.lru_cache(maxsize=8)
def _null(count: int, draws: int) -> tuple[Array, Array]:
    """Tail probability of each count at or below each rank; sorted minima under uniformity."""
    share = np.arange(1, draws + 1) / (draws + 1)
    k = np.arange(count + 1)[:, None]
    table = np.minimum(stats.binom.cdf(k, count, share), stats.binom.sf(k - 1, count, share))
    rng = np.random.default_rng(SEED)
    cells = np.full(draws + 1, 1 / (draws + 1))
    minima = []
    for _ in range(0, SIMULATIONS, 1000):
        below = np.cumsum(rng.multinomial(count, cells, size=1000)[:, :-1], axis=1)
        minima.append(table[below, np.arange(draws)].min(axis=1))
    return table, np.sort(np.concatenate(minima))


@functools.lru_cache(maxsize=32)
def detect_flaws(count: int, draws: int, parameters: int) -> tuple[float | None, float | None]:
    """Shift in sds, and how many times too narrow, that ``count`` replicates find with 95 %.

    Of Gaussian posteriors, one parameter of several being flawed, by simulation; None where four
    sds, or a tenth of the width, are not found.
    """
    shift = _least_found(lambda z, size: z - size, count, draws, parameters, 4.0)
    narrow = _least_found(lambda z, size: z * np.exp(size), count, draws, parameters, np.log(10))
    return shift, None if narrow is None else float(np.exp(narrow))


def _least_found(
    of: Callable[[Array, float], Array], count: int, draws: int, parameters: int, most: float
) -> float | None:
    """The least size up to ``most`` that is found in 95 % of campaigns, by bisection.

    ``of(z, size)`` is where truths ``z`` lie in the standardised draws of a flaw of that size.
    """
    z = np.random.default_rng(SEED).standard_normal((CAMPAIGNS, count))

    def is_found(size: float) -> bool:
        rng = np.random.default_rng(SEED)
        ranks = rng.binomial(draws, special.ndtr(of(z, size)))
        found = [uniformity(one, draws).p * parameters < ALPHA for one in ranks]
        return float(np.mean(found)) >= 0.95

    if not is_found(most):
        return None
    low, high = 0.0, most
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_found(middle) else (middle, high)
    return high


def describe_departure(name: str, test: Uniformity) -> tuple[str, str]:
    """The verdict's word and its reason for a parameter whose ranks are not uniform."""
    if max(abs(test.shift), abs(test.spread)) < CHANCE:
        what = "have another shape, though neither place nor width is shown to be wrong"
        return "biased", f"draws of {name!r} {what}"
    if abs(test.shift) >= abs(test.spread):
        side = "too low" if test.shift > 0 else "too high"
        return "biased", f"draws of {name!r} lie {side} ({abs(test.shift):.1f} standard errors)"
    word, width = ("overconfident", "narrow") if test.spread > 0 else ("overcautious", "wide")
    return word, f"draws of {name!r} are too {width} ({abs(test.spread):.1f} standard errors)"
