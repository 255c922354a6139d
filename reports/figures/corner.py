"""A sampler's draws over the exact posterior, by ChainConsumer: contours and densities.

ChainConsumer draws both chains and the truth into axes of ours; it knows no replicates, so their
spread is laid over: a band around each density, a dot for each mean.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.reports.figures import labels, style
from samplerbench.reports.figures.figure import Figure, Picture, Section, has_draws
from samplerbench.reports.figures.figure_data import Scene, Series
from samplerbench.rounding import format_all_rounded

if TYPE_CHECKING:
    from chainconsumer import Chain
    from matplotlib.axes import Axes

Array = np.ndarray
REACH = 4.5  # of a panel, in exact sds
EXACT = 40_000  # draws of the exact answer
NUMBERS = 8_000_000  # at most drawn from it: 8000 draws of 1000 parameters
#: ChainConsumer smooths over SMOOTH of 2 * SMOOTH * BINS bins: a fifth of an sd, which widens a
#: bell by 2 %; few bins make short lines
BINS, SMOOTH = 20, 1
SIGMAS = [0.0, 1.0, 2.0]  # levels that hold 68 and 95 % of the mass
FEWEST = 20  # draws in sight for a contour
LETTERS = 10.0  # points: a page shows corner plots smaller than other figures


class Frame:
    """What all corner plots of a model share: limits, the exact chain, truth."""

    def __init__(self, scene: Scene) -> None:
        self.names, self.truth, self.answer = scene.names, scene.truth, scene.answer
        exact = _exact_draws(scene)
        middle, sd = scene.mean, scene.sd
        if middle is None or sd is None:
            middle, sd = _pooled(scene)
        self.lo, self.hi = middle - REACH * sd, middle + REACH * sd
        for i, name in enumerate(self.names):  # the truth is always in sight
            if name in self.truth:
                self.lo[i] = min(self.lo[i], self.truth[name] - 0.5 * sd[i])
                self.hi[i] = max(self.hi[i], self.truth[name] + 0.5 * sd[i])
        self.exact = None
        if exact is not None:
            look: dict[str, Any] = {"linewidth": 0.6, "shade_alpha": 0.45, "zorder": 5}
            self.exact, _ = self.make_chain("exact", exact, None, style.GREY, **look)

    def is_inside(self, x: Array) -> Array:
        """Which draws [..., component] lie within the limits of every panel."""
        return ((x >= self.lo) & (x <= self.hi)).all(axis=-1)

    def make_chain(
        self, name: str, x: Array, weights: Array | None, color: str, **look: Any
    ) -> tuple[Chain | None, float]:
        """Draws [draw, component] as a chain, those out of sight left out, and their share.

        None where too few are left, or all are the same: they have no contour.
        """
        import pandas
        from chainconsumer import Chain

        w = np.full(len(x), 1 / len(x)) if weights is None else weights
        in_sight = self.is_inside(x) & (w > 0)
        draws, mass = x[in_sight], float(w[in_sight].sum())
        if len(draws) < FEWEST or not (np.ptp(draws, axis=0) > 0).all():
            return None, mass
        # parameters go by number: ChainConsumer takes one called "weight" for something else
        samples = pandas.DataFrame(draws, columns=[f"p{i}" for i in range(len(self.names))])
        if weights is not None:
            samples["weight"] = w[in_sight] / w[in_sight].max()
        settings: dict[str, Any] = {"sigmas": SIGMAS, "bins": BINS, "smooth": SMOOTH, **look}
        height: dict[str, Any] = {"histogram_relative_height": mass}
        return Chain(samples=samples, name=name, color=color, **settings, **height), mass


def _exact_draws(scene: Scene) -> Array | None:
    if scene.exact is None or scene.exact.draw is None:
        return None
    from samplerbench.components import component_draws

    count = min(EXACT, NUMBERS // len(scene.exact.names))
    sites = scene.exact.draw(np.random.default_rng(0xC0), count)
    return component_draws(sites, scene.names, lead=1)


def _pooled(scene: Scene) -> tuple[Array, Array]:
    """Median and spread of all draws, where no exact answer sets the scale."""
    x = np.concatenate([s.x[s.weights > 0] for s in scene.series])
    lo, middle, hi = np.quantile(x, [0.16, 0.5, 0.84], axis=0)
    return middle, np.maximum((hi - lo) / 2, 1e-12 * (1 + np.abs(middle)))


def draw(scene: Scene, series: Series) -> Picture:
    """The corner plot of one sampler. Raises UsageError where ChainConsumer is not installed."""
    if find_spec("chainconsumer") is None:
        raise UsageError(
            "it is drawn by ChainConsumer, which is not installed\n  expected: "
            "pip install 'samplerbench[corner]', which keeps pandas below 3"
        )
    frame = _get_frame(scene)
    count, look, means = len(frame.names), style.get_look(series.look), _replicate_means(series)
    # a chain that is not shaded keeps its colour: the page's own, which differs in the dark
    shade: dict[str, Any] = {"linewidth": 1.3, "shade": False, "shade_gradient": 0.0}
    weights = series.weights.ravel() / (series.weights.sum() or 1.0)
    draws = series.x.reshape(-1, count)
    chain, mass = frame.make_chain(series.label, draws, weights, look.color, **shade)
    figure, axes = style.make_grid([(3.6 - 0.1 * count) / count] * count, count, gap=0.12)
    for i in range(count):
        for j in range(count):
            if j > i:
                axes[i][j].axis("off")
                continue
            _draw_panel(axes[i][j], frame, series, chain, j, i)
            if i != j:
                mark: dict[str, Any] = {"marker": look.marker, "color": look.color}
                axes[i][j].plot(means[:, j], means[:, i], ls="", ms=2, **mark)
            _set_ticks(axes[i][j], frame, i, j, count)
    notes = _list_notes(mass, chain is None)
    if notes:
        figure.text(0.98, 0.9, "\n".join(notes), ha="right", va="top", fontsize=9)
    name = re.sub("[^a-z0-9]+", "-", series.label.lower()).strip("-")
    alt = _describe(frame, series, means, notes)
    title = f"Posterior of {series.label}: {series.row['verdict']}"
    return Picture(figure, alt, _caption(frame), f"corner-{name}", title)


def _get_frame(scene: Scene) -> Frame:
    """The frame of the model, made once."""
    if "corner" not in scene.cache:
        scene.cache["corner"] = Frame(scene)
    return scene.cache["corner"]


def _list_notes(mass: float, no_contours: bool) -> list[str]:
    """What the contours do not show; ``mass``: the share of the draws in sight."""
    notes = [f"{100 * (1 - mass):.0f} % of the draws lie outside"] * (mass < 0.995)
    return notes + ["too few draws in sight, or all the same: no contours"] * no_contours


def _describe(frame: Frame, series: Series, means: Array, notes: list[str]) -> str:
    """The plot in words."""
    truth = f"over {frame.answer}" if frame.exact is not None else "(no exact answer)"
    return (
        f"Corner plot of {', '.join(frame.names)} from {series.label},"
        f" verdict {series.row['verdict']}, {truth}. {_describe_means(means, frame)}"
        + "".join(f" {note}." for note in notes)
    )


def _caption(frame: Frame) -> str:
    """How to read it: what is drawn of what is known."""
    parts = ["Coloured: this sampler's replicates together, with contours of 68 and 95 %."]
    parts += [f"Grey: the same of {frame.answer}."] * (frame.exact is not None)
    parts.append("Dots: each replicate's mean. Band: central 90 % over replicates.")
    return " ".join(parts + ["Dashed, and the cross: what made the data."] * bool(frame.truth))


def _draw_panel(
    axes: Axes, frame: Frame, series: Series, chain: Chain | None, j: int, i: int
) -> None:
    """Parameter ``j`` along x; its density where ``i`` is the same, else contours with ``i``."""
    from chainconsumer import Truth
    from chainconsumer.plotting import plot_contour, plot_dist, plot_truths

    x, y = f"p{j}", f"p{i}"
    if i == j:
        _draw_band(axes, frame, series, i)
    for each in filter(None, (frame.exact, chain)):
        if i == j:  # its own shade, of the central 68 %, fails where there are several modes
            plot_dist(axes, each.model_copy(update={"shade": False}), x)
        else:
            plot_contour(axes, each, x, y)
    if i == j and frame.exact is not None:
        axes.fill_between(*axes.lines[0].get_data(), color=style.GREY, alpha=0.35, lw=0)
    names = {f"p{at}": frame.names[at] for at in (j, i)}
    known = {at: frame.truth[name] for at, name in names.items() if name in frame.truth}
    if len(known) == len(names):
        truth = Truth(location=known, color=style.INK, line_width=0.8, marker="x", marker_size=60)
        plot_truths(axes, [truth], x, y if i != j else None)
    axes.set_xlim(frame.lo[j], frame.hi[j])
    if i == j:
        axes.set(yticks=[], ylabel="")
        axes.set_ylim(bottom=0)
        axes.spines["left"].set_visible(False)
    else:
        axes.set_ylim(frame.lo[i], frame.hi[i])


def _draw_band(axes: Axes, frame: Frame, series: Series, i: int) -> None:
    """The central 90 % of the replicates' densities, smoothed as ChainConsumer smooths."""
    from scipy.ndimage import gaussian_filter1d

    edges = np.linspace(frame.lo[i], frame.hi[i], 2 * SMOOTH * BINS + 1)
    each = [
        np.histogram(x[:, i], edges, weights=w)[0] / (edges[1] - edges[0])
        for x, w in zip(series.x, series.weights, strict=True)
    ]
    lo, hi = np.quantile(gaussian_filter1d(each, SMOOTH, axis=1), [0.05, 0.95], axis=0)
    middles = (edges[1:] + edges[:-1]) / 2
    axes.fill_between(middles, lo, hi, color=style.get_look(series.look).color, alpha=0.25, lw=0)


