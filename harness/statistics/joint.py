"""Joint structure as further components: uncorrelated directions of the posterior, a distance.

What single parameters can't show, their marginals being right, shows in the directions in which
the exact correlation matrix has its eigenvectors: a correlation that is lost or turned round makes
draws too wide in one of them and too narrow in another. The distance from the mean over all of
them sees what no direction does. Both are judged as parameters are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import partial

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.statistics.ordered_draws import interpolate_quantiles
from samplerbench.models.base import Exact

Array = np.ndarray

MOST = 20  # directions: of more parameters those of the largest and of the smallest variance
BANK = 50_000  # exact draws that the distribution in each direction is known from
SEED = 20261126
SURE = 0.005  # sds, of a mean: a ground truth known less well has no directions to speak of
LEAST_VARIANCE = 1e-6  # of a direction in standardised parameters; less is a constraint
ROUNDING = 6e-8  # of a number in 32 bits, of which a direction's sd is to be 100 times as much


@dataclass(frozen=True, eq=False)
class Directions:
    """A map of parameters on uncorrelated directions, and their exact distribution."""

    mean: Array  # of the parameters, [component]
    matrix: Array  # [component, direction]
    exact: Exact  # of the directions and the distance

    def project(self, x: Array) -> Array:
        """Directions and distance at draws ``x[replicate, chain, draw, component]``."""
        parts = [self._project(draws) for draws in x]  # one by one: float64 copies are large
        return np.stack(parts)

    def _project(self, x: Array) -> Array:
        along = (x - self.mean) @ self.matrix
        return np.concatenate([along, np.linalg.norm(along, axis=-1, keepdims=True)], axis=-1)


@functools.lru_cache(maxsize=8)  # the rows of one model share its answer
def find_directions(exact: Exact) -> Directions | None:
    """The directions of a ground truth; None for one parameter, and where they are not known."""
    error = 0.0 if exact.mean_se is None else float(np.max(exact.mean_se / exact.sd))
    if exact.draw is None or len(exact.names) < 2 or not error < SURE:
        return None
    matrix = _find_matrix(exact)
    if matrix.shape[1] < 2:
        return None
    sites = exact.draw(np.random.default_rng(SEED), BANK)
    draws = component_draws(sites, exact.names, 1).astype(np.float64)
    along = (draws - exact.mean) @ matrix
    bank = np.concatenate([along, np.linalg.norm(along, axis=1, keepdims=True)], axis=1)
    return Directions(exact.mean, matrix, _describe(bank))


def _find_matrix(exact: Exact) -> Array:
    """The directions that can be told from rounding, each with unit variance."""
    sd = exact.sd
    correlation = exact.covariance / np.outer(sd, sd)
    variances, vectors = np.linalg.eigh(correlation)
    rounding = ROUNDING * np.abs(exact.mean / sd).max()
    usable = np.flatnonzero(variances > max(LEAST_VARIANCE, np.square(100 * rounding)))
    if len(usable) > MOST:
        usable = np.r_[usable[: MOST // 2], usable[-MOST // 2 :]]
    return vectors[:, usable] / np.sqrt(variances[usable]) / sd[:, None]


def _describe(bank: Array) -> Exact:
    """The exact distribution of directions and distance, from exact draws ``bank``."""
    count = bank.shape[1] - 1
    names = (*(f"principal direction {i + 1}" for i in range(count)), "distance from the mean")
    mean = np.r_[np.zeros(count), bank[:, -1].mean()]
    variance = np.r_[np.ones(count), bank[:, -1].var()]
    error = np.sqrt(variance / len(bank))

    def draw(rng: np.random.Generator, n: int) -> dict[str, Array]:
        rows = bank[rng.integers(len(bank), size=n)]
        return dict(zip(names, rows.T, strict=True))

    return Exact(
        names,
        mean,
        np.diag(variance),
        quantile=partial(interpolate_quantiles, np.sort(bank.T, axis=1)),
        draw=draw,
        mean_se=error,
        sd_se=error / np.sqrt(2),
    )
