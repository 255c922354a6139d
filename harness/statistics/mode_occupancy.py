"""The shares of draws in the modes that a model names, compared with the exact weights.

A mode is visited if one draw lies in it. The share of n independent draws in a mode of weight w has
variance w (1 - w) / n, and none of them visits it with probability (1 - w)^n. Both are tested with
the n that a sampler claims: the ESS of the mode's own indicator where its draws come and go, and
the least ESS of the means where they never do, which is where an indicator claims nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from samplerbench.harness.statistics import ess_rhat
from samplerbench.harness.statistics.weighted import normalise_weights
from samplerbench.models.base import Exact

Array = np.ndarray

MAJOR = 0.05  # a mode of more weight must be visited
SURPRISE = 1e-3  # chance of missing a mode, at the claimed ESS, below which it is a failure
VISITS = 5.0  # expected at the claimed ESS: below, a share is too skewed for a z (kurtosis 1 / n w)


@dataclass(frozen=True)
class Modes:
    """What each replicate made of the modes; NaN where a draw is not finite."""

    weights: Array  # exact, [mode]
    share: Array  # of the draws' weight, [replicate, mode]
    ess: Array  # independent draws that the replicate claims to be worth, [replicate, mode]

    @property
    def never_visited(self) -> Array:
        """[replicate, mode] bool: never visited, of modes of more than 5 %."""
        return (self.share == 0) & (self.weights > MAJOR)

    def misses_surprisingly(self, tolerated: float) -> Array:
        """[replicate] bool: misses a mode that its claimed ESS hardly could.

        The ESS is taken smaller, by the factor ``tolerated`` that a claimed error may be wrong by.
        """
        with np.errstate(invalid="ignore"):
            chance = (1 - self.weights) ** (self.ess / tolerated**2)
        return (self.never_visited & (chance < SURPRISE)).any(axis=1)

    @property
    def testable(self) -> Array:
        """Indices of the modes whose shares are judged by their claimed errors."""
        with np.errstate(invalid="ignore"):
            visits = np.array([_median(column) for column in self.ess.T]) * self.weights
            return np.flatnonzero((self.weights > MAJOR) & (visits >= VISITS))

    def errors(self, mode: int) -> Array:
        """Error of a mode's share over what the claimed ESS makes of it, [replicate]."""
        w = self.weights[mode]
        return (self.share[:, mode] - w) * np.sqrt(self.ess[:, mode] / (w * (1 - w)))

    def select(self, keep: Array) -> Modes:
        """The replicates in ``keep``, bool."""
        return replace(self, share=self.share[keep], ess=self.ess[keep])


def measure_occupancy(
    x: Array, exact: Exact, log_w: Array | None, ess: Array | None, claimed: Array
) -> Modes | None:
    """The modes' shares in ``x[replicate, chain, draw, component]``; None where none are named.

    Weighted draws claim the sampler's own ``ess[replicate]``; ``claimed[replicate]`` is the least
    ESS that equal-weight draws claim for a mean.
    """
    if exact.mode_of is None or exact.mode_weights is None:
        return None
    count = len(exact.mode_weights)
    label = np.stack([exact.mode_of(draws.astype(np.float64)) for draws in x])
    if log_w is None:
        modes = np.arange(count)[:, None, None]
        share, _, own_ess = ess_rhat.series_mean(label[..., None], lambda part: part == modes)
        size = np.where((share > 0) & (share < 1), own_ess, claimed[:, None])
    else:
        w, flat = normalise_weights(log_w), label.reshape(len(x), -1)
        share = np.stack([(w * (flat == k)).sum(axis=1) for k in range(count)], axis=1)
        size = np.broadcast_to(np.asarray(ess, dtype=np.float64)[:, None], share.shape)
    finite = _finite(x, log_w)[:, None]
    share, size = np.where(finite, share, np.nan), np.where(finite, size, np.nan)
    return Modes(exact.mode_weights, share, size)


def _finite(x: Array, log_w: Array | None) -> Array:
    """[replicate] bool: every draw of any weight is finite."""
    finite = np.isfinite(x).all(axis=3)
    return (finite if log_w is None else finite | np.isneginf(log_w)).all(axis=(1, 2))


def _median(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0
