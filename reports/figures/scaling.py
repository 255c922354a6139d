"""Seconds and efficiency against size: one line a sampler and device."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from samplerbench.reports.figures import style as drawing
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.scaling.analysis import (
    QUANTITIES,
    Growth,
    Scaling,
    brief,
)
from samplerbench.reports.scaling.lines import Axis, Line
from samplerbench.reports.scaling.text import power
from samplerbench.reports.tables.cells import NOT_COMPARABLE, comparable, reach
from samplerbench.rounding import number

PANELS = ("warm_s", "cold_s", "realised_ess_per_s", "realised_ess_per_evaluation")
MOST_LINES, MOST_SIZES = 12, 30  # more can't be told apart


def pictures(found: Sequence[Scaling]) -> list[Picture]:
    """One figure an axis; within ``drawing.styled`` only."""
    made = [picture(one, f"scaling-{at}") for at, one in enumerate(found, 1)]
    return [one for one in made if one is not None]


def picture(found: Scaling, name: str) -> Picture | None:
    """The figure, a panel for each quantity that has numbers; None where there is none."""
    found, _ = brief(found, MOST_LINES, MOST_SIZES)
    axis, lines = found.axis, found.axis.lines
    panels = [q for q in PANELS if any(row[q] is not None for line in lines for row in line.rows)]
    if not panels:
        return None
    looks = drawing.looks([axis.called(line) for line in lines])
    made, rows = drawing.grid([1.7] * len(panels), legend=len(lines))
    for (axes,), quantity in zip(rows, panels, strict=True):
        drawing.logarithmic(axes)
        for line in lines:
            _line(axes, axis, line, quantity, drawing.look(looks[axis.called(line)]))
        axes.set_title(QUANTITIES[quantity], loc="left")
        axes.set_ylabel("s" if quantity.endswith("_s") and "per" not in quantity else "")
        axes.set_xlim(axis.sizes[0] / 1.3, axis.sizes[-1] * 1.3)
        drawing.decades(axes)
    rows[-1][0].set_xlabel(axis.name)
    drawing.legend(made, rows[0][0])
    return Picture(
        name,
        f"Cost against {axis.name}",
        f"{len(panels)} log-log line plots, {axis.of}. {'; '.join(_words(found))}.",
        "Marks are measured, with 95 % intervals where there are any (cold seconds are of one run);"
        " lines join them. Hollow marks: the row is neither honest nor overcautious. An evaluation"
        " is a gradient, or a log-density where the sampler takes no gradients. exact_iid is a"
        " control that knows the answer.",
        made,
    )


def _line(axes, axis: Axis, line: Line, quantity: str, look: drawing.Look) -> None:
    known = [
        (size, row)
        for size, row in zip(line.sizes, line.rows, strict=True)
        if row[quantity] is not None and 0 < row[quantity] < math.inf
    ]
    honest = all(comparable(row) for row in line.rows)
    label = axis.called(line) + NOT_COMPARABLE * (not honest)
    sizes = [size for size, _ in known]
    values = np.array([row[quantity] for _, row in known], float)
    style = {"color": look.color, "marker": look.marker}
    axes.plot(sizes, values, ls=look.dash, lw=1.2, label=label, **style)
    for fill in (None, "white"):
        kept = [at for at, (_, row) in enumerate(known) if comparable(row) == (fill is None)]
        if kept:
            bars = np.array([reach(known[at][1], quantity) for at in kept]).T
            where = [sizes[at] for at in kept]
            axes.errorbar(where, values[kept], yerr=bars, capsize=2.5, ls="", mfc=fill, **style)


def _words(found: Scaling) -> list[str]:
    said = []
    for line in found.axis.lines:
        called = found.axis.called(line)
        grown = {g.quantity: g for g in found.growth if g.line == called}
        parts = [part for part in (_numbers(line), _powers(grown)) if part]
        said.append(f"{called}: {'; '.join(parts) or 'no numbers'}")
    return said


def _numbers(line: Line) -> str:
    return ", ".join(
        f"{number(row['warm_s'])} s at {number(size)}"
        for size, row in zip(line.sizes, line.rows, strict=True)
        if row["warm_s"] is not None
    )


def _powers(grown: dict[str, Growth]) -> str:
    known = [
        f"{QUANTITIES[q]} to the power {power(grown[q])}"
        for q in PANELS
        if q in grown and grown[q].fit.exponent is not None
    ]
    return ", ".join(known)
