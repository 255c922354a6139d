"""Seconds and efficiency against size: one line a sampler and device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Picture
from samplerbench.reports.scaling.analysis import QUANTITIES, Growth, Scaling, shorten
from samplerbench.reports.scaling.lines import Axis, Line
from samplerbench.reports.scaling.tables import format_exponent
from samplerbench.reports.tables.cells import interval_reach, is_comparable
from samplerbench.reports.tables.table import NOT_COMPARABLE
from samplerbench.rounding import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = ("warm_s", "cold_s", "realised_ess_per_s", "realised_ess_per_evaluation")
SECONDS = ("warm_s", "cold_s")
MOST_LINES, MOST_SIZES = 12, 30  # more can't be told apart
MOST_TICKS = 8  # of the sizes that were run


def draw_axes(scalings: Sequence[Scaling]) -> list[Picture]:
    """One figure an axis; within ``style.use_style`` only."""
    pictures = [draw_axis(scaling, f"scaling-{at}") for at, scaling in enumerate(scalings, 1)]
    return [picture for picture in pictures if picture is not None]


def draw_axis(scaling: Scaling, name: str) -> Picture | None:
    """The figure, a panel for each quantity that has numbers; None where there is none."""
    scaling, _ = shorten(scaling, MOST_LINES, MOST_SIZES)
    axis, lines = scaling.axis, scaling.axis.lines
    panels = [q for q in PANELS if any(row[q] is not None for line in lines for row in line.rows)]
    if not panels:
        return None
    labels = [axis.get_name(line) for line in lines]
    looks = style.number_looks(labels)
    figure, rows = style.make_grid([1.7] * len(panels), legend=labels)
    for (axes,), quantity in zip(rows, panels, strict=True):
        style.set_logarithmic(axes)
        for line in lines:
            _draw_line(axes, axis, line, quantity, style.get_look(looks[axis.get_name(line)]))
        axes.set_title(QUANTITIES[quantity], loc="left")
        axes.set_ylabel("s" if quantity in SECONDS else "")
        axes.set_xlim(axis.sizes[0] / 1.3, axis.sizes[-1] * 1.3)
        style.set_decade_ticks(axes)
        axes.set_xticks(axis.sizes[:: -(-len(axis.sizes) // MOST_TICKS)])
    rows[-1][0].set_xlabel(axis.name)
    style.add_legend(figure, rows[0][0], labels)
    return Picture(
        figure,
        f"{len(panels)} log-log line plots, {axis.setting}. {'; '.join(_words(scaling))}.",
        "Marks are measured, with 95 % intervals where there are any;"
        " lines join them. Hollow marks: the row is neither honest nor overcautious. An evaluation"
        " is a gradient, or a log-density where the sampler takes no gradients.",
        name,
        f"Cost against {axis.name}",
    )


def _draw_line(axes: Axes, axis: Axis, line: Line, quantity: str, look: style.Look) -> None:
    known = [
        (size, row)
        for size, row in zip(line.sizes, line.rows, strict=True)
        if row[quantity] is not None and 0 < row[quantity] < math.inf
    ]
    honest = all(is_comparable(row) for row in line.rows)
    label = axis.get_name(line) + NOT_COMPARABLE * (not honest)
    sizes = [size for size, _ in known]
    values = np.array([row[quantity] for _, row in known], float)
    mark: dict[str, Any] = {"color": look.color, "marker": look.marker}
    axes.plot(sizes, values, ls=look.dash, lw=1.2, label=label, **mark)
    for fill in (None, "white"):
        places = [at for at, (_, row) in enumerate(known) if is_comparable(row) == (fill is None)]
        if places:
            bars = np.array([interval_reach(known[at][1], quantity) for at in places]).T
            x = [sizes[at] for at in places]
            axes.errorbar(x, values[places], yerr=bars, capsize=2.5, ls="", mfc=fill, **mark)


def _words(scaling: Scaling) -> list[str]:
    words = []
    for line in scaling.axis.lines:
        name = scaling.axis.get_name(line)
        growth = {g.quantity: g for g in scaling.growth if g.line == name}
        parts = [part for part in (_list_seconds(line), _list_exponents(growth)) if part]
        words.append(f"{name}: {'; '.join(parts) or 'no numbers'}")
    return words


def _list_seconds(line: Line) -> str:
    return ", ".join(
        f"{format_number(row['warm_s'])} s at {format_number(size)}"
        for size, row in zip(line.sizes, line.rows, strict=True)
        if row["warm_s"] is not None
    )


def _list_exponents(growth: dict[str, Growth]) -> str:
    known = [
        f"{QUANTITIES[q]} to the power {format_exponent(growth[q])}"
        for q in PANELS
        if q in growth and growth[q].fit.exponent is not None
    ]
    return ", ".join(known)
