"""Moments, quantiles and effective size of weighted draws, for many replicates at once.

Nested sampling returns draws ``x[replicate, chain, draw, component]`` with natural-log weights
``log_w[replicate, chain, draw]``, up to a constant; -inf marks padding, whose draws are ignored
whatever they hold. A replicate without any weight gives NaN throughout: there is nothing to
average.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def normalise_weights(log_w: Array) -> Array:
    """Weights that sum to one in each replicate, [replicate, chain * draw]; NaN if all are zero."""
    flat = np.asarray(log_w, dtype=np.float64).reshape(len(log_w), -1)
    top = flat.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):
        raw = np.exp(flat - top)  # -inf - -inf is NaN: no weight at all
        return raw / raw.sum(axis=1, keepdims=True)


def weighted_moments(x: Array, log_w: Array) -> tuple[Array, Array]:
    """Mean and sd, each [replicate, component], in the draws' units.

    The sd is that of the weighted draws taken as a distribution: no n - 1, since n is not known.
    """
    w = normalise_weights(log_w)
    flat = without_padding(x, w)
    mean = np.einsum("rn,rnc->rc", w, flat)
    with np.errstate(invalid="ignore"):  # an infinite draw has no deviation from an infinite mean
        square = np.einsum("rn,rnc->rc", w, np.square(flat - mean[:, None]))
    return mean, np.sqrt(square)


def kish_ess(log_w: Array) -> Array:
    """Kish's effective size (sum w)^2 / sum w^2, [replicate] (Kish 1965, Survey Sampling).

    It leaves out that nested sampling's weights are themselves estimates, and so claims too much.
    """
    return 1.0 / np.square(normalise_weights(log_w)).sum(axis=1)


def resample_systematically(w: Array, count: int, offset: float = 0.5) -> Array:
    """Indices of ``count`` draws that count alike, for draws of weights ``w``, which sum to one.

    Systematic resampling, the least noise that equal weights can have (Kitagawa 1996, JCGS 5:1).
    """
    ends = np.cumsum(w)  # the last is one to rounding alone
    steps = (np.arange(count) + offset) / count * ends[-1]
    return np.minimum(np.searchsorted(ends, steps), len(w) - 1)


def weighted_quantiles(x: Array, log_w: Array, probs: Array) -> Array:
    """Quantiles [prob, replicate, component]: the least draw with that share of the weight."""
    w = normalise_weights(log_w)
    flat = np.moveaxis(without_padding(x, w), 2, 1)  # [replicate, component, n]
    order = np.argsort(np.where((w > 0)[:, None], flat, np.inf), axis=2)  # padding last
    share = np.cumsum(
        np.take_along_axis(np.broadcast_to(w[:, None], flat.shape), order, axis=2), axis=2
    )
    place = _first_at_least(share, np.asarray(probs, dtype=np.float64))
    values = np.take_along_axis(np.take_along_axis(flat, order, axis=2), place, axis=2)
    values[np.isnan(w).any(axis=1)] = np.nan
    return np.moveaxis(values, 2, 0)


def without_padding(x: Array, w: Array) -> Array:
    """Draws [replicate, n, component], float64, with 0 where the weight is 0."""
    flat = np.asarray(x, dtype=np.float64).reshape(len(x), -1, x.shape[-1])
    return np.where((w == 0)[:, :, None], 0.0, flat)


def _first_at_least(share: Array, probs: Array) -> Array:
    """Index of the first cumulative share that reaches each probability, [..., prob]."""
    rows = np.nan_to_num(share.reshape(-1, share.shape[-1]))
    count, size = rows.shape
    # One sorted search for all rows: each row's shares lie in [0, 1], so shift row i by 2 i.
    shift = 2.0 * np.arange(count)[:, None]
    top = np.maximum(rows[:, -1:], 1e-300)
    goal = np.minimum(probs, 1.0) * top  # rounding must not push the last one past the end
    place = np.searchsorted((rows + shift).ravel(), (goal + shift - 1e-12).ravel(), side="left")
    place = place.reshape(count, len(probs)) - size * np.arange(count)[:, None]
    return np.clip(place, 0, size - 1).reshape(*share.shape[:-1], len(probs))
