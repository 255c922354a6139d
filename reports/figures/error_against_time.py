"""Error against seconds, from nothing and once compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Entry, Scene
from samplerbench.reports.tables.cells import (
    Row,
    interval_ends,
    is_comparable,
    is_never_accurate,
    make_cell,
)
from samplerbench.reports.tables.table import NOT_COMPARABLE
from samplerbench.rounding import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOAL = 0.05
MOST = 1.0  # sds: a larger error is shown here, with its number


def applies(scene: Scene) -> bool:
    """Whether a row has a realised ESS and was timed."""
    return any(_is_known(entry.row) for entry in scene.entries)


def draw(scene: Scene) -> Picture:
    """A panel from nothing above, one once compiled below."""
    known = [entry for entry in scene.entries if _is_known(entry.row)]
    figure, ((cold,), (warm,)) = style.make_grid([1.9, 1.9], legend=len(known))
    warm.sharey(cold)
    for entry in known:
        _draw_curve(cold, entry, _first_seconds(entry.row))
        if entry.row["warm_s"]:
            _draw_curve(warm, entry, entry.row["warm_s"])
    for axes, title in ((cold, "from nothing: import, compile, run"), (warm, "once compiled")):
        style.set_logarithmic(axes)
        axes.set_ylabel("error / posterior sd")
        axes.axhline(GOAL, color=style.INK, lw=0.8, ls="--", zorder=0)
        place: dict[str, Any] = {
            "transform": axes.get_yaxis_transform(),
            "va": "bottom",
            "ha": "right",
        }
        axes.text(1, GOAL, "5 %", fontsize=7.5, **place)
        axes.set_title(title, loc="left")
    warm.set_xlabel("seconds")
    for axes in (cold, warm):
        style.set_decade_ticks(axes)
    style.add_legend(figure, cold)
    return Picture(
        figure,
        f"Two line plots, cold and warm. {'; '.join(map(_words, known))}.",
        "The mark is one run as planned; the line goes on with more draws at the pace of the"
        " sampling phase, down to 1 % error. Nested sampling adds whole runs. Bands: 95 % intervals"
        " of the realised error; what cold seconds differ by between processes is not"
        " drawn. Marks without a line: not shown honest, so that more draws may not help."
        " exact_iid is a control that knows the answer.",
    )


def _is_known(row: Row) -> bool:
    return bool(row["realised_ess"]) and row["cold_s"] is not None


def _first_seconds(row: Row) -> float:
    return (row["import_s"] or 0.0) + row["cold_s"]


def _words(entry: Entry) -> str:
    row = entry.row
    error = format_number(1 / float(np.sqrt(row["realised_ess"])))
    warm = f", once compiled {format_number(row['warm_s'])} s" if row["warm_s"] else ""
    until = make_cell(row, "seconds_to_5pct")
    goal = "5 % never" if is_never_accurate(row) else f"5 % in {until.text} s{until.mark}"
    return (
        f"{entry.name}: error {error} sd after {format_number(_first_seconds(row))} s{warm}; {goal}"
    )


def _draw_curve(axes: Axes, entry: Entry, start: float) -> None:
    """The mark of one run, its interval, and the line to more draws."""
    row, look = entry.row, style.get_look(entry.look)
    ess = row["realised_ess"]
    lo, hi = interval_ends(row, "realised_ess")
    honest = is_comparable(row)
    errors = [1 / np.sqrt(e) for e in (ess, lo or ess, hi or ess)]
    if errors[0] > MOST:
        place: dict[str, Any] = {
            "textcoords": "offset points",
            "fontsize": 7.5,
            "va": "center",
            "ha": "right",
        }
        axes.annotate(format_number(errors[0]), (start, MOST), (-7, 0), **place)
        errors = [MOST] * 3
    bar = [[max(0.0, errors[0] - errors[2])], [max(0.0, errors[1] - errors[0])]]
    mark: dict[str, Any] = {"color": look.color, "marker": look.marker}
    mark |= {"capsize": 3, "ls": "", "mfc": None if honest else "none"}
    label = entry.name + NOT_COMPARABLE * (not honest)
    axes.errorbar(start, errors[0], yerr=bar, label=label, **mark)
    pace = row["sample_s"] or row["warm_s"] or row["rerun_s"]
    if honest and pace:
        _draw_more_draws(axes, row, look, start, pace, errors)


def _draw_more_draws(
    axes: Axes, row: Row, look: style.Look, start: float, pace: float, errors: list[float]
) -> None:
    """The line and band of the error, falling as draws are added."""
    times = _times(row, pace)
    spent = start + (times - 1) * pace
    axes.plot(spent, errors[0] / np.sqrt(times), color=look.color, ls=look.dash, lw=1.2)
    lower, upper = errors[2] / np.sqrt(times), errors[1] / np.sqrt(times)
    axes.fill_between(spent, lower, upper, color=look.color, alpha=0.13, lw=0)


def _times(row: Row, pace: float) -> np.ndarray:
    """Multiples of one run's draws, from less than one, where it can stop, to 1 % error."""
    most = max(10.0, 1e4 / row["realised_ess"])
    if row["ess_kish"] is not None:
        return np.unique(np.round(np.geomspace(1, most, 40)))
    least = min(1.0, max(25.0 / row["realised_ess"], 0.02))
    return np.geomspace(least, most, 40)


FIGURE = Figure("speed", "Error against seconds", Section.COST, applies, draw)
