"""Traces of the draws of the middle and of the worst replicate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section, has_draws
from samplerbench.reports.figures.figure_data import Scene, Series
from samplerbench.reports.figures.ranks import worst_component

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray
POINTS = 300
BAND = 1.96
REACH = 6.0  # sds that are shown, the same in every panel


def draw(scene: Scene) -> Picture:
    """One panel a sampler."""
    count = len(scene.series)
    figure, rows = style.make_grid([0.68] * count, gap=0.42, left=0.6)
    words = [_draw_panel(axes, scene, s) for (axes,), s in zip(rows, scene.series, strict=True)]
    for (axes,) in rows:
        axes.set(ylim=(-REACH, REACH), yticks=(-4, 0, 4))
    for (axes,) in rows[:-1]:
        axes.tick_params(labelbottom=False)
    rows[-1][0].set_xlabel("share of the first chain")
    centre = f"the mean of {scene.answer}" if scene.answer else "the median of its sampler's draws"
    return Picture(
        figure,
        f"Traces of the worst parameter. {'; '.join(words)}.",
        f"Draws of the worst parameter in their order, thinned, less {centre}, in sds."
        " Coloured line: the replicate whose mean is farthest off; grey: the one in the middle."
        " Shaded: 1.96 sds on both sides. What is off by more than"
        f" {REACH:.0f} sds leaves the panel."
        " Nested sampling's points come in the order of their"
        " likelihood, from the prior inwards; those that weigh nothing are left out.",
    )


def _draw_panel(axes: Axes, scene: Scene, series: Series) -> str:
    at = worst_component(scene, series)
    centre, scale = _scale(scene, series, at)
    x = (series.x[..., at] - centre) / scale
    errors = np.abs(np.einsum("rd,rd->r", series.weights, np.where(series.weights > 0, x, 0.0)))
    order = np.argsort(errors)
    look = style.get_look(series.look)
    axes.axhspan(-BAND, BAND, color=style.GREY, alpha=0.3, lw=0)
    middle, last = order[len(order) // 2], order[-1]
    _draw_trace(axes, series, x, middle, style.INK, 0.45)
    _draw_trace(axes, series, x, last, look.color, 1.0)
    if not (np.abs(x[last]) <= REACH).any():
        words = "off the scale" if np.isfinite(x[last]).any() else "not finite"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center")
    axes.set_title(f"{series.label}, {scene.names[at]}", loc="left", fontsize=7.5)
    axes.set_ylabel("sds")
    return (
        f"{series.label}, {scene.names[at]}: the worst of {len(x)} replicates is off by"
        f" {errors[last]:.2g} sds, the middle one by {errors[middle]:.2g}"
    )


def _scale(scene: Scene, series: Series, at: int) -> tuple[float, float]:
    if scene.mean is not None and scene.sd is not None:
        return float(scene.mean[at]), float(scene.sd[at])
    x = series.x[..., at][series.weights > 0]
    if not x.size:
        return 0.0, 1.0
    return float(np.median(x)), float(np.std(x)) or 1.0


def _draw_trace(
    axes: Axes, series: Series, x: Array, replicate: int, color: str, alpha: float
) -> None:
    w = series.weights[replicate, : series.chain]
    places = np.flatnonzero(w > (1e-4 * w.max() if series.is_weighted else 0))
    if not len(places):
        return
    places = places[:: max(1, len(places) // POINTS)]
    shape: dict[str, Any] = (
        {"marker": ".", "ls": "", "ms": 2.5} if series.is_weighted else {"lw": 0.7}
    )
    axes.set_xlim(0, 1)
    share = (places - places[0]) / max(1, places[-1] - places[0])
    axes.plot(share, x[replicate, places], color=color, alpha=alpha, **shape)


FIGURE = Figure("traces", "Traces", Section.DRAWS, has_draws, draw)
