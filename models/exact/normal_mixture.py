"""Quantiles of a mixture of normals on a line, of few modes or of thousands of quadrature nodes.

The cdf is tabulated on equal cells of s in x = centre + scale sinh(s), centred where the density is
highest: cells are fine there, and a heavy tail takes few. The cells are halved until the table
agrees with the mixture in the middle of every cell.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from samplerbench.models.base import Array
from samplerbench.models.exact.tabulated_cdf import Table, evaluate_middles, invert, tabulate

AGREES = 1e-10  # in probability, in the middle of every cell
FIRST, MOST = 256, 65_536  # cells; a normal alone takes 256
NOTHING = 1e-18  # share of a component that is left out
REACH = 9.0  # sds to each side of every component: 1e-19 lies outside
AT_ONCE = 2_000_000  # components times points evaluated together


def make_quantile(shares: Array, means: Array, sds: Array) -> Callable[[Array], Array]:
    """The quantile function of sum_i shares_i Normal(means_i, sds_i), all [component].

    Shares are normalised. The table is made at the first call, which raises ValueError for a
    mixture that would need more than ``MOST`` cells.
    """

    build_table = functools.cache(functools.partial(_tabulate_mixture, shares, means, sds))

    def evaluate(probabilities: Array) -> Array:
        table, centre, scale = build_table()
        return centre + scale * np.sinh(invert(table, probabilities))

    return evaluate


def _tabulate_mixture(shares: Array, means: Array, sds: Array) -> tuple[Table, float, float]:
    used = shares > NOTHING * shares.sum()
    w, m, sd = shares[used] / shares[used].sum(), means[used], sds[used]
    centre, scale = _find_peak(w, m, sd), float(_weighted_quantile(sd, w, np.array(0.01)))
    low = np.arcsinh(((m - REACH * sd).min() - centre) / scale)
    high = np.arcsinh(((m + REACH * sd).max() - centre) / scale)
    cells = FIRST
    while cells <= MOST:
        width = (high - low) / cells
        edges = low + width * np.arange(cells + 1)
        cdf, density, slope = _evaluate_in_s(edges, centre, scale, w, m, sd)
        table = tabulate(edges, width, cdf, density, slope)
        between = _evaluate_in_s(edges[:-1] + width / 2, centre, scale, w, m, sd)[0]
        if np.abs(evaluate_middles(table) - between).max() < AGREES:
            return table, centre, scale
        cells *= 2
    raise ValueError(f"a mixture of widths {sd.min():g} to {sd.max():g} needs over {MOST} cells")


def _evaluate_in_s(
    s: Array, centre: float, scale: float, w: Array, m: Array, sd: Array
) -> tuple[Array, Array, Array]:
    """The cdf and its first two derivatives in s."""
    x, stretch = centre + scale * np.sinh(s), scale * np.cosh(s)
    cdf, density, slope = _evaluate_in_x(x, w, m, sd)
    return cdf, density * stretch, slope * stretch**2 + density * scale * np.sinh(s)


def _evaluate_in_x(x: Array, w: Array, m: Array, sd: Array) -> tuple[Array, Array, Array]:
    from scipy.special import ndtr  # inside: models are listed without SciPy

    parts = []
    step = max(1, AT_ONCE // len(w))
    for start in range(0, len(x), step):
        z = (x[start : start + step, None] - m) / sd
        each = np.exp(-0.5 * z * z) * (w / (np.sqrt(2 * np.pi) * sd))
        parts.append((ndtr(z) @ w, each.sum(axis=1), -(each * z / sd).sum(axis=1)))
    cdf, density, slope = (np.concatenate(column) for column in zip(*parts))  # noqa: B905
    return cdf, density, slope


def _find_peak(w: Array, m: Array, sd: Array) -> float:
    """About where the density is highest: the best of up to 100 of the components' means."""
    points = np.unique(_weighted_quantile(m, w, np.linspace(0.0, 1.0, 100)))
    return float(points[np.argmax(_evaluate_in_x(points, w, m, sd)[1])])


def _weighted_quantile(values: Array, w: Array, p: Array) -> Array:
    order = np.argsort(values)
    places = np.searchsorted(np.cumsum(w[order]), p)
    return np.asarray(values[order][np.minimum(places, len(w) - 1)])
