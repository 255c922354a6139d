"""The data with error bars, the line that made them, and where each sampler puts its band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Scene, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from samplerbench.models.base import Model

Array = np.ndarray
GRID, DRAWS, EXACT = 40, 400, 2000
POINTS = 2000  # data points that are drawn, evenly among all: a million take 250 MB as SVG
REACH = 5.0  # exact sds that are shown
LEVELS = (0.025, 0.975)


def applies(scene: Scene) -> bool:
    """Whether the model has a curve, and data called x, y, error."""
    return _curve_model(scene) is not None


def _curve_model(scene: Scene) -> Model | None:
    model = scene.model
    if model is None or model.curve is None or not {"x", "y", "error"} <= model.data.keys():
        return None
    return model


def draw(scene: Scene) -> Picture:
    """The data above, one panel a sampler below."""
    model = _curve_model(scene)
    assert model is not None, "drawn where it applies alone"
    x = np.linspace(model.data["x"].min(), model.data["x"].max(), GRID)
    exact = _exact_curve(scene, x)
    count = len(scene.series) if exact is not None else 0
    lines = -(-count // 2)
    figure, rows = style.make_grid([2.3] + [0.95] * lines, [1] + [2] * lines, gap=0.7)
    _draw_data(rows[0][0], model, x, exact)
    panels = [axes for row in rows[1:] for axes in row]
    for axes in panels[count:]:
        axes.axis("off")
    words = []
    if exact is not None:
        for at, series in enumerate(scene.series):
            words.append(_draw_band(panels[at], series, model, x, exact))
            if at % 2 == 0:
                panels[at].set_ylabel("off, in sds")
            else:
                panels[at].tick_params(labelleft=False)
            panels[at].tick_params(labelbottom=at >= count - 2)
    return Picture(
        figure,
        f"{_count_points(model)} data points with error bars, the line that made them and the exact"
        f" 95 % band. {'; '.join(words)}{'.' if words else ''}",
        "Above: the data, the line that made them (dashed) and the exact posterior's 95 % band"
        " (grey). Below, one panel a sampler: both edges of its 95 % band and its median, less the"
        " exact mean line, in exact posterior sds; right ones lie on the grey band's edges and its"
        " middle. Shaded: the central 90 % over replicates.",
    )


def _count_points(model: Model) -> str:
    count = len(model.data["x"])
    return f"{count}" if count <= POINTS else f"{POINTS} of {count}"


def _exact_curve(scene: Scene, x: Array) -> tuple[Array, Array] | None:
    """Mean and sd of the exact curve at ``x``."""
    draw_exact = scene.exact.draw if scene.exact else None
    if draw_exact is None or scene.model is None or scene.model.curve is None:
        return None
    sites = draw_exact(np.random.default_rng(0xF17), EXACT)
    curves = scene.model.curve(x, sites)
    return curves.mean(axis=0), curves.std(axis=0)


def _draw_data(axes: Axes, model: Model, x: Array, exact: tuple[Array, Array] | None) -> None:
    shown = np.linspace(0, len(model.data["x"]) - 1, min(POINTS, len(model.data["x"]))).astype(int)
    data = {name: model.data[name][shown] for name in ("x", "y", "error")}
    mark: dict[str, Any] = {"color": style.INK, "marker": "o", "ms": 2.5, "lw": 0.8, "ls": ""}
    axes.errorbar(data["x"], data["y"], yerr=data["error"], label="data", **mark)
    if exact is not None:
        mean, sd = exact
        lo, hi = mean - 1.96 * sd, mean + 1.96 * sd
        axes.fill_between(x, lo, hi, color=style.GREY, alpha=0.5, lw=0, label="exact 95 % band")
    if model.truth and model.curve is not None:
        sites = {name: np.asarray(value)[None] for name, value in model.truth.items()}
        y = model.curve(x, sites)[0]
        axes.plot(x, y, color=style.get_look(1).color, ls="--", label="true line")
    axes.set(xlabel="x", ylabel="y")
    axes.legend(loc="best")


def _draw_band(
    axes: Axes, series: Series, model: Model, x: Array, exact: tuple[Array, Array]
) -> str:
    """One sampler's panel; returns in words where its edges lie."""
    mean, sd = exact
    edges = np.array([_edges(series, r, model, x) for r in range(len(series.x))])
    off = (edges - mean) / np.where(sd > 0, sd, 1.0)  # [replicate, edge, x]
    look = style.get_look(series.look)
    axes.axhspan(-1.96, 1.96, color=style.GREY, alpha=0.35, lw=0)
    axes.axhline(0, color=style.INK, lw=0.6)
    finite = off[np.isfinite(off).all(axis=(1, 2))]
    axes.set(ylim=(-REACH, REACH), xlim=(x[0], x[-1]), yticks=(-4, -2, 0, 2, 4))
    axes.set_title(series.label.replace(":", ":\n", 1), loc="left", fontsize=7.5)
    if not len(finite):
        return f"{series.label}: no finite draws"
    lo, middle, hi = np.quantile(finite, [0.05, 0.5, 0.95], axis=0)
    for edge in range(3):
        axes.fill_between(x, lo[edge], hi[edge], color=look.color, alpha=0.25, lw=0)
        axes.plot(x, middle[edge], color=look.color, ls=look.dash if edge != 1 else "-", lw=1.2)
    if np.abs(middle).min() > REACH:
        axes.text(0.5, 0.5, "off the scale", transform=axes.transAxes, ha="center", va="center")
    low, high = middle[0].mean(), middle[2].mean()
    return f"{series.label}: band from {low:.2g} to {high:.2g} sds, exact -1.96 to 1.96"


def _edges(series: Series, replicate: int, model: Model, x: Array) -> Array:
    """Lower edge, median, upper edge of one replicate's curves, [3, x]."""
    at = series.equal_weight_indices(replicate, DRAWS)
    sites = {name: values[replicate][at] for name, values in series.sites.items()}
    assert model.curve is not None
    with np.errstate(all="ignore"):
        return np.quantile(model.curve(x, sites), [LEVELS[0], 0.5, LEVELS[1]], axis=0)


FIGURE = Figure("fit", "Data, truth and posterior bands", Section.DRAWS, applies, draw)
