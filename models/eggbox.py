"""The egg box: eighteen equal peaks. After Feroz, Hobson and Bridges (2009), MNRAS 398:1601.

    x ~ Uniform(0, 10 pi)^2
    L(x) = exp((2 + cos(x[0] / 2) cos(x[1] / 2))^5)

Peaks stand where both numbers of half turns are even or both odd; those on the border are cut in
half, those in two corners to a quarter. Between them the log likelihood falls by 211. The surface
has period 4 pi and mirrors at every peak, so that all follows from one peak, by quadrature.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Sites, add, make_builder
from samplerbench.models.exact import density_on_line, rejection

SIDE = 10 * math.pi
TOP = 3.0**5
REACH = 1.0  # from a peak, which has an sd of 0.1: at 1 the log density is 46 lower
CELLS = 200  # of the marginal of one peak, over 2 REACH
WIDE = 0.13  # sd of the normals that peaks are drawn from, by rejection: 1.3 times the peak's
TURNS = np.arange(6)  # where columns and rows of peaks stand, in units of 2 pi


@dataclass(frozen=True)
class Options:
    """The egg box has no options."""


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; it takes no data."""

    def program() -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        x = numpyro.sample("x", dist.Uniform(jnp.zeros(2), SIDE).to_event(1))
        numpyro.factor("eggbox", (2 + jnp.cos(x[0] / 2) * jnp.cos(x[1] / 2)) ** 5)

    return program


def log_height(u: Array, v: Array) -> Array:
    """Log likelihood at (u, v) from a peak, over that at the peak."""
    return (2 + np.cos(u / 2) * np.cos(v / 2)) ** 5 - TOP


def _integrate_across(u: Array) -> tuple[Array, Array]:
    """Log of the integral over v of one peak's density at ``u``, and its derivative in u.

    The trapezium rule on what is as smooth as a normal of sd 0.1: steps of 0.02 err by
    exp(-2 pi^2 25) = 0.
    """
    v = np.linspace(-REACH, REACH, 101)
    density = np.exp(log_height(u[:, None], v))
    base = 2 + np.cos(u / 2)[:, None] * np.cos(v / 2)
    rise = -2.5 * base**4 * np.sin(u / 2)[:, None] * np.cos(v / 2)
    total = density.sum(axis=1)
    return np.log(total * (v[1] - v[0])), (density * rise).sum(axis=1) / total


@functools.cache
def integrate_peak() -> density_on_line.Line:
    """The distribution of u in one whole peak."""
    return density_on_line.integrate(_integrate_across, -REACH, REACH, CELLS)


def weigh_peaks() -> Array:
    """The share of each peak, [column, row]: 0 where none stands."""
    cut = np.where((TURNS == 0) | (TURNS == TURNS[-1]), 0.5, 1.0)
    stands = (TURNS[:, None] + TURNS) % 2 == 0
    return np.outer(cut, cut) * stands


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior, from one peak's."""
    peak, shares = integrate_peak(), weigh_peaks()
    log_evidence = TOP + peak.log_mass + math.log(shares.sum()) - 2 * math.log(SIDE)
    shares = shares / shares.sum()
    columns = shares.sum(axis=1)
    inward = np.array([1.0, 0, 0, 0, 0, -1.0])  # peaks on the border lie on its inner side only
    half = float(peak.expect(np.abs(peak.nodes)))
    middles = 2 * math.pi * TURNS + inward * half
    square = float(peak.expect(peak.nodes**2))
    mean = float(columns @ middles)
    # E x^2 = sum over columns of (place^2 + 2 place inward E|u| + E u^2)
    second = columns @ ((2 * math.pi * TURNS) ** 2 + 4 * math.pi * TURNS * inward * half + square)
    variance = float(second) - mean**2
    both = float(middles @ shares @ middles) + _correct_corners(shares, half)
    covariance = np.array([[variance, both - mean**2], [both - mean**2, variance]])
    rows, places = np.nonzero(shares)
    return Exact(
        names=tuple(component_names("x", (2,))),
        mean=np.full(2, mean),
        covariance=covariance,
        quantile=functools.partial(_compute_quantiles, peak, columns),
        draw=functools.partial(draw, shares),
        log_evidence=log_evidence,
        source="quadrature",
        mean_se=np.full(2, 1e-12),
        sd_se=np.full(2, 1e-12),
        mode_of=functools.partial(find_peak, _number_peaks(rows, places)),
        mode_weights=shares[rows, places],
    )


