"""A sampler's draws over the exact posterior: contours of each pair, density of each parameter.

Not drawn by ``corner`` 2.3: it imports for a second, and knows no band over replicates.
"""

from __future__ import annotations

import re

import numpy as np

from reports import drawing
from reports.drawing import Picture
from reports.material import Scene, Series

Array = np.ndarray
BINS, EXACT, REACH = 36, 40_000, 4.5  # reach in exact sds
NUMBERS = 8_000_000  # drawn from the exact answer at most: 8000 draws of 1000 parameters
MASS = (0.68, 0.95)


class Frame:
    """What all corner plots of a model share: edges, exact densities, truth."""

    def __init__(self, scene: Scene) -> None:
        self.names, self.truth = scene.names, scene.truth
        self.exact = _exact_draws(scene)
        middle, sd = scene.mean, scene.sd
        if middle is None or sd is None:
            middle, sd = _pooled(scene)
        lo, hi = middle - REACH * sd, middle + REACH * sd
        for i, name in enumerate(self.names):  # the truth is always in sight
            if name in self.truth:
                lo[i] = min(lo[i], self.truth[name] - 0.5 * sd[i])
                hi[i] = max(hi[i], self.truth[name] + 0.5 * sd[i])
        self.edges = np.linspace(lo, hi, BINS + 1).T  # [component, edge]
        self.middles = (self.edges[:, 1:] + self.edges[:, :-1]) / 2


