"""Integrals over one or two unbounded parameters, by splitting boxes where they are not yet known.

The whole space is mapped on a box, u = c + A t, t = 3 s / (1 - s^2), with c and A from the modes
of the density, so that polynomial tails stay integrable. Each box has a Gauss-Legendre rule in
every direction (Davis and Rabinowitz 1984, Methods of Numerical Integration, chapters 2 and 6); its
error is what splitting it changed. All float64; no library but NumPy.

SciPy's ``integrate.cubature`` (1.15 on) splits boxes likewise, but gives integrals alone: the
quantiles and the draws here want the nodes of the boxes, and stacks before 1.15 lack it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from samplerbench.harness.worker.inspection.boxes import Boxes, Rule, make_rule
from samplerbench.harness.worker.inspection.chart import REACH, make_chart
from samplerbench.harness.worker.inspection.mode_search import (
    Density,
    NoAnswer,
    find_modes,
    measure_spread,
)

Array = np.ndarray
BOXES = {1: 32, 2: 12}  # a direction, to begin with, by dimension
TOLERANCE = 1e-8  # of the whole mass, and of moments in sds: to stop at
LARGEST_ERROR = 1e-3  # of the same: more is no answer
MOST_POINTS = 3_000_000
DRAWS = 2**16
ENDLESS = 1e15  # sd over interquartile range; 3e9 for a log-normal as wide as exp(5)
HEAVY = "the tails are so heavy that a parameter has no finite sd"
DENSITY_RATIO = (
    1.5  # a box's density is taken to be no more than this times that of its highest node
)


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
    or MOST_POINTS without an answer good to LARGEST_ERROR.
    """
    deadline = time.monotonic() + seconds
    modes, heights = find_modes(density, seeds)
    spreads = np.array([measure_spread(density, m, h) for m, h in zip(modes, heights)])  # noqa: B905
    chart = make_chart(modes, heights, spreads)
    rule = make_rule(density, chart, float(heights.max()))
    # a mode's sd along its narrowest direction, in s: a box must be no wider than twice that
    root = np.linalg.inv(chart.root)
    narrowest = np.array([np.linalg.eigvalsh(root @ c @ root.T).min() for c in spreads])
    widest = 2 * np.sqrt(narrowest) / REACH
    boxes = _refine(rule, chart.invert_points(modes), widest, deadline)
    integral = _summarise(rule, boxes, _draw(rule, boxes, rng, deadline + 30))
    _refuse_endless_tails(integral)
    return integral


def _refine(rule: Rule, modes: Array, widest: Array, deadline: float) -> Boxes:
    """Boxes split until the tolerance is met; first those that a mode could be lost in."""
    d = modes.shape[1]
    edges = np.linspace(-1, 1, BOXES[d] + 1)
    corners = np.meshgrid(*[edges[:-1]] * d, indexing="ij")
    low = np.stack([c.ravel() for c in corners], axis=1)
    boxes = rule.evaluate(low, np.full(len(low), edges[1] - edges[0]))
    points = boxes.weights.size
    while True:
        boxes, mask = _choose_boxes(boxes, modes, widest)
        if not mask.any():
            _refuse_tails(boxes)
            # moments are known by now; quantiles want more nodes than moments do
            return rule.split(boxes, boxes.sums[:, 0] > 1e-6 * boxes.sums[:, 0].sum())
        more = int(mask.sum()) * 2**d * len(rule.weights)
        if points + more > MOST_POINTS:
            return _settle(boxes, f"more than {MOST_POINTS} points")
        if time.monotonic() > deadline:
            return _settle(boxes, "more time than it has")
        boxes = rule.split(boxes, mask)
        points += more


