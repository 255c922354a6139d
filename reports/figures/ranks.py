"""How the draws' ranks among the answer's spread: flat where they are draws from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section, has_draws
from samplerbench.reports.figures.figure_data import Scene, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray
BINS = 20
TOP = 2.5  # times the even share that is shown


def draw(scene: Scene) -> Picture:
    """One panel a sampler, of its worst parameter."""
    count = len(scene.series)
    figure, rows = style.make_grid([0.85] * -(-count // 2), 2, gap=0.45, left=0.35, bottom=0.28)
    panels = [axes for row in rows for axes in row]
    words = [
        _draw_panel(axes, scene, series) for axes, series in zip(panels, scene.series, strict=False)
    ]
    for axes in panels[1::2]:
        axes.tick_params(labelleft=False)
    for axes in panels[: max(0, count - 2)]:
        axes.tick_params(labelbottom=False)
    for axes in panels[count:]:
        axes.axis("off")
    target = (
        scene.answer if scene.exact and scene.exact.quantile else "all replicates' draws together"
    )
    return Picture(
        figure,
        f"Histograms of the draws' ranks among {target}. {'; '.join(words)}.",
        f"Share of the draws in each twentieth of {target}, over the even share, for the worst"
        " parameter. Right draws lie at 1. High at both ends: too wide; high in the middle: too"
        " narrow; a slope: shifted. Band: central 90 % over replicates.",
    )


def _draw_panel(axes: Axes, scene: Scene, series: Series) -> str:
    at = worst_component(scene, series)
    shares = _shares(scene, series, at) * BINS
    look = style.get_look(series.look)
    lo, hi = np.quantile(shares, [0.05, 0.95], axis=0)
    edges = np.linspace(0, 1, BINS + 1)
    band: dict[str, Any] = {"fill": True, "color": look.color, "alpha": 0.25, "lw": 0}
    axes.stairs(np.minimum(hi, TOP), edges, baseline=np.minimum(lo, TOP), **band)
    mean = shares.mean(axis=0)
    axes.stairs(np.minimum(mean, TOP), edges, baseline=None, color=look.color, lw=1.4)
    axes.axhline(1, color=style.INK, lw=0.7, ls="--")
    axes.set(ylim=(0, TOP), xlim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 1, 2))
    title = f"{series.label}, {scene.names[at]}".replace(":", ":\n", 1)
    axes.set_title(title, loc="left", fontsize=7.5)
    cut = " (cut at the top)" if mean.max() > TOP else ""
    if cut:
        place: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "top"}
        axes.text(0.5, 0.93, f"highest: {mean.max():.3g}", fontsize=7, **place)
    return (
        f"{series.label}, {scene.names[at]}: {mean.min():.2f} to {mean.max():.2f} times the even"
        f" share{cut}"
    )


def worst_component(scene: Scene, series: Series) -> int:
    """The drawn component that the row calls its worst; the first where it names none."""
    name = series.row["worst_parameter"]
    return scene.names.index(name) if name in scene.names else 0


def _shares(scene: Scene, series: Series, at: int) -> Array:
    """Share of each replicate's draws in each bin, [replicate, bin]."""
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    quantile = scene.exact.quantile if scene.exact else None
    if quantile is not None:
        edges = quantile(inner)[:, scene.picks[at]]
    else:
        x = series.x[..., at][series.weights > 0]
        edges = np.quantile(x, inner) if x.size else inner
    bins = np.searchsorted(edges, series.x[..., at])
    shares = [
        np.bincount(b, weights=w, minlength=BINS) for b, w in zip(bins, series.weights, strict=True)
    ]
    return np.array(shares)


FIGURE = Figure("ranks", "Ranks of the draws", Section.DRAWS, has_draws, draw)
