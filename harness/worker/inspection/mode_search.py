"""Modes of a density over one or two parameters, and how wide they are.

All climbers take a step in one call of the density, which is compiled for a batch of points: 20 ms
for 48 of them. ``scipy.optimize.minimize`` (BFGS or Nelder-Mead, SciPy 1.12) from the same points
finds the same modes of all models here in 1000 to 6000 calls of a point each, 10 to 30 times the
seconds, and ``measure_spread`` wants the second derivatives all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

Array = np.ndarray
#: points [n, d] -> log density [n], values [n, component]
Density = Callable[[Array], tuple[Array, Array]]

CLIMBERS, STEPS = 24, 200


class NoAnswer(Exception):
    """Raised where the integrals can't be known well enough; the text says why."""


def find_modes(density: Density, seeds: Array) -> tuple[Array, Array]:
    """Modes [mode, d], each once, and their log densities: where climbers from seeds end."""
    seeds = np.unique(seeds[np.isfinite(seeds).all(axis=1)], axis=0)
    height = drop_nonfinite(density(seeds)[0])
    if not np.isfinite(height).any():
        raise NoAnswer(f"the density is zero or no number at all of {len(seeds)} points tried")
    order = np.argsort(-height)[: np.isfinite(height).sum()]
    # the highest ones, and as many spread evenly over all the others: a low one may lead elsewhere
    order = np.r_[order[:CLIMBERS], order[CLIMBERS :: max(1, len(order) // CLIMBERS)]]
    return _keep_distinct(*_climb(density, seeds[order], height[order], _start_radius(seeds)))


def _start_radius(seeds: Array) -> float:
    """The median distance of a seed's coordinates from their median."""
    return float(np.median(np.abs(seeds - np.median(seeds, axis=0))) + 1e-3)


def _climb(density: Density, place: Array, top: Array, first_radius: float) -> tuple[Array, Array]:
    """Climb from ``place`` [point, d], of log density ``top`` [point], to local maxima."""
    d = place.shape[1]
    row = np.arange(len(place))
    radius = np.full(len(place), first_radius)
    moves = np.array([m for m in itertools.product((-1, 0, 1), repeat=d) if any(m)])
    for _ in range(STEPS):
        points = place[:, None] + radius[:, None, None] * moves
        newton = place + _compute_newton_steps(density, place, top, 1e-3 * radius)
        points = np.concatenate([points, newton[:, None]], axis=1)
        heights = drop_nonfinite(density(points.reshape(-1, d))[0]).reshape(points.shape[:2])
        best = heights.argmax(axis=1)
        highest = heights[row, best]
        better = highest > top
        distance = np.abs(points[row, best] - place).max(axis=1)
        place = np.where(better[:, None], points[row, best], place)
        gain, top = np.where(better, highest - top, 0), np.maximum(top, highest)
        radius = np.where(better, np.clip(2 * distance, radius / 8, 2 * radius), radius / 4)
        if (gain < 1e-9).all() and (radius < 1e-4 * (1 + np.abs(place).max(axis=1))).all():
            break
    return place, top


def _compute_newton_steps(density: Density, place: Array, top: Array, step: Array) -> Array:
    """A Newton step [point, d] from differences ``step[point]`` wide; 0 where there is no hill."""
    gradient, hessian = _differentiate(density, place, top, step)
    steps = np.zeros_like(place)
    for i, (g, h) in enumerate(zip(gradient, hessian)):  # noqa: B905 (strict= needs 3.10)
        if np.isfinite(h).all() and np.isfinite(g).all() and (np.linalg.eigvalsh(h) < 0).all():
            steps[i] = -np.linalg.solve(h, g)
    return steps


def _differentiate(density: Density, place: Array, top: Array, step: Array) -> tuple[Array, Array]:
    """Central differences: gradient [point, d] and Hessian [point, d, d]."""
    count, d = place.shape
    unit = np.eye(d)
    both = [unit[i] + unit[j] for i in range(d) for j in range(i)]
    offsets = np.array([s * o for o in [*unit, *both] for s in (1.0, -1.0)])
    points = place[:, None] + step[:, None, None] * offsets
    f = density(points.reshape(-1, d))[0].reshape(count, -1, 2)
    with np.errstate(all="ignore"):
        gradient = (f[:, :d, 0] - f[:, :d, 1]) / (2 * step[:, None])
        second = (f.sum(axis=2) - 2 * top[:, None]) / np.square(step)[:, None]
    hessian = np.zeros((count, d, d))
    hessian[:, range(d), range(d)] = second[:, :d]
    pairs = [(i, j) for i in range(d) for j in range(i)]
    for k, (i, j) in enumerate(pairs):
        cross = (second[:, d + k] - second[:, i] - second[:, j]) / 2
        hessian[:, i, j] = hessian[:, j, i] = cross
    return gradient, hessian


def _keep_distinct(place: Array, top: Array) -> tuple[Array, Array]:
    """Modes within 30 of the highest (what lies lower has no mass), each once."""
    modes: list[int] = []
    for i in np.argsort(-top):
        others = place[modes]
        apart = np.abs(place[i] - others).max(axis=1) > 1e-3 * (1 + np.abs(others).max(axis=1))
        if top[i] > top.max() - 30 and apart.all():
            modes.append(i)
    return place[modes], top[modes]


def measure_spread(density: Density, mode: Array, height: float) -> Array:
    """Covariance of one mode: from its curvature, else from where the density falls off."""
    widths = np.array([_measure_width(density, mode, height, axis) for axis in np.eye(len(mode))])
    _, hessian = _differentiate(
        density, mode[None], np.array([height]), np.array([widths.min() / 4])
    )
    if np.isfinite(hessian).all() and (np.linalg.eigvalsh(-hessian[0]) > 0).all():
        covariance = np.linalg.inv(-hessian[0])
        sds = np.sqrt(np.diag(covariance))
        if (sds < 1e4 * widths).all() and (sds > widths / 30).all():
            return covariance
    return np.diag(np.square(widths))


def _measure_width(density: Density, mode: Array, height: float, axis: Array) -> float:
    """How far along ``axis`` the log density falls by a half, the wider of both sides."""
    steps = np.geomspace(1e-9, 1e9, 181) * (1 + np.abs(mode).max())
    widest = steps[0]
    for side in (1, -1):
        low = drop_nonfinite(density(mode + side * steps[:, None] * axis)[0]) < height - 0.5
        widest = max(widest, steps[low.argmax()] if low.any() else 1.0)
    return float(widest)


def drop_nonfinite(logs: Array) -> Array:
    """Log densities with -inf for what is no number."""
    return np.where(np.isfinite(logs), logs, -np.inf)
