"""Integrals over one or two unbounded parameters, by splitting boxes where they are not yet known.

The whole space is mapped on a box, u = c + A t, t = 3 s / (1 - s^2), with c and A from the modes
that climbers find, so that polynomial tails stay integrable. Each box has a Gauss-Legendre rule in
every direction (Davis and Rabinowitz 1984, Methods of Numerical Integration, chapters 2 and 6); its
error is what splitting it changed. All float64; no library but NumPy.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.harness.worker.inspection.mode_search import (
    Density,
    NoAnswer,
    climbed,
    finite,
    spread,
)

Array = np.ndarray
NODES = {1: 16, 2: 8}  # a direction and box
BOXES = {1: 32, 2: 12}  # a direction, to begin with
REACH = 3.0  # half of the mapped box holds this many sds either way, times 2/3
TOLERANCE = 1e-8  # of the whole mass, and of moments in sds: to stop at
ACCEPTED = 1e-3  # of the same: more is no answer
MOST_POINTS = 3_000_000
DRAWS = 2**16
BOUND = 1.5  # a box's density is taken to be no more than this times that of its highest node


@dataclass(frozen=True)
class Integral:
    """A distribution by its nodes; errors are bounds, from what the last splits changed."""

    values: Array  # [node, component]
    weights: Array  # [node], sum 1
    log_z: float  # natural log of the integral of the density
    log_z_error: float
    mean: Array  # [component]
    covariance: Array  # [component, component]
    mean_error: Array  # [component]
    sd_error: Array  # [component]
    draws: Array  # [draw, component], independent


def integrate(density: Density, seeds: Array, seconds: float, rng: np.random.Generator) -> Integral:
    """The distribution whose log density is ``density``, up to a constant that log Z holds.

    ``seeds[n, d]``: points to look for modes from, d one or two. Raises NoAnswer after ``seconds``
    or MOST_POINTS without an answer good to ACCEPTED.
    """
    modes, heights = climbed(density, seeds)
    spreads = np.array([spread(density, m, h) for m, h in zip(modes, heights)])  # noqa: B905
    chart = _chart(modes, heights, spreads)
    boxes = _Boxes(density, chart, float(heights.max()), time.monotonic() + seconds)
    boxes.refine(chart.inverse(modes), spreads)
    return boxes.integral(rng)


@dataclass(frozen=True)
class _Chart:
    """The map of the open box (-1, 1)^d on the whole space."""

    centre: Array
    root: Array  # [d, d]

    def points(self, s: Array) -> tuple[Array, Array]:
        """u and log |du/ds| at ``s[n, d]``."""
        rest = (1 - s) * (1 + s)
        with np.errstate(divide="ignore", invalid="ignore"):  # the border itself has no mass
            u = self.centre + REACH * (s / rest) @ self.root.T
            slope = np.log(REACH * (1 + np.square(s)) / np.square(rest)).sum(axis=1)
        return u, slope + np.log(np.abs(np.linalg.det(self.root)))

    def inverse(self, u: Array) -> Array:
        """s at ``u[n, d]``."""
        t = np.linalg.solve(self.root, (u - self.centre).T).T / REACH
        return 2 * t / (1 + np.sqrt(1 + 4 * np.square(t)))


def _chart(modes: Array, heights: Array, spreads: Array) -> _Chart:
    """Centre and width of the modes together, each by its curvature (Laplace's approximation)."""
    mass = np.exp(heights - heights.max()) * np.sqrt(np.linalg.det(spreads))
    share = mass / mass.sum()
    centre = share @ modes
    off = modes - centre
    whole = np.einsum("m,mij->ij", share, spreads + off[:, :, None] * off[:, None, :])
    return _Chart(centre, np.linalg.cholesky(whole))


class _Boxes:
    """Boxes in s, their nodes' values and what the last split changed."""

    def __init__(self, density: Density, chart: _Chart, height: float, deadline: float) -> None:
        self.density, self.chart, self.deadline = density, chart, deadline
        self.d = len(chart.centre)
        x, w = np.polynomial.legendre.leggauss(NODES[self.d])
        grid = np.meshgrid(*[x] * self.d, indexing="ij")
        self.nodes = np.stack([g.ravel() for g in grid], axis=1) / 2 + 0.5
        self.rule = _product(np.meshgrid(*[w / 2] * self.d, indexing="ij")).ravel()
        _, slope = chart.points(chart.inverse(chart.centre[None]))
        self.reference = height + float(slope[0])
        self.shift = density(chart.centre[None])[1][0]
        self.points = 0

    def refine(self, modes: Array, spreads: Array) -> None:
        """Split until the tolerance is met; first the boxes that a mode could be lost in."""
        edges = np.linspace(-1, 1, BOXES[self.d] + 1)
        corner = np.meshgrid(*[edges[:-1]] * self.d, indexing="ij")
        lo = np.stack([c.ravel() for c in corner], axis=1)
        self._set(*self._evaluated(lo, np.full(len(lo), edges[1] - edges[0])))
        self.error = np.full((len(lo), self.sums.shape[1]), np.inf)
        # a mode's sd along its narrowest direction, in s: a box must be no wider than twice that
        root = np.linalg.inv(self.chart.root)
        inner = np.array([np.linalg.eigvalsh(root @ c @ root.T).min() for c in spreads])
        widest = 2 * np.sqrt(inner) / REACH
        while True:
            bad = self._bad(modes, widest)
            if not bad.any():
                self._refuse_tails()
                # moments are known by now; quantiles want more nodes than moments do
                return self._split(self.sums[:, 0] > 1e-6 * self.sums[:, 0].sum())
            if self.points + bad.sum() * 2**self.d * len(self.rule) > MOST_POINTS:
                return self._settle(f"more than {MOST_POINTS} points")
            if time.monotonic() > self.deadline:
                return self._settle("more time than it has")
            self._split(bad)

    def _settle(self, why: str) -> None:
        self.error = np.where(np.isfinite(self.error), self.error, np.abs(self.sums))
        worst = self._errors().sum(axis=0).max()
        if not worst < ACCEPTED:
            raise NoAnswer(f"quadrature would take {why}; its error is still {worst:.1g}")
        self._refuse_tails()

    def _refuse_tails(self) -> None:
        """What the border of the box adds to the spread must vanish, else there is no sd."""
        edge = (self.lo <= -1).any(axis=1) | (self.lo + self.width[:, None] >= 1).any(axis=1)
        mean, sd = self._moments()
        c = len(mean)
        first, second = self.sums[edge, 1 : c + 1].sum(axis=0), self.sums[edge, c + 1 :].sum(axis=0)
        beyond = second - 2 * mean * first + np.square(mean) * self.sums[edge, 0].sum()
        share = beyond / self.sums[:, 0].sum() / np.square(sd)
        if not share.max(initial=0) < ACCEPTED:
            raise NoAnswer("the tails are so heavy that a parameter has no finite sd")

    def _bad(self, modes: Array, widest: Array) -> Array:
        """Which boxes to split: the worst ones, as long as all together are not good enough."""
        total = self.sums[:, 0].sum()
        if not total > 0:
            raise NoAnswer("the density is zero at every node of the grid")
        coarse = np.zeros(len(self.lo), bool)
        for mode, limit in zip(modes, widest):  # noqa: B905
            inside = (self.lo <= mode) & (mode <= self.lo + self.width[:, None])
            coarse |= inside.all(axis=1) & (self.width > max(limit, 1e-12))
        fresh = ~np.isfinite(self.error).all(axis=1)
        if fresh.any():  # a box whose mass is nothing needs no second look
            split = coarse | fresh & (self.sums[:, 0] > 1e-13 * total)
            self.error[fresh & ~split] = 0.0
            return split
        errors = self._errors()
        if (errors.sum(axis=0) < TOLERANCE).all():
            return coarse
        each = errors.max(axis=1)
        order = np.argsort(-each)
        owing = np.cumsum(each[order])
        coarse[order[: 1 + np.searchsorted(owing, 0.95 * owing[-1])]] = True
        return coarse

    def _errors(self) -> Array:
        """What the last split changed in mass, mean and spread, in the units of tolerances."""
        mean, sd = self._moments()
        c = len(mean)
        z = self.sums[:, 0].sum()
        e0, e1, e2 = self.error[:, :1], self.error[:, 1 : c + 1], self.error[:, c + 1 :]
        with np.errstate(all="ignore"):
            off = (e1 + np.abs(mean) * e0) / sd
            spread = e2 + 2 * np.abs(mean) * e1 + (np.square(mean) + np.square(sd)) * e0
            found = np.concatenate([e0, off, spread / np.square(sd)], axis=1) / z
        return np.where(np.isnan(found), np.inf, found)

    def _moments(self) -> tuple[Array, Array]:
        """Mean, less the shift, and sd of each component."""
        c = (self.sums.shape[1] - 1) // 2
        total = self.sums.sum(axis=0) / self.sums[:, 0].sum()
        mean = total[1 : c + 1]
        return mean, np.sqrt(np.maximum(total[c + 1 :] - np.square(mean), 0))

    def _evaluated(self, lo: Array, width: Array) -> tuple[Array, ...]:
        s = lo[:, None] + width[:, None, None] * self.nodes
        u, slope = self.chart.points(s.reshape(-1, self.d))
        logs, values = self.density(u)
        self.points += len(u)
        if np.isposinf(logs).any():
            raise NoAnswer("the density is infinite at a point")
        with np.errstate(all="ignore"):
            mass = np.exp(finite(logs + slope) - self.reference)
        weighs = mass > 0
        x = np.where(weighs[:, None], values - self.shift, 0.0)
        if not np.isfinite(x).all() or not np.isfinite(mass).all():
            raise NoAnswer("a parameter or the density overflows where the posterior has mass")
        f = mass.reshape(len(lo), -1)
        w = f * self.rule * (width**self.d)[:, None]
        x = x.reshape(len(lo), len(self.rule), -1)
        sums = np.concatenate([w.sum(axis=1, keepdims=True), np.einsum("bn,bnc->bc", w, x),
                               np.einsum("bn,bnc->bc", w, np.square(x))], axis=1)  # fmt: skip
        return lo, width, sums, w, x, f.max(axis=1)

    def _set(self, *parts: Array) -> None:
        self.lo, self.width, self.sums, self.w, self.x, self.top = parts

    def _split(self, bad: Array) -> None:
        half = self.width[bad] / 2
        sides = np.array(list(itertools.product((0, 1), repeat=self.d)))
        lo = self.lo[bad][:, None] + half[:, None, None] * sides
        made = self._evaluated(lo.reshape(-1, self.d), np.repeat(half, len(sides)))
        whole = made[2].reshape(len(half), len(sides), -1)
        changed = np.abs(whole.sum(axis=1) - self.sums[bad]) / len(sides)
        # rounding: what sums of so many nodes can't be better than
        floor = 1e-15 * np.abs(made[2])
        error = np.maximum(np.repeat(changed, len(sides), axis=0), floor)
        old = (self.lo, self.width, self.sums, self.w, self.x, self.top)
        self._set(*(np.concatenate([o[~bad], m]) for o, m in zip(old, made)))  # noqa: B905
        self.error = np.concatenate([self.error[~bad], error])

    def integral(self, rng: np.random.Generator) -> Integral:
        """What the boxes say now."""
        mean, sd = self._moments()
        w = self.w.ravel() / self.sums[:, 0].sum()
        kept = w > 0
        w, x = w[kept] / w[kept].sum(), self.x.reshape(len(kept), -1)[kept]
        off = x - mean
        covariance = (off * w[:, None]).T @ off
        errors = self._errors().sum(axis=0)
        c = len(mean)
        return Integral(
            values=x + self.shift,
            weights=w,
            log_z=float(np.log(self.sums[:, 0].sum()) + self.reference),
            log_z_error=float(errors[0]),
            mean=mean + self.shift,
            covariance=covariance,
            mean_error=errors[1 : c + 1] * sd,
            sd_error=errors[c + 1 :] * sd / 2,
            draws=self._draws(rng),
        )

    def _draws(self, rng: np.random.Generator) -> Array:
        """Independent draws: a box by its mass, then by rejection within it."""
        share = self.sums[:, 0] / self.sums[:, 0].sum()
        waiting = rng.choice(len(share), size=DRAWS, p=share)
        found = []
        while len(waiting) and time.monotonic() < self.deadline + 30:
            s = self.lo[waiting] + self.width[waiting, None] * rng.random((len(waiting), self.d))
            u, slope = self.chart.points(s)
            logs, values = self.density(u)
            height = np.exp(finite(logs + slope) - self.reference)
            taken = rng.random(len(waiting)) * BOUND * self.top[waiting] < height
            found.append(values[taken])
            waiting = waiting[~taken]
        made = np.concatenate(found)
        return made[rng.permutation(len(made))]


def _product(grids: Any) -> Array:
    """The product of arrays, one a direction."""
    made = grids[0]
    for grid in grids[1:]:
        made = made * grid
    return made