def _correct_corners(shares: Array, half: float) -> float:
    """What E |u| |v| in a corner adds to E x y over E|u| E|v|: u and v are not independent."""
    v = np.linspace(0.0, REACH, 2001)
    # Simpson's rule on a half peak, steps of 0.001: (0.001 / 0.1)^4 / 180
    weights = np.full(len(v), 2.0)
    weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
    density = np.exp(log_height(v[:, None], v)) * np.outer(weights, weights)
    product = float(v @ density @ v / density.sum())
    corners = shares[[0, -1], [0, -1]].sum()
    return float(corners) * (product - half**2)


def _compute_quantiles(peak: density_on_line.Line, columns: Array, probabilities: Array) -> Array:
    """Quantiles of one coordinate: which column, then where in its (half) peak."""
    p = np.asarray(probabilities, dtype=float)
    ends = np.concatenate([[0.0], np.cumsum(columns)])
    ends[-1] = 1.0
    k = np.clip(np.searchsorted(ends, p, side="right") - 1, 0, len(columns) - 1)
    within = (p - ends[k]) / columns[k]
    within = np.where(k == 0, 0.5 + within / 2, np.where(k == len(columns) - 1, within / 2, within))
    x = 2 * math.pi * TURNS[k] + peak.quantile(within)
    return np.repeat(x[:, None], 2, axis=1)


def draw(shares: Array, rng: np.random.Generator, count: int) -> Sites:
    """Independent draws: a peak by its share, then a place in it, mirrored into the box."""
    offsets = rejection.collect(functools.partial(_propose, rng), count)
    k = rng.choice(shares.size, size=count, p=shares.ravel())
    turns = np.stack(np.unravel_index(k, shares.shape), axis=1)
    offsets = np.where(turns == 0, np.abs(offsets), offsets)
    offsets = np.where(turns == TURNS[-1], -np.abs(offsets), offsets)
    return {"x": 2 * math.pi * turns + offsets}


def _propose(rng: np.random.Generator, missing: int) -> Array:
    """Draws of (u, v) of one peak by rejection, some ``missing`` of them."""
    u = WIDE * rng.standard_normal((2 * missing + 100, 2))
    log_ratio = log_height(*u.T) + (u**2).sum(axis=1) / (2 * WIDE**2)
    log_ratio[np.abs(u).max(axis=1) > REACH] = -np.inf
    return u[np.log(rng.random(len(u))) < log_ratio - _bound_ratio()]


@functools.cache
def _bound_ratio() -> float:
    """The largest log ratio of the peak to its proposal: a grid's best and 1e-3."""
    v = np.linspace(0.0, REACH, 1001)
    log_ratio = log_height(v[:, None], v) + (v[:, None] ** 2 + v**2) / (2 * WIDE**2)
    return float(log_ratio.max()) + 1e-3


def _number_peaks(columns: Array, rows: Array) -> Array:
    """Number of the peak at each (column, row); -1 where none stands."""
    numbers = np.full((len(TURNS), len(TURNS)), -1)
    numbers[columns, rows] = np.arange(len(columns))
    return numbers


def find_peak(numbers: Array, x: Array) -> Array:
    """The peak that ``x`` [..., 2] belongs to, [...]: the nearest."""
    at = np.clip(x / (2 * math.pi), 0, len(TURNS) - 1)
    turns = np.clip(np.rint(at), 0, len(TURNS) - 1).astype(int)
    found = numbers[turns[..., 0], turns[..., 1]]
    # between peaks, at a trough's place: the nearest peak is one step along the longer offset
    away = at - turns
    axis = np.abs(away).argmax(axis=-1)
    step = np.where(np.take_along_axis(away, axis[..., None], -1)[..., 0] >= 0, 1, -1)
    other = turns.copy()
    for i in (0, 1):
        other[..., i] += np.where(axis == i, step, 0)
    inside = np.clip(other, 0, len(TURNS) - 1)
    return np.where(found >= 0, found, numbers[inside[..., 0], inside[..., 1]])


build = make_builder("eggbox", make_program, make_exact)
add("eggbox", Options, build, "eighteen equal peaks in a plane")
