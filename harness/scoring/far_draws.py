"""Draws farther out than an exact posterior has them.

Shares in central intervals see where the outermost 2 % of the draws begin, and the sd how far out
they are on average: one draw in a thousand at 5 sds raises it by 1.2 %. So the share of the draws
beyond the exact 0.01 % and 99.99 % quantiles is looked at, too. A Gaussian that is too wide by
what is tolerated of an sd has 2.25 times as many there; no more than that is tolerated. So few
draws show no tail to be right: they can only show a fault.
"""

from __future__ import annotations

import functools

import numpy as np
from scipy import special

from samplerbench.components import component_draws
from samplerbench.harness.scoring.draw_shares import place_cuts
from samplerbench.harness.statistics.weighted import normalise_weights
from samplerbench.models.base import Exact

Array = np.ndarray

FAR = 1e-4  # probability beyond each end
BANK, SEED = 100_000, 20261128  # exact draws, of which 20 lie beyond: 4.5 of them is an sd
PARAMETERS = 50  # at most: of more the distance over all of them shows what is far out
MOST = 2.0  # times as many that do show ends that are none, as of a table that ends before them


@functools.lru_cache(maxsize=32)  # the rows of one model share its answer
def find_far_ends(exact: Exact) -> Array | None:
    """The exact quantiles beyond which draws are far out, [end, component]; NaN for no such end.

    None where the answer is no more than draws, or moments. What draws are equal to has no ends.
    """
    if exact.quantile is None or exact.draw is None or exact.source != "exact":
        return None
    if len(exact.names) > PARAMETERS:
        return None
    ends = exact.quantile(np.array([FAR, 1 - FAR]))
    bank = component_draws(exact.draw(np.random.default_rng(SEED), BANK), exact.names, lead=1)
    beyond = ((bank < ends[0]) | (bank > ends[1])).mean(axis=0)
    usable = (beyond < MOST * 2 * FAR) & ~place_cuts(exact)[1]
    return np.where(usable, ends, np.nan)


def measure_far_share(x: Array, exact: Exact, log_w: Array | None) -> Array | None:
    """Share beyond those ends of ``x[replicate, chain, draw, component]``, [replicate, component].

    Weighted by ``log_w[replicate, chain, draw]`` where that is given; NaN where there are no ends.
    """
    ends = find_far_ends(exact)
    if ends is None:
        return None
    flat = x.reshape(len(x), -1, x.shape[-1])
    weights = None if log_w is None else np.nan_to_num(normalise_weights(log_w))
    share = np.empty((len(x), x.shape[-1]))
    for i, draws in enumerate(flat):
        beyond = (draws < ends[0]) | (draws > ends[1])
        share[i] = beyond.mean(axis=0) if weights is None else weights[i] @ beyond
    share[:, np.isnan(ends).any(axis=0)] = np.nan
    return share


def tolerate_far_share(sd: float) -> float:
    """The share beyond both ends of a Gaussian whose sd is that much, relative, too large."""
    return float(2 * special.ndtr(special.ndtri(FAR) / (1 + sd)))
