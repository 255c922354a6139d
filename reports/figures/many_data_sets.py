"""Seconds for many data sets: who is first, and where the lead changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.time_to_accuracy import (
    COUNTS,
    Pace,
    crossovers,
    finish,
    pace,
)
from samplerbench.rounding import number

MOST = 10_000  # data sets


def picture(rows: Sequence[Row], names: Sequence[str], looks: Sequence[int]) -> Picture | None:
    """The figure; None where no row's speed is comparable."""
    known = [
        (found, name, index)
        for row, name, index in zip(rows, names, looks, strict=True)
        if (found := pace(row)) is not None
    ]
    if not known:
        return None
    made, ((axes,),) = style.grid([2.6], legend=len(known))
    style.logarithmic(axes)
    for found, name, index in known:
        _line(axes, found, name, style.look(index))
    for count in COUNTS:
        axes.axvline(count, color=style.GREY, lw=0.6, zorder=0)
    axes.set(xlabel="data sets", ylabel="seconds to 5 % error in all")
    style.legend(made, axes)
    return Picture(
        "race",
        "Seconds for many data sets",
        f"Line plot. {'; '.join(_words(found, name) for found, name, _ in known)}.",
        "Import and the first run, then one compiled run for each further data set, each until"
        " every mean is known to 5 % of its sd. Bands: 95 % intervals of realised ESS and warm"
        " seconds. Only rows whose speed is comparable are drawn; exact_iid is a control that"
        " knows the answer.",
        made,
    )


def _line(axes, found: Pace, name: str, look: style.Look) -> None:
    counts = np.unique(np.geomspace(1, MOST, 60).round())
    middle, lo, hi = np.array([found.seconds(int(n)) for n in counts]).T
    axes.plot(counts, middle, color=look.color, ls=look.dash, marker=look.marker,
              markevery=[0, len(counts) // 2, len(counts) - 1], label=name)  # fmt: skip
    axes.fill_between(counts, lo, hi, color=look.color, alpha=0.13, lw=0)


def _words(found: Pace, name: str) -> str:
    parts = (f"{number(found.seconds(n)[0])} s for {n}" for n in COUNTS)
    return f"{name}: {', '.join(parts)}"


def standings(rows: Sequence[Row], paces: Sequence[Pace]) -> list[dict[str, str]]:
    """Who wins for 1, 10, 1000 data sets, as a table's rows."""
    found = []
    for count in COUNTS:
        end = finish(paces, count)
        if end.order:
            _, seconds, lo, hi = end.order[0]
            after = end.order[end.ties : end.ties + 1]
            found.append(
                {
                    "count": f"{count}",
                    "who": " = ".join(end.winners),
                    "seconds": f"{number(seconds)} ({number(lo)} to {number(hi)})",
                    "next": f"{after[0][0]}: {number(after[0][1])}" if after else "-",
                }
            )
    return found


def changes(paces: Sequence[Pace]) -> list[str]:
    """Where the lead changes, in words; a change that may be anywhere, or nowhere, is no change."""
    found = crossovers(paces)
    said = [
        f"from {_count(one.at)} data sets on {one.after} overtakes {one.before}"
        f" (95 % interval: from {_count(one.lo)}{_until(one.hi)})"
        for one in found
        if one.lo > 1 or one.hi < math.inf
    ]
    said += [
        f"{one.after} and {one.before} are not told apart at any number of data sets"
        for one in found
        if one.lo == 1 and one.hi == math.inf
    ]
    return said or ["the lead does not change between 1 and a million data sets"]


def _count(found: float) -> str:
    return number(math.ceil(found))


def _until(found: float) -> str:
    return ", or never" if found == math.inf else f" to {_count(found)}"


def left_out(rows: Sequence[Row]) -> list[str]:
    """Rows without a comparable speed."""
    return [label(row) for row in rows if pace(row) is None]
