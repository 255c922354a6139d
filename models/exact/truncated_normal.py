"""The exact posterior of two parameters, with a Gaussian likelihood and a uniform prior in a box.

The posterior is a Gaussian cut off by the box, here written as (outer, inner) = (a, b):

    log p(a, b) = -D/2 (a - a*)^2 - P/2 (b - b(a))^2 + constant,   b(a) = b* + k (a - a*)

with the precision matrix H: P = H_bb, k = -H_ab / H_bb, D = H_aa - H_ab^2 / H_bb. P and D may be
zero: the box keeps the posterior proper. Integrating b out leaves exp(peak(a)) J(a), where
peak(a) is the largest log density over b and J(a) = int exp(log p(a, b) - peak(a)) db.

Both integrals are Gauss-Legendre sums of positive terms over the part of the box that holds all
but exp(-40) of the mass, rather than differences of error functions: those cancel in thin boxes
and in tails. J: an exponent that falls by at most 40 has Chebyshev coefficients I_k(20) exp(-20),
below 1e-16 before 96, the degree that 48 nodes pass. a: no feature of the log density
is narrower than 1/sqrt(H_aa), and it falls by about 40 over the range, which sets the cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from samplerbench.models.base import Array, Exact, Sites
from samplerbench.models.exact.tabulated_cdf import Table, invert, tabulate

Real = Union[float, Array]  # one point, or many
Box = tuple[tuple[float, float], tuple[float, float]]

DROP = 40.0  # log units below the top that count as nothing: exp(-40) = 4e-18
CELLS = 512  # at least, over the range: 40 / 512 log units each
PER_WIDTH = 10  # cells in 1/sqrt(H_aa), at least
MOST_CELLS = 50_000  # 10^7 evaluations of the integrand
THIN = 1e-4  # width in conditional sd below which the density is exponential to THIN^2 / 2


def _unit_interval(count: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


INNER, OUTER = _unit_interval(48), _unit_interval(4)


@dataclass(frozen=True)
class Slice:
    """The truncated Gaussian along one axis; the symbols are those of the file's docstring."""

    outer: tuple[float, float]  # the box's edges along a
    inner: tuple[float, float]  # and along b
    precision: float  # D
    centre: float  # a*
    inner_precision: float  # P
    inner_centre: float  # b*
    slope: float  # k

    def inner_at(self, a: Real) -> tuple[Real, Array]:
        """The centre b(a) of the Gaussian in b, and the point of the box that is nearest to it."""
        centre = self.inner_centre + self.slope * (a - self.centre)
        return centre, np.clip(centre, *self.inner)

    def peak(self, a: Real) -> Any:
        """The largest log density over b in the box, relative to the Gaussian's own top."""
        centre, near = self.inner_at(a)
        gap, far = near - centre, a - self.centre
        return -0.5 * (self.precision * far * far + self.inner_precision * gap * gap)

    def rises(self, a: float) -> bool:
        """Whether ``peak`` grows at ``a``."""
        centre, near = self.inner_at(a)
        pull = self.inner_precision * (near - centre) * self.slope
        return bool(pull > self.precision * (a - self.centre))


@dataclass(frozen=True)
class Conditional:
    """b given a, at many a."""

    mass: Array  # J(a)
    mean: Array
    variance: Array
    gradient: Array  # d log p(a) / da


@dataclass(frozen=True)
class Marginal:
    """The distribution of a on a grid of cells."""

    nodes: Array  # quadrature nodes, 4 in every cell, [node]
    shares: Array  # probability at each node, sums to 1
    conditional: Conditional  # of b at the nodes
    log_mass: float  # log of the integral of exp(log p) over the box
    table: Table  # its cdf


def make_exact(
    names: tuple[str, str], precision: Array, centre: Array, box: Box, top: float
) -> Exact:
    """The exact posterior for a log likelihood top - (v - centre)' precision (v - centre) / 2.

    The prior is uniform in ``box``, ((low, high), (low, high)); ``precision`` [2, 2] may be
    singular. Raises ValueError where the posterior is too thin a ridge to integrate.
    """
    slices = [slice_along(precision, centre, box, axis) for axis in (0, 1)]
    marginals = [marginalise(s) for s in slices]
    mean, covariance = compute_moments(marginals[0])

    def quantile(probabilities: Array) -> Array:
        return np.stack([invert(m.table, probabilities) for m in marginals], axis=-1)

    def draw(rng: np.random.Generator, count: int) -> Sites:
        first = invert(marginals[0].table, rng.random(count))
        return dict(zip(names, (first, draw_inner(slices[0], first, rng)), strict=True))

    log_area = sum(np.log(high - low) for low, high in box)
    log_evidence = float(top + marginals[0].log_mass - log_area)
    return Exact(names, mean, covariance, quantile, draw, log_evidence)


def slice_along(precision: Array, centre: Array, box: Box, axis: int) -> Slice:
    """The slice with ``axis`` as the outer coordinate."""
    a, b = axis, 1 - axis
    slope = -precision[a, b] / precision[b, b] if precision[b, b] > 0 else 0.0
    rest = max(precision[a, a] + slope * precision[a, b], 0.0)  # rounding may pass below 0
    return Slice(box[a], box[b], rest, centre[a], precision[b, b], centre[b], slope)


