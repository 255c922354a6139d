"""Draws in order of size, one replicate after another; draws as a distribution to draw from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

Array = np.ndarray


def each_ordered(x: Array) -> Iterator[Array]:
    """The sorted draws [component, draw] of each replicate of ``x[replicate, chain, draw, ...]``.

    Chains are joined. Sorted as they are, in 32 bits where they have these: that takes a third.
    """
    for draws in x:
        rows = np.array(draws.reshape(-1, draws.shape[-1]).T, order="C")  # always a copy
        rows.sort(axis=1)
        yield rows


def interpolate_quantiles(ordered: Array, probs: Array) -> Array:
    """Quantiles [prob, component] of ``ordered[component, draw]``: type 7 of Hyndman and Fan."""
    place = np.asarray(probs) * (ordered.shape[1] - 1)
    below = np.minimum(place.astype(int), max(ordered.shape[1] - 2, 0))
    share = (place - below)[:, None]
    low, high = ordered[:, below].T, ordered[:, np.minimum(below + 1, ordered.shape[1] - 1)].T
    return low.astype(np.float64) * (1 - share) + high.astype(np.float64) * share


def make_drawer(
    names: Sequence[str], bank: Array
) -> Callable[[np.random.Generator, int], dict[str, Array]]:
    """Independent draws with replacement from ``bank[draw, component]``.

    Each component comes as a scalar site of its own name, [draw].
    """

    def draw(rng: np.random.Generator, count: int) -> dict[str, Array]:
        rows = bank[rng.integers(len(bank), size=count)]
        return dict(zip(names, rows.T, strict=True))

    return draw


def make_quantile(x: Array) -> Callable[[Array], Array]:
    """Probabilities [k] -> quantiles [k, component] of draws ``x[..., component]``.

    They are sorted once, at the first call.
    """
    order = functools.cache(lambda: next(each_ordered(x[None])))
    return lambda probs: interpolate_quantiles(order(), probs)
