"""Seconds to 5 % standard error against the number of data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Entry, Scene
from samplerbench.reports.time_to_accuracy import COUNTS, Cost, make_cost
from samplerbench.rounding import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 10_000  # data sets


def applies(scene: Scene) -> bool:
    """Whether a row's speed is comparable."""
    return bool(_list_costs(scene))


def _list_costs(scene: Scene) -> list[tuple[Entry, Cost]]:
    costs = ((entry, make_cost(entry.row)) for entry in scene.entries)
    return [(entry, cost) for entry, cost in costs if cost is not None]


def draw(scene: Scene) -> Picture:
    """A line for each row whose speed is comparable."""
    known = _list_costs(scene)
    labels = [entry.name for entry, _ in known]
    figure, ((axes,),) = style.make_grid([2.6], legend=labels)
    style.set_logarithmic(axes)
    for entry, cost in known:
        _draw_line(axes, entry, cost)
    for count in COUNTS:
        axes.axvline(count, color=style.GREY, lw=0.6, zorder=0)
    axes.set(xlabel="data sets", ylabel="seconds to 5 % error in all")
    style.add_legend(figure, axes, labels)
    return Picture(
        figure,
        f"Line plot. {'; '.join(_words(entry, cost) for entry, cost in known)}.",
        "Import and the first run, then one compiled run for each further data set, each until"
        " every mean is known to 5 % of its sd. Bands: 95 % intervals, between processes and of"
        " the realised ESS. Grey lines: the numbers of data sets in the page's table. Only rows"
        " whose speed is comparable are drawn.",
    )


def _draw_line(axes: Axes, entry: Entry, cost: Cost) -> None:
    look = style.get_look(entry.look)
    counts = np.unique(np.geomspace(1, MOST, 60).round())
    middle, lo, hi = np.array([cost.seconds(int(n)) for n in counts], float).T  # None: no band
    marks = [0, len(counts) // 2, len(counts) - 1]
    line = {"color": look.color, "ls": look.dash, "marker": look.marker, "label": entry.name}
    axes.plot(counts, middle, markevery=marks, **line)
    axes.fill_between(counts, lo, hi, color=look.color, alpha=0.13, lw=0)


def _words(entry: Entry, cost: Cost) -> str:
    parts = (f"{format_number(cost.seconds(n)[0])} s for {n}" for n in COUNTS)
    return f"{entry.name}: {', '.join(parts)}"


FIGURE = Figure("data-sets", "Seconds for many data sets", Section.COST, applies, draw)
