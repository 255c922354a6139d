"""Modes of a density over one or two parameters, and how wide they are; NumPy alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

Array = np.ndarray
#: points [n, d] -> log density [n], values [n, component]
Density = Callable[[Array], tuple[Array, Array]]

CLIMBERS, STEPS = 24, 200


class NoAnswer(Exception):
    """The integrals are not known well enough; the text says why."""


def climbed(density: Density, seeds: Array) -> tuple[Array, Array]:
    """Where climbers from the highest seeds end, each mode once: [mode, d] and log density."""
    seeds = np.unique(seeds[np.isfinite(seeds).all(axis=1)], axis=0)
    height = finite(density(seeds)[0])
    if not np.isfinite(height).any():
        raise NoAnswer(f"the density is zero or no number at all of {len(seeds)} points tried")
    order = np.argsort(-height)[: np.isfinite(height).sum()]
    # the highest ones, and as many spread evenly over all the others: a low one may lead elsewhere
    order = np.r_[order[:CLIMBERS], order[CLIMBERS :: max(1, len(order) // CLIMBERS)]]
    place, top = seeds[order], height[order]
    radius = np.full(len(place), np.median(np.abs(seeds - np.median(seeds, axis=0))) + 1e-3)
    moves = np.array([m for m in itertools.product((-1, 0, 1), repeat=seeds.shape[1]) if any(m)])
    for _ in range(STEPS):
        tried = place[:, None] + radius[:, None, None] * moves
        newton = place + _newton(density, place, top, 1e-3 * radius)
        tried = np.concatenate([tried, newton[:, None]], axis=1)
        found = finite(density(tried.reshape(-1, seeds.shape[1]))[0]).reshape(tried.shape[:2])
        best = found.argmax(axis=1)
        row = np.arange(len(place))
        better = found[row, best] > top
        moved = np.abs(tried[row, best] - place).max(axis=1)
        place = np.where(better[:, None], tried[row, best], place)
        gain, top = np.where(better, found[row, best] - top, 0), np.maximum(top, found[row, best])
        radius = np.where(better, np.clip(2 * moved, radius / 8, 2 * radius), radius / 4)
        if (gain < 1e-9).all() and (radius < 1e-4 * (1 + np.abs(place).max(axis=1))).all():
            break
    return _distinct(place, top)


def _newton(density: Density, place: Array, top: Array, step: Array) -> Array:
    """A Newton step [point, d] from differences ``step[point]`` wide; 0 where there is no hill."""
    gradient, hessian = _derivatives(density, place, top, step)
    found = np.zeros_like(place)
    for i, (g, h) in enumerate(zip(gradient, hessian)):  # noqa: B905 (strict= needs 3.10)
        if np.isfinite(h).all() and np.isfinite(g).all() and (np.linalg.eigvalsh(h) < 0).all():
            found[i] = -np.linalg.solve(h, g)
    return found


def _derivatives(density: Density, place: Array, top: Array, step: Array) -> tuple[Array, Array]:
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


def _distinct(place: Array, top: Array) -> tuple[Array, Array]:
    """Modes within 30 of the highest (what lies lower has no mass), each once."""
    kept: list[int] = []
    for i in np.argsort(-top):
        apart = [np.abs(place[i] - place[k]).max() > 1e-3 * (1 + np.abs(place[k]).max())
                 for k in kept]  # fmt: skip
        if top[i] > top.max() - 30 and all(apart):
            kept.append(i)
    return place[kept], top[kept]


def spread(density: Density, mode: Array, height: float) -> Array:
    """Covariance of one mode: from its curvature, else from where the density falls off."""
    widths = np.array([_width(density, mode, height, axis) for axis in np.eye(len(mode))])
    _, hessian = _derivatives(density, mode[None], np.array([height]), np.array([widths.min() / 4]))
    if np.isfinite(hessian).all() and (np.linalg.eigvalsh(-hessian[0]) > 0).all():
        found = np.linalg.inv(-hessian[0])
        sds = np.sqrt(np.diag(found))
        if (sds < 1e4 * widths).all() and (sds > widths / 30).all():
            return found
    return np.diag(np.square(widths))


def _width(density: Density, mode: Array, height: float, axis: Array) -> float:
    """How far along ``axis`` the log density falls by a half, the wider of both sides."""
    steps = np.geomspace(1e-9, 1e9, 181) * (1 + np.abs(mode).max())
    widest = steps[0]
    for side in (1, -1):
        fallen = finite(density(mode + side * steps[:, None] * axis)[0]) < height - 0.5
        widest = max(widest, steps[fallen.argmax()] if fallen.any() else 1.0)
    return float(widest)


def finite(logs: Array) -> Array:
    """Log densities with -inf for what is no number."""
    return np.where(np.isfinite(logs), logs, -np.inf)