def compute_moments(m: Marginal) -> tuple[Array, Array]:
    """Mean [2] and covariance [2, 2] of (a, b), by the law of total variance."""
    points = np.stack([m.nodes, m.conditional.mean])
    mean = points @ m.shares
    away = points - mean[:, None]
    covariance = (away * m.shares) @ away.T
    covariance[1, 1] += m.conditional.variance @ m.shares
    return mean, covariance


def condition(s: Slice, a: Array) -> Conditional:
    """b given each ``a``, by quadrature in t = b - (the likeliest b)."""
    centre, near = s.inner_at(a)
    pull = s.inner_precision * (near - centre)
    # the t at which |pull| t + P t^2 / 2 reaches DROP; without end where both are zero
    with np.errstate(divide="ignore"):
        end = 2 * DROP / (np.abs(pull) + np.sqrt(pull**2 + 2 * s.inner_precision * DROP))
    below, above = np.minimum(near - s.inner[0], end), np.minimum(s.inner[1] - near, end)
    t = (below + above)[:, None] * INNER[0] - below[:, None]
    weights = np.exp(-t * (pull[:, None] + 0.5 * s.inner_precision * t)) * INNER[1]
    total = weights.sum(axis=1)
    mean = (weights * t).sum(axis=1) / total
    variance = (weights * (t - mean[:, None]) ** 2).sum(axis=1) / total
    gradient = s.slope * (pull + s.inner_precision * mean) - s.precision * (a - s.centre)
    return Conditional(total * (below + above), near + mean, variance, gradient)


def marginalise(s: Slice) -> Marginal:
    """The distribution of a, with b integrated out."""
    edges, top = make_cells(s)
    width = (edges[-1] - edges[0]) / (len(edges) - 1)  # not from two neighbours: these are rounded
    nodes = (edges[:-1, None] + width * OUTER[0]).ravel()
    inside, at_edges = condition(s, nodes), condition(s, edges)
    mass = width * np.tile(OUTER[1], len(edges) - 1) * np.exp(s.peak(nodes) - top) * inside.mass
    total = mass.sum()
    cdf = np.append(0.0, np.cumsum(mass.reshape(len(edges) - 1, -1).sum(axis=1))) / total
    density = np.exp(s.peak(edges) - top) * at_edges.mass / total
    table = tabulate(edges, width, cdf, density, density * at_edges.gradient)
    return Marginal(nodes, mass / total, inside, float(top + np.log(total)), table)


def make_cells(s: Slice) -> tuple[Array, float]:
    """Equal cells over all of a that matters, and the largest log density there."""
    low, high = s.outer
    summit = find_farthest(s.rises, low, high)
    top, (centre, near) = float(s.peak(summit)), s.inner_at(summit)
    # J may be larger elsewhere than at the summit, by a factor of about its distance in sd
    floor = top - DROP - np.log1p(np.sqrt(s.inner_precision) * abs(near - centre))
    left, right = (find_farthest(lambda a: bool(s.peak(a) > floor), summit, e) for e in s.outer)
    sharpest = np.sqrt(s.precision + s.inner_precision * s.slope**2)
    count = max(CELLS, int(np.ceil(PER_WIDTH * (right - left) * sharpest)))
    if count > MOST_CELLS:
        raise ValueError(
            f"the posterior is too thin a ridge: {count} cells\n  expected: at most {MOST_CELLS}"
            "\n  what to do: a smaller box, or data that tell the parameters apart"
        )
    return np.linspace(left, right, count + 1), top


def find_farthest(holds: Callable[[float], bool], start: float, end: float) -> float:
    """The last point from ``start`` towards ``end`` up to which ``holds``, by bisection."""
    if holds(end):
        return end
    for _ in range(100):  # a halving a bit, and enough left over for a box 10^14 times too wide
        middle = (start + end) / 2
        start, end = (middle, end) if holds(middle) else (start, middle)
    return end


def draw_inner(s: Slice, a: Array, rng: np.random.Generator) -> Array:
    """One independent draw of b for each ``a``, by the inverse cdf from the likelier edge."""
    low, high = s.inner
    centre, _ = s.inner_at(a)
    mirrored = centre > (low + high) / 2
    start = np.where(mirrored, centre - high, low - centre)  # the likelier edge, seen from b(a)
    step = _draw_step(start, high - low, s.inner_precision, rng.random(len(a)))
    return np.clip(np.where(mirrored, high - step, low + step), low, high)


def _draw_step(start: Array, width: float, precision: float, u: Array) -> Array:
    """The distance from the edge at ``start`` below which a share ``u`` of the mass lies."""
    from scipy.special import log_ndtr, ndtri_exp  # inside: models are listed without SciPy

    root = np.sqrt(precision)
    if root * width < THIN:  # an exponential of this decay, or flat
        decay = precision * (start + width / 2)
        decay = np.where(np.abs(decay * width) < 1e-12, 1e-12 / width, decay)
        return -np.log1p(u * np.expm1(-decay * width)) / decay
    with np.errstate(divide="ignore"):  # u may be 0
        end = log_ndtr(-root * (start + width)) + np.log(u)
    log_above = np.logaddexp(log_ndtr(-root * start) + np.log1p(-u), end)
    return -ndtri_exp(log_above) / root - start