def _choose_boxes(boxes: Boxes, modes: Array, widest: Array) -> tuple[Boxes, Array]:
    """Which boxes to split: the worst ones, as long as all together are not good enough.

    A box whose mass is nothing needs no second look: its error is set to zero.
    """
    total = boxes.sums[:, 0].sum()
    if not total > 0:
        raise NoAnswer("the density is zero at every node of the grid")
    mask = np.zeros(len(boxes.low), bool)
    for mode, limit in zip(modes, widest):  # noqa: B905
        inside = (boxes.low <= mode) & (mode <= boxes.low + boxes.width[:, None])
        mask |= inside.all(axis=1) & (boxes.width > max(limit, 1e-12))
    fresh = ~np.isfinite(boxes.error).all(axis=1)
    if fresh.any():
        mask = mask | fresh & (boxes.sums[:, 0] > 1e-13 * total)
        error = np.where((fresh & ~mask)[:, None], 0.0, boxes.error)
        return replace(boxes, error=error), mask
    errors = boxes.compute_errors()
    if (errors.sum(axis=0) < TOLERANCE).all():
        return boxes, mask
    each = errors.max(axis=1)
    order = np.argsort(-each)
    total_error = np.cumsum(each[order])
    mask[order[: 1 + np.searchsorted(total_error, 0.95 * total_error[-1])]] = True
    return boxes, mask


def _settle(boxes: Boxes, why: str) -> Boxes:
    """The boxes as they are where no more can be spent; raises NoAnswer where they err too much."""
    error = np.where(np.isfinite(boxes.error), boxes.error, np.abs(boxes.sums))
    boxes = replace(boxes, error=error)
    worst = boxes.compute_errors().sum(axis=0).max()
    if not worst < LARGEST_ERROR:
        raise NoAnswer(f"quadrature would take {why}; its error is still {worst:.1g}")
    _refuse_tails(boxes)
    return boxes


def _refuse_tails(boxes: Boxes) -> None:
    """Raise NoAnswer where the outermost boxes add to the spread: then there is no sd."""
    high = boxes.low + boxes.width[:, None]
    edge = (boxes.low <= -1).any(axis=1) | (high >= 1).any(axis=1)
    mean, sd = boxes.compute_moments()
    sums, count = boxes.sums[edge].sum(axis=0), len(mean)
    first, second = sums[1 : count + 1], sums[count + 1 :]
    beyond = second - 2 * mean * first + np.square(mean) * sums[0]
    share = beyond / boxes.sums[:, 0].sum() / np.square(sd)
    if not share.max(initial=0) < LARGEST_ERROR:
        raise NoAnswer(HEAVY)


def _refuse_endless_tails(integral: Integral) -> None:
    """Raise NoAnswer where the sd is made by values at the end of what a float holds."""
    low, high = np.quantile(integral.draws, (0.25, 0.75), axis=0)
    middle, sd = high - low, np.sqrt(np.diag(integral.covariance))
    if ((middle > 0) & (sd > ENDLESS * middle)).any():
        raise NoAnswer(HEAVY)


def _summarise(rule: Rule, boxes: Boxes, draws: Array) -> Integral:
    mean, sd = boxes.compute_moments()
    w = boxes.weights.ravel() / boxes.sums[:, 0].sum()
    positive = w > 0
    w, x = w[positive] / w[positive].sum(), boxes.values.reshape(len(w), -1)[positive]
    off = x - mean
    errors, count = boxes.compute_errors().sum(axis=0), len(mean)
    return Integral(
        values=x + rule.shift,
        weights=w,
        log_z=float(np.log(boxes.sums[:, 0].sum()) + rule.reference),
        log_z_error=float(errors[0]),
        mean=mean + rule.shift,
        covariance=(off * w[:, None]).T @ off,
        mean_error=errors[1 : count + 1] * sd,
        sd_error=errors[count + 1 :] * sd / 2,
        draws=draws,
    )


def _draw(rule: Rule, boxes: Boxes, rng: np.random.Generator, deadline: float) -> Array:
    """Independent draws [draw, component]: a box by its mass, then by rejection within it."""
    share = boxes.sums[:, 0] / boxes.sums[:, 0].sum()
    pending = rng.choice(len(share), size=DRAWS, p=share)
    accepted = []
    while len(pending) and time.monotonic() < deadline:
        inside = rng.random((len(pending), boxes.low.shape[1]))
        s = boxes.low[pending] + boxes.width[pending, None] * inside
        density, values = rule.evaluate_density(s)
        accept = rng.random(len(pending)) * DENSITY_RATIO * boxes.top[pending] < density
        accepted.append(values[accept])
        pending = pending[~accept]
    draws = np.concatenate(accepted)
    return draws[rng.permutation(len(draws))]
