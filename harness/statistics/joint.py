"""Joint structure as further components: uncorrelated directions of the posterior, a distance.

What single parameters can't show, their marginals being right, shows in the directions in which
the exact correlation matrix has its eigenvectors: a correlation that is lost or turned round makes
draws too wide in one of them and too narrow in another. The distance from the mean over all of
them sees what no direction does, and the log density, where it is known, what has the wrong shape.
All are judged as parameters are. Beside them stand the sums and differences of pairs of parameters,
and the combination of all whose variance the draws have farthest off.
What even these can't show is left to the energy distance.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.statistics.combinations import Combinations, find_combinations
from samplerbench.harness.statistics.curves import Curves, find_curves
from samplerbench.harness.statistics.energy_distance import (
    POINTS,
    EnergyDistance,
    measure_energy,
    pick_points,
)
from samplerbench.harness.statistics.ordered_draws import make_drawer, make_quantile
from samplerbench.harness.statistics.pairs import Pairs, find_pairs
from samplerbench.models.base import Exact

Array = np.ndarray
Density = Callable[[Array], Array]

MOST = 20  # directions: of more parameters those of the largest and of the smallest variance
BANK = 50_000  # exact draws that the distribution in each direction is known from
SEED = 20261126
SURE = 0.005  # sds, of a mean: a ground truth known less well has no directions to speak of
LEAST_VARIANCE = 1e-6  # of a direction in standardised parameters; less is a constraint
ROUNDINGS = 100.0  # that a direction's sd is to be as large as, of numbers of the draws' precision


@dataclass(frozen=True, eq=False)
class Directions:
    """A map of parameters on uncorrelated directions, and their exact distribution."""

    mean: Array  # of the parameters, [component]
    whitening: Array  # [component, direction], of all directions
    matrix: Array  # of those that are judged one by one
    log_density: Density | None  # of the parameters, up to a constant
    varies: Array  # bool: which of directions, distance and log density are more than rounding
    exact: Exact  # of the directions, the distance, and the log density where it is known
    points: Array  # whitened independent exact draws, [point, direction]
    curves: Curves | None  # products of squares with parameters; None where pairs are
    pairs: Pairs | None  # sums and differences of two parameters; None where they tell nothing
    combinations: Combinations | None  # of all; None where half of the draws can't tell the rest

    def project(self, x: Array) -> Array:
        """Directions and so on at draws ``x[replicate, chain, draw, component]``."""
        parts = [self._project(draws) for draws in x]  # one by one: float64 copies are large
        return np.stack(parts)

    def _project(self, x: Array) -> Array:
        return _project(x, self.mean, self.matrix, self.log_density)[..., self.varies]

    def measure_energy(self, x: Array, log_w: Array | None) -> EnergyDistance:
        """Distance of all directions together from exact draws."""
        few = pick_points(x, log_w)
        exact = self.points[: few.shape[0] * few.shape[1]].reshape(*few.shape[:2], -1)
        return measure_energy((few - self.mean) @ self.whitening, exact)


def _project(x: Array, mean: Array, matrix: Array, log_density: Density | None) -> Array:
    x = np.asarray(x, dtype=np.float64)
    along = (x - mean) @ matrix
    parts = [along, np.linalg.norm(along, axis=-1, keepdims=True)]
    if log_density is not None:
        parts.append(log_density(x)[..., None])
    return np.concatenate(parts, axis=-1)


@functools.lru_cache(maxsize=8)  # the rows of one model share its answer
def find_directions(exact: Exact, single: bool = True) -> Directions | None:
    """The directions of a ground truth that draws can tell, in 32 bits with ``single``, else in 64.

    None for one parameter, and where they are not known.
    """
    error = 0.0 if exact.mean_se is None else float(np.max(exact.mean_se / exact.sd))
    if exact.draw is None or len(exact.names) < 2 or not error < SURE:
        return None
    precision = float(np.finfo(np.float32 if single else np.float64).eps / 2)
    whitening = _find_matrix(exact, precision)
    if whitening.shape[1] < 2:
        return None
    matrix = whitening
    if matrix.shape[1] > MOST:
        matrix = whitening[:, np.r_[: MOST // 2, -MOST // 2 : 0]]
    rng = np.random.default_rng(SEED)
    draws = component_draws(exact.draw(rng, BANK), exact.names, 1).astype(np.float64)
    bank = _project(draws, exact.mean, matrix, exact.log_density)
    points = (draws[:POINTS] - exact.mean) @ whitening
    varies = _find_varying(bank, precision, exact.log_density is not None)
    answer = _describe(bank, matrix.shape[1], varies)
    rounding = np.square(ROUNDINGS * _find_rounding(exact, precision))
    pairs = find_pairs(exact.names, draws, np.sqrt(2) * error, float(rounding))
    curves = find_curves(exact.names, pairs, draws, error) if pairs else None
    # draws of a reference are not independent of one another: they err alike in both halves
    combined = find_combinations(exact.names, pairs, draws) if pairs and error == 0 else None
    place = (exact.mean, whitening, matrix, exact.log_density, varies)
    return Directions(*place, answer, points, curves, pairs, combined)


def _find_matrix(exact: Exact, precision: float) -> Array:
    """The directions that can be told from rounding, each with unit variance, smallest first."""
    sd = exact.sd
    correlation = exact.covariance / np.outer(sd, sd)
    variances, vectors = np.linalg.eigh(correlation)
    rounding = _find_rounding(exact, precision)
    usable = np.flatnonzero(variances > max(LEAST_VARIANCE, np.square(ROUNDINGS * rounding)))
    return vectors[:, usable] / np.sqrt(variances[usable]) / sd[:, None]


def _find_rounding(exact: Exact, precision: float) -> float:
    """The largest rounding error of a parameter near its mean, in its sds."""
    return float(precision * np.abs(exact.mean / exact.sd).max())


def _find_varying(bank: Array, precision: float, has_density: bool) -> Array:
    """[column] bool: not the same in all exact draws, but for rounding.

    The log density of a uniform posterior is one number, the distance on a sphere another. Draws of
    32 bits round the distance, and no log density that is constant.
    """
    unit = np.full(bank.shape[1], precision)
    if has_density:
        unit[-1] = np.finfo(np.float64).eps
    return np.ptp(bank, axis=0) > ROUNDINGS * unit * np.abs(bank).max(axis=0)


def _describe(bank: Array, directions: int, varies: Array) -> Exact:
    """The exact distribution of what draws are projected on, from exact draws ``bank``."""
    names = [f"principal direction {i + 1}" for i in range(directions)]
    names += ["distance from the mean", "log density"][: bank.shape[1] - directions]
    rest = bank[:, directions:]
    mean = np.r_[np.zeros(directions), rest.mean(axis=0)][varies]
    variance = np.r_[np.ones(directions), rest.var(axis=0)][varies]
    names = [name for name, kept in zip(names, varies, strict=True) if kept]
    bank = bank[:, varies]
    error = np.sqrt(variance / len(bank))
    return Exact(
        tuple(names),
        mean,
        np.diag(variance),
        quantile=make_quantile(bank),
        draw=make_drawer(names, bank),
        mean_se=error,
        sd_se=error / np.sqrt(2),
    )
