"""Distributions that look the same from every direction: a radius, and a point on the sphere.

x = r u with u uniform on the unit sphere in d dimensions. Then E x_i = 0, E x_i x_j = E r^2 / d for
i = j and else 0. A coordinate of u is cos t with t of density prop. to sin^(d-2) t, so with G the
cdf of the radius

    P(x_i <= a) = 1/2 + integral over t from 0 to pi/2 of G(a / cos t),   a > 0,

whose integrand is as smooth as G, for which Gauss-Legendre is made.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samplerbench.models.base import Array
from samplerbench.models.exact import density_on_line
from samplerbench.models.exact.tabulated_cdf import Table, evaluate, tabulate

ANGLES = 600  # nodes of t
REACH = 9.0  # widths from a summit that a quadrature covers: 1e-19 lies beyond
Profile = Callable[[Array], tuple[Array, Array]]  # r -> log of the density in space, its derivative


@dataclass(frozen=True)
class Rotation:
    """The distribution of x, [dim]."""

    dim: int
    log_mass: float  # log of the integral of the density over space
    radius: density_on_line.Line
    make_marginal: Callable[[], Table]  # the cdf of one coordinate, at the first call

    @property
    def marginal(self) -> Table:
        """The cdf of one coordinate."""
        return self.make_marginal()

    @property
    def variance(self) -> float:
        """The variance of one coordinate."""
        return float(self.radius.expect(self.radius.nodes**2)) / self.dim

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Independent draws, [count, dim]."""
        u = rng.standard_normal((count, self.dim))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        return u * self.radius.quantile(rng.random(count))[:, None]


def find_end(radius: float, width: float, dim: int) -> float:
    """The last radius to integrate, of a density that falls beyond ``radius`` as a normal does.

    ``width`` is its sd. r^(dim - 1) moves the summit out by sqrt(dim - 1) widths at the most.
    """
    return radius + (math.sqrt(dim - 1) + REACH) * width


def integrate(profile: Profile, dim: int, low: float, high: float, width: float) -> Rotation:
    """The distribution of density exp(``profile``) at radii from ``low`` to ``high``.

    ``width`` is the shortest length over which the profile changes, as the sd of a normal.
    """

    def log_density(r: Array) -> tuple[Array, Array]:
        value, slope = profile(r)
        return value + (dim - 1) * np.log(r), slope + (dim - 1) / r

    start = max(low, 1e-9 * high)
    line = density_on_line.integrate(log_density, start, high, math.ceil(10 * (high - low) / width))
    log_sphere = math.log(2) + dim / 2 * math.log(math.pi) - math.lgamma(dim / 2)
    make = functools.partial(_tabulate_coordinate, line, log_density, dim, start, high, width)
    return Rotation(dim, line.log_mass + log_sphere, line, functools.cache(make))


def _tabulate_coordinate(
    line: density_on_line.Line,
    log_density: Profile,
    dim: int,
    low: float,
    high: float,
    width: float,
) -> Table:
    nodes, weights = np.polynomial.legendre.leggauss(ANGLES)
    angle = math.pi / 4 * (nodes + 1)
    shares = weights * np.exp((dim - 2) * np.log(np.sin(angle)))
    shares, cosine = 0.5 * shares / shares.sum(), np.cos(angle)
    cells = math.ceil(10 * high / width)
    a = np.linspace(0.0, high, cells + 1)
    cdf, density, slope = np.full(cells + 1, 0.5), np.zeros(cells + 1), np.zeros(cells + 1)
    for share, c in zip(shares, cosine):  # noqa: B905 (strict= needs Python 3.10)
        r = a / c
        inside = (r > low) & (r < high)
        value, rise = log_density(np.where(inside, r, (low + high) / 2))
        g = np.where(inside, np.exp(value - line.log_mass), 0.0)
        cdf += share * evaluate(line.table, r)
        density += share * g / c
        slope += share * g * rise / c**2
    both = np.concatenate([-a[:0:-1], a])
    cdf = np.concatenate([1 - cdf[:0:-1], cdf])
    density, slope = np.append(density[:0:-1], density), np.append(-slope[:0:-1], slope)
    return tabulate(both, high / cells, cdf, density, slope)
