"""Claimed against realised ESS; on the diagonal both agree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Scene
from samplerbench.reports.tables.cells import Row, interval_reach, is_comparable, make_cell
from samplerbench.reports.tables.table import NOT_COMPARABLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 0.5  # effective draws: less is shown here, with its number


def applies(scene: Scene) -> bool:
    """Whether a row has both numbers."""
    return any(_has_both(entry.row) for entry in scene.entries)


def draw(scene: Scene) -> Picture:
    """A mark for each row, with both intervals."""
    known = [entry for entry in scene.entries if _has_both(entry.row)]
    labels = [entry.name for entry in known]
    figure, ((axes,),) = style.make_grid([3.0], legend=labels)
    style.set_logarithmic(axes)
    for entry in known:
        _draw_point(axes, entry.row, entry.name, style.get_look(entry.look))
    _draw_diagonal(axes)
    for row in (entry.row for entry in known if entry.row["realised_ess"] < LEAST):
        text = f"realises {make_cell(row, 'realised_ess').text}"
        style.write_beside(axes, text, (row["ess_mean"], LEAST), 0, 6)
    axes.set_xlabel("claimed effective draws a replicate")
    axes.set_ylabel("realised effective draws a replicate")
    style.add_legend(figure, axes, labels)
    words = (
        f"{one.name} claims {_with_ends(one.row, 'ess_mean')}"
        f" and realises {_with_ends(one.row, 'realised_ess')}"
        for one in known
    )
    return Picture(
        figure,
        f"Scatter plot. {'; '.join(words)}.",
        "On the dashed line a sampler is as good as it says; below it claims more than its errors"
        " show, above it less. Bars: 95 % intervals, across of the claim, which is the median over"
        " replicates, upwards of what was realised, worst parameter. Open marks: not shown honest.",
    )


def _has_both(row: Row) -> bool:
    return all(row[name] is not None and row[name] > 0 for name in ("ess_mean", "realised_ess"))


def _with_ends(row: Row, column: str) -> str:
    cell = make_cell(row, column)
    return f"{cell.text} ({' to '.join(cell.spread)})" if cell.spread else cell.text


def _draw_point(axes: Axes, row: Row, name: str, look: style.Look) -> None:
    honest = is_comparable(row)
    value, bars = row["realised_ess"], _bars(row, "realised_ess")
    if value < LEAST:  # would squeeze all others into a corner
        value, bars = LEAST, None
    mfc = look.color if honest else "none"
    mark: dict[str, Any] = {"color": look.color, "marker": look.marker, "mfc": mfc}
    label = name + NOT_COMPARABLE * (not honest)
    claim = _bars(row, "ess_mean")
    axes.errorbar(row["ess_mean"], value, bars, claim, ls="", capsize=2.5, label=label, **mark)


def _bars(row: Row, column: str) -> list[list[float]] | None:
    """The interval as one point's bar; None, which a legend shows too, where there is none."""
    below, above = interval_reach(row, column)
    return None if math.isnan(below) else [[below], [above]]


def _draw_diagonal(axes: Axes) -> None:
    data = axes.dataLim  # asked for its limits, an axis whose claims are all alike warns
    lo, hi = min(data.minposx, data.minposy), max(data.x1, data.y1)
    margin = max((hi / lo) ** 0.05, 1.1)
    axes.set(xlim=(lo / margin, hi * margin), ylim=(lo / margin, hi * margin))
    axes.axline((1, 1), (10, 10), color=style.INK, ls="--", lw=0.9, zorder=0)


FIGURE = Figure(
    "ess", "Claimed against realised effective sample size", Section.ACCURACY, applies, draw
)
