"""Integrals over boxes: a Gauss-Legendre rule in each, and what splitting a box changes."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, fields, replace

import numpy as np

from samplerbench.harness.worker.inspection.chart import Chart
from samplerbench.harness.worker.inspection.mode_search import Density, NoAnswer, drop_nonfinite

Array = np.ndarray
NODES = {1: 16, 2: 8}  # a direction and box, by dimension


@dataclass(frozen=True)
class Boxes:
    """Boxes in the chart's s, with the density and the components at the nodes of their rules."""

    low: Array  # the lowest corner, [box, d]
    width: Array  # [box]
    # integrals of the density, of it times each component (less the rule's shift), and times its
    # square: [box, 1 + 2 components]
    sums: Array
    weights: Array  # the density at a node times the node's weight, [box, node]
    values: Array  # components, less the shift, [box, node, component]
    top: Array  # the highest density at a node, [box]
    error: Array  # of the sums: what the last split changed, infinite where there was none

    def select(self, mask: Array) -> Boxes:
        """Those boxes where ``mask`` [box] holds."""
        return Boxes(*(getattr(self, field.name)[mask] for field in fields(self)))

    def join(self, others: Boxes) -> Boxes:
        """These boxes and ``others``."""
        names = [field.name for field in fields(self)]
        pairs = [(getattr(self, name), getattr(others, name)) for name in names]
        return Boxes(*(np.concatenate(pair) for pair in pairs))

    def compute_moments(self) -> tuple[Array, Array]:
        """Mean, less the shift, and sd of each component."""
        count = self.values.shape[2]
        total = self.sums.sum(axis=0) / self.sums[:, 0].sum()
        mean = total[1 : count + 1]
        return mean, np.sqrt(np.maximum(total[count + 1 :] - np.square(mean), 0))

    def compute_errors(self) -> Array:
        """Error of mass, means and spreads by box, as shares of the mass, sds and variances."""
        mean, sd = self.compute_moments()
        count = len(mean)
        mass = self.sums[:, 0].sum()
        e0, e1 = self.error[:, :1], self.error[:, 1 : count + 1]
        e2 = self.error[:, count + 1 :]
        with np.errstate(all="ignore"):
            off = (e1 + np.abs(mean) * e0) / sd
            spread = e2 + 2 * np.abs(mean) * e1 + (np.square(mean) + np.square(sd)) * e0
            errors = np.concatenate([e0, off, spread / np.square(sd)], axis=1) / mass
        return np.where(np.isnan(errors), np.inf, errors)


@dataclass(frozen=True)
class Rule:
    """The quadrature rule of a box, and what it is applied to."""

    density: Density
    chart: Chart
    nodes: Array  # of the unit box, [node, d]
    weights: Array  # [node], sum 1
    reference: float  # log density that counts as 1
    shift: Array  # taken off components, so that squares of large ones do not cancel

    def evaluate(self, low: Array, width: Array) -> Boxes:
        """Boxes with these corners [box, d] and widths [box]. Raises NoAnswer for infinities."""
        d = low.shape[1]
        s = low[:, None] + width[:, None, None] * self.nodes
        density, values = self.evaluate_density(s.reshape(-1, d))
        with np.errstate(all="ignore"):
            x = np.where((density > 0)[:, None], values - self.shift, 0.0)
        if not np.isfinite(x).all() or not np.isfinite(density).all():
            raise NoAnswer("a parameter or the density overflows where the posterior has mass")
        f = density.reshape(len(low), -1)
        w = f * self.weights * (width**d)[:, None]
        x = x.reshape(len(low), len(self.weights), -1)
        first, second = (np.einsum("bn,bnc->bc", w, power) for power in (x, np.square(x)))
        sums = np.concatenate([w.sum(axis=1, keepdims=True), first, second], axis=1)
        return Boxes(low, width, sums, w, x, f.max(axis=1), np.full_like(sums, np.inf))

    def evaluate_density(self, s: Array) -> tuple[Array, Array]:
        """The density over the reference at ``s[n, d]``, the map's slope in it; components."""
        u, slope = self.chart.map_points(s)
        logs, values = self.density(u)
        if np.isposinf(logs).any():
            raise NoAnswer("the density is infinite at a point")
        with np.errstate(all="ignore"):
            return np.exp(drop_nonfinite(logs + slope) - self.reference), values

    def split(self, boxes: Boxes, mask: Array) -> Boxes:
        """``boxes`` with those of ``mask`` halved in each direction; the change is their error."""
        d = boxes.low.shape[1]
        half = boxes.width[mask] / 2
        sides = np.array(list(itertools.product((0, 1), repeat=d)))
        low = boxes.low[mask][:, None] + half[:, None, None] * sides
        parts = self.evaluate(low.reshape(-1, d), np.repeat(half, len(sides)))
        whole = parts.sums.reshape(len(half), len(sides), -1)
        change = np.abs(whole.sum(axis=1) - boxes.sums[mask]) / len(sides)
        # rounding: what sums of so many nodes can't be better than
        floor = 1e-15 * np.abs(parts.sums)
        error = np.maximum(np.repeat(change, len(sides), axis=0), floor)
        return boxes.select(~mask).join(replace(parts, error=error))


def make_rule(density: Density, chart: Chart, height: float) -> Rule:
    """The rule for ``density``, whose log is at most about ``height``."""
    d = len(chart.centre)
    x, w = np.polynomial.legendre.leggauss(NODES[d])
    nodes = np.stack([g.ravel() for g in np.meshgrid(*[x] * d, indexing="ij")], axis=1) / 2 + 0.5
    weights = functools.reduce(np.multiply, np.meshgrid(*[w / 2] * d, indexing="ij")).ravel()
    _, slope = chart.map_points(chart.invert_points(chart.centre[None]))
    shift = density(chart.centre[None])[1][0]
    return Rule(density, chart, nodes, weights, height + float(slope[0]), shift)