def _exact_draws(scene: Scene) -> Array | None:
    if scene.exact is None or scene.exact.draw is None:
        return None
    from harness.judge.yardstick import component_draws

    count = min(EXACT, NUMBERS // len(scene.exact.names))
    sites = scene.exact.draw(np.random.default_rng(0xC0), count)
    return component_draws(sites, scene.names, lead=1)


def _pooled(scene: Scene) -> tuple[Array, Array]:
    """Median and spread of all draws, where no exact answer sets the scale."""
    x = np.concatenate([s.x[s.weights > 0] for s in scene.series])
    lo, middle, hi = np.quantile(x, [0.16, 0.5, 0.84], axis=0)
    return middle, np.maximum((hi - lo) / 2, 1e-12 * (1 + np.abs(middle)))


def picture(frame: Frame, series: Series) -> Picture:
    """The corner plot of one sampler."""
    count = len(frame.names)
    made, axes = drawing.grid([(3.6 - 0.1 * count) / count] * count, count, gap=0.12)
    look = drawing.look(series.look)
    for i in range(count):
        for j in range(count):
            if j > i:
                axes[i][j].axis("off")
                continue
            if i == j:
                _density(axes[i][i], frame, series, i, look)
            else:
                _pair(axes[i][j], frame, series, j, i, look)
            _ticks(axes[i][j], frame, i, j, count)
    verdict = series.row["verdict"]
    axes[0][0].set_title(f"{series.label}: {verdict}", loc="left")
    outside = _outside(frame, series)
    note = f"{100 * outside:.0f} % of the draws lie outside" if outside > 0.005 else ""
    if note:
        made.text(0.98, 0.9, note, ha="right", va="top", fontsize=7.5)
    over = "over the exact contours" if frame.exact is not None else "(no exact answer)"
    return Picture(
        f"corner-{re.sub('[^a-z0-9]+', '-', series.label.lower()).strip('-')}",
        f"Posterior of {series.label}",
        f"Corner plot of {', '.join(frame.names)} from {series.label}, verdict {verdict}, {over}."
        f" {_means(series, frame)}{f' {note}.' if note else ''}",
        "Grey: 68 and 95 % of the exact posterior. Coloured: the same of this sampler's replicates"
        " together. Dots: each replicate's mean. Band: central 90 % over replicates. Dashed, and"
        " the cross: the truth that made the data.",
        made,
    )


def _means(series: Series, frame: Frame) -> str:
    means = _replicate_means(series)
    said = (
        f"{name}: replicates' means from {lo:.3g} to {hi:.3g}"
        for name, lo, hi in zip(
            frame.names, np.nanmin(means, axis=0), np.nanmax(means, axis=0), strict=True
        )
    )
    return f"{'; '.join(said)}." if np.isfinite(means).any() else "No finite draws."


def _replicate_means(series: Series) -> Array:
    x = np.where(series.weights[..., None] > 0, series.x, 0.0)
    return np.einsum("rd,rdc->rc", series.weights, x)


def _outside(frame: Frame, series: Series) -> float:
    inside = ((series.x >= frame.edges[:, 0]) & (series.x <= frame.edges[:, -1])).all(axis=2)
    total = series.weights.sum()
    return float(1 - (series.weights * inside).sum() / total) if total else 1.0


def _density(axes, frame: Frame, series: Series, i: int, look: drawing.Look) -> None:
    edges, middles = frame.edges[i], frame.middles[i]
    if frame.exact is not None:
        exact, _ = np.histogram(frame.exact[:, i], edges, density=True)
        axes.fill_between(middles, _smooth(exact), color=drawing.GREY, alpha=0.45, lw=0)
    each = np.array(
        [
            np.histogram(x[:, i], edges, weights=w)[0] / (edges[1] - edges[0])
            for x, w in zip(series.x, series.weights, strict=True)
        ]
    )
    lo, hi = np.quantile(each, [0.05, 0.95], axis=0)
    axes.fill_between(middles, _smooth(lo), _smooth(hi), color=look.color, alpha=0.25, lw=0)
    axes.plot(middles, _smooth(each.mean(axis=0)), color=look.color, ls=look.dash)
    if frame.names[i] in frame.truth:
        axes.axvline(frame.truth[frame.names[i]], color=drawing.INK, lw=0.8, ls="--")
    axes.set(xlim=(edges[0], edges[-1]), yticks=[])
    axes.set_ylim(bottom=0)
    axes.spines["left"].set_visible(False)


def _pair(axes, frame: Frame, series: Series, j: int, i: int, look: drawing.Look) -> None:
    grid = frame.middles[j], frame.middles[i]
    if frame.exact is not None:
        density = _joint(frame, frame.exact[:, j], frame.exact[:, i], None, j, i)
        levels = _levels(density)
        if levels:
            axes.contourf(*grid, density.T, [*levels, density.max() * 1.01],
                          colors=[drawing.GREY] * len(levels), alpha=0.4)  # fmt: skip
    flat, weights = series.x.reshape(-1, series.x.shape[2]), series.weights.ravel()
    density = _joint(frame, flat[:, j], flat[:, i], weights, j, i)
    levels = _levels(density)
    if levels:
        widths = (1, 1.5)[: len(levels)]
        axes.contour(*grid, density.T, levels, colors=[look.color], linewidths=widths)
    means = _replicate_means(series)
    axes.plot(means[:, j], means[:, i], ls="", marker=look.marker, ms=2, color=look.color)
    if frame.names[j] in frame.truth and frame.names[i] in frame.truth:
        at = frame.truth[frame.names[j]], frame.truth[frame.names[i]]
        axes.plot(*at, marker="x", ms=8, mew=1.6, color=drawing.INK)
    axes.set(xlim=frame.edges[j][[0, -1]], ylim=frame.edges[i][[0, -1]])


def _joint(frame: Frame, x: Array, y: Array, w: Array | None, j: int, i: int) -> Array:
    found, _, _ = np.histogram2d(x, y, [frame.edges[j], frame.edges[i]], weights=w)
    return _smooth(_smooth(found).T).T


def _smooth(density: Array) -> Array:
    """Along the last axis with a short bell, so that contours show shape and not noise."""
    bell = np.array([0.06, 0.24, 0.4, 0.24, 0.06])
    padded = np.pad(density, [(0, 0)] * (density.ndim - 1) + [(2, 2)])
    return sum(b * padded[..., k : k + density.shape[-1]] for k, b in enumerate(bell))


def _levels(density: Array) -> list[float]:
    """Heights that enclose 95 and 68 % of the mass, the lower first."""
    order = np.sort(density, axis=None)[::-1]
    mass = np.cumsum(order)
    if not mass[-1] > 0:
        return []
    heights = [float(order[np.searchsorted(mass, m * mass[-1])]) for m in reversed(MASS)]
    return sorted({h for h in heights if 0 < h < density.max()})


def _ticks(axes, frame: Frame, i: int, j: int, count: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(3))
    if i == count - 1:
        axes.set_xlabel(frame.names[j])
    else:
        axes.tick_params(labelbottom=False)
    if i != j:
        axes.yaxis.set_major_locator(MaxNLocator(3))
        if j == 0:
            axes.set_ylabel(frame.names[i])
        else:
            axes.tick_params(labelleft=False)
