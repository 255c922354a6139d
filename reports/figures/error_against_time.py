"""Error against seconds, from nothing and once compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samplerbench.reports.figures import style as drawing
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import (
    NOT_COMPARABLE,
    Row,
    cell,
    comparable,
    ends,
)
from samplerbench.rounding import number

GOAL = 0.05
MOST = 1.0  # sds: a larger error is shown here, with its number


def picture(rows: Sequence[Row], names: Sequence[str], looks: Sequence[int]) -> Picture | None:
    """The figure, cold above, warm below; None where no row has what it takes."""
    known = [(r, n, k) for r, n, k in zip(rows, names, looks, strict=True) if _known(r)]
    if not known:
        return None
    made, ((cold,), (warm,)) = drawing.grid([1.9, 1.9], legend=len(known))
    warm.sharey(cold)
    for row, name, index in known:
        _curve(cold, row, name, drawing.look(index), _first(row))
        if row["warm_s"]:
            _curve(warm, row, name, drawing.look(index), row["warm_s"])
    for axes, title in ((cold, "from nothing: import, compile, run"), (warm, "once compiled")):
        drawing.logarithmic(axes)
        axes.set_ylabel("error / posterior sd")
        axes.axhline(GOAL, color=drawing.INK, lw=0.8, ls="--", zorder=0)
        axes.text(1, GOAL, "5 %", transform=axes.get_yaxis_transform(), va="bottom", ha="right",
                  fontsize=7.5)  # fmt: skip
        axes.set_title(title, loc="left")
    warm.set_xlabel("seconds")
    for axes in (cold, warm):
        drawing.decades(axes)
    drawing.legend(made, cold)
    return Picture(
        "speed",
        "Error against seconds",
        f"Two line plots, cold and warm. {'; '.join(_words(row, name) for row, name, _ in known)}.",
        "The mark is one run as asked for; the line goes on with more draws at the pace of the"
        " sampling phase, down to 1 % error. Nested sampling adds whole runs. Bands: 95 % intervals"
        " of the realised error; the cold seconds are of a single run, so that their own spread is"
        " not known. Marks without a line: not honest, and more draws would not help. exact_iid is"
        " a control that knows the answer.",
        made,
    )


def _known(row: Row) -> bool:
    return bool(row["realised_ess"]) and row["cold_s"] is not None


def _first(row: Row) -> float:
    return (row["import_s"] or 0.0) + row["cold_s"]


def _words(row: Row, name: str) -> str:
    error = number(1 / float(np.sqrt(row["realised_ess"])))
    warm = f", once compiled {number(row['warm_s'])} s" if row["warm_s"] else ""
    until = cell(row, "seconds_to_5pct")
    goal = f"5 % in {until.text} s{NOT_COMPARABLE * until.marked}"
    goal = "5 % never" if until.text == "never" else goal
    return f"{name}: error {error} sd after {number(_first(row))} s{warm}; {goal}"


def _curve(axes, row: Row, name: str, look: drawing.Look, start: float) -> None:
    """The mark of one run, its interval, and the line to more draws."""
    ess = row["realised_ess"]
    lo, hi = ends(row, "realised_ess")
    honest = comparable(row)
    style = {"color": look.color, "marker": look.marker}
    errors = [1 / np.sqrt(e) for e in (ess, lo or ess, hi or ess)]
    if errors[0] > MOST:
        axes.annotate(number(errors[0]), (start, MOST), (-7, 0), textcoords="offset points",
                      fontsize=7.5, va="center", ha="right")  # fmt: skip
        errors = [MOST] * 3
    bar = [[max(0.0, errors[0] - errors[2])], [max(0.0, errors[1] - errors[0])]]
    axes.errorbar(start, errors[0], yerr=bar, capsize=3, ls="", mfc=None if honest else "none",
                  label=name + NOT_COMPARABLE * (not honest), **style)  # fmt: skip
    if not honest:
        return
    pace = row["sample_s"] or row["warm_s"] or row["rerun_s"]
    if not pace:
        return
    times = _times(row, pace)
    spent = start + (times - 1) * pace
    axes.plot(spent, errors[0] / np.sqrt(times), color=look.color, ls=look.dash, lw=1.2)
    axes.fill_between(spent, errors[2] / np.sqrt(times), errors[1] / np.sqrt(times),
                      color=look.color, alpha=0.13, lw=0)  # fmt: skip


def _times(row: Row, pace: float) -> np.ndarray:
    """Multiples of one run's draws, from less than one, where it can stop, to 1 % error."""
    most = max(10.0, 1e4 / row["realised_ess"])
    if row["ess_kish"] is not None:
        return np.unique(np.round(np.geomspace(1, most, 40)))
    least = min(1.0, max(25.0 / row["realised_ess"], 0.02))
    return np.geomspace(least, most, 40)
