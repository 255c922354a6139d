"""Energy distance between the draws and exact ones: what no margin of one direction shows.

``D = 2 E|x - y| - E|x - x'| - E|y - y'|`` is zero only where two distributions are one (Szekely and
Rizzo 2013, J. Stat. Planning and Inference 143:1249), whatever curves or holes they have. Draws are
whitened, and cut off at REACH sds so that heavy tails decide nothing. As a size it is told as the
shift of every direction, in sds, that would be as far: ``2 sqrt(D / (2 E|x - y|))``, the same in
any number of dimensions up to 1 %.

The unit is the replicate: each has points of its own and is paired with exact points of its own,
and only distances between replicates count. So draws that are correlated within a run bias nothing.
Signs of whole replicates turned at random give the null (a wild bootstrap; Leucht and Neumann 2013,
J. Multivariate Analysis 117:257): it is as wide as replicates differ, which is that of the ESS that
they have, whatever they claim.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from samplerbench.harness.statistics.weighted import normalise_weights, resample_systematically

Array = np.ndarray

POINTS = 2048  # of all replicates together: 13 million distances, a tenth of a second
REACH = 5.0  # sds, beyond which a direction is cut off
FLIPS, SEED = 999, 20261128


@dataclass(frozen=True, eq=False)
class EnergyDistance:
    """Distances between replicates, of which the energy distance is the mean."""

    kernel: Array  # [replicate, replicate]: 2 |x - y| - |x - x'| - |y - y'|, means over points
    scale: float  # 2 E|x - y|

    def select(self, keep: Array) -> EnergyDistance:
        """The replicates in ``keep``, bool, of those that have points."""
        keep = keep[: len(self.kernel)]
        return replace(self, kernel=self.kernel[np.ix_(keep, keep)])

    def estimate(self, alpha: float) -> tuple[float, float, float]:
        """As a shift in sds, with its bounds, each wrong with ``alpha``; below 0 is chance.

        The half-width has two parts: what the distance of equal distributions exceeds, and the
        standard error of the means of replicates, which a true distance adds (Hoeffding 1948).
        """
        kernel, count = self.kernel.copy(), len(self.kernel)
        np.fill_diagonal(kernel, 0.0)
        pairs = count * (count - 1)
        distance = kernel.sum() / pairs
        signs = np.random.default_rng(SEED).choice([-1.0, 1.0], size=(FLIPS, count))
        null = np.quantile(((signs @ kernel) * signs).sum(axis=1), 1 - alpha) / pairs
        error = 2 * kernel.sum(axis=1).std(ddof=1) / (count - 1) / np.sqrt(count)
        half = float(np.hypot(null, -special.ndtri(alpha) * error))
        value, lo, hi = (self._as_shift(d) for d in (distance, distance - half, distance + half))
        return value, lo, hi

    def _as_shift(self, distance: float) -> float:
        return float(np.sign(distance) * 2 * np.sqrt(abs(distance) / self.scale))


def measure_energy(points: Array, exact: Array) -> EnergyDistance:
    """From whitened points ``[replicate, point, direction]`` and as many independent exact ones."""
    x, y = (np.clip(each, -REACH, REACH).astype(np.float32) for each in (points, exact))
    across = _measure(x, y)
    between = across + across.T - _measure(x, x) - _measure(y, y)
    return EnergyDistance(between, 2 * float(np.nanmean(across)))


def _measure(one: Array, other: Array) -> Array:
    """Mean distance between the points of each pair of replicates, [replicate, replicate]."""
    count, points, size = one.shape
    # replicates innermost: sums over points then add whole rows
    a, b = (each.swapaxes(0, 1).reshape(-1, size) for each in (one, other))
    squares = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)
    squares -= 2 * (a @ b.T)
    distance = np.sqrt(np.maximum(squares, 0, out=squares), out=squares)
    blocks = distance.reshape(points, count, points, count)
    return blocks.sum(axis=2).sum(axis=0, dtype=np.float64) / points**2


def pick_points(x: Array, log_w: Array | None) -> Array:
    """A few draws of each replicate, evenly over the run or by weight: [replicate, point, ...].

    ``x[replicate, chain, draw, component]``; of more than POINTS replicates the first.
    """
    x = x[:POINTS]
    count = max(1, POINTS // max(1, len(x)))
    flat = x.reshape(len(x), -1, x.shape[-1])
    if log_w is None:
        return flat[:, np.linspace(0, flat.shape[1] - 1, count).round().astype(int)]
    weights = np.nan_to_num(normalise_weights(log_w[:POINTS]))
    places = [resample_systematically(w, count) for w in weights]
    return np.stack([draws[place] for draws, place in zip(flat, places, strict=True)])