def _describe_means(means: Array, frame: Frame) -> str:
    if not np.isfinite(means).any():
        return "No finite draws."
    ends = zip(frame.names, np.nanmin(means, axis=0), np.nanmax(means, axis=0), strict=True)
    shown = ((name, *format_all_rounded((lo, hi), lo, hi)) for name, lo, hi in ends)
    words = (f"{name}: replicates' means from {lo} to {hi}" for name, lo, hi in shown)
    return f"{'; '.join(words)}."


def _replicate_means(series: Series) -> Array:
    x = np.where(series.weights[..., None] > 0, series.x, 0.0)
    return np.einsum("rd,rdc->rc", series.weights, x)


def _set_ticks(axes: Axes, frame: Frame, i: int, j: int, count: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xticks(labels.choose_ticks(axes, LETTERS))
    axes.tick_params(labelsize=LETTERS)
    if i == count - 1:
        axes.set_xlabel(frame.names[j], fontsize=LETTERS)
    else:
        axes.tick_params(labelbottom=False)
    if i != j:
        axes.yaxis.set_major_locator(MaxNLocator(3))
        if j == 0:
            axes.set_ylabel(frame.names[i], fontsize=LETTERS)
        else:
            axes.tick_params(labelleft=False)


FIGURE = Figure("corner", "Posteriors", Section.POSTERIORS, has_draws, draw_series=draw)
