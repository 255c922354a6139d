"""Claimed against realised ESS, on the diagonal of honesty."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samplerbench.reports.figures import style
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import (
    NOT_COMPARABLE,
    Row,
    cell,
    comparable,
    reach,
)

LEAST = 0.5  # effective draws: less is shown here, with its number


def picture(rows: Sequence[Row], names: Sequence[str], looks: Sequence[int]) -> Picture | None:
    """The figure; None where no row has both numbers."""
    known = [(r, n, k) for r, n, k in zip(rows, names, looks, strict=True) if _both(r)]
    if not known:
        return None
    made, ((axes,),) = style.grid([3.0], legend=len(known))
    style.logarithmic(axes)
    middle = math.sqrt(min(r["ess"] for r, *_ in known) * max(r["ess"] for r, *_ in known))
    for row, name, number in known:
        _point(axes, row, name, style.look(number), inwards=-1 if row["ess"] >= middle else 1)
    _diagonal(axes)
    axes.set_xlabel("claimed effective draws a replicate")
    axes.set_ylabel("realised effective draws a replicate")
    style.legend(made, axes)
    words = (
        f"{name} claims {_with_ends(row, 'ess')} and realises {_with_ends(row, 'realised_ess')}"
        for row, name, _ in known
    )
    return Picture(
        "ess",
        "Claimed against realised effective sample size",
        f"Scatter plot. {'; '.join(words)}.",
        "On the dashed line a sampler is as good as it says; below it claims more than its errors"
        " show, above it less. Bars: 95 % intervals, across of the claim, which is the median over"
        " replicates, upwards of what was realised, worst parameter. Open marks: not honest.",
        made,
    )


def _both(row: Row) -> bool:
    return all(row[name] is not None and row[name] > 0 for name in ("ess", "realised_ess"))


def _with_ends(row: Row, column: str) -> str:
    found = cell(row, column)
    return f"{found.text} ({' to '.join(found.spread)})" if found.spread else found.text


def _point(axes, row: Row, name: str, look: style.Look, inwards: int) -> None:
    honest = comparable(row)
    value, up = row["realised_ess"], _bars(row, "realised_ess")
    if value < LEAST:  # would squeeze all others into a corner
        said = f"realises {cell(row, 'realised_ess').text}"
        axes.annotate(said, (row["ess"], LEAST), (0, 6), textcoords="offset points", va="bottom",
                      fontsize=7.5, ha="left" if inwards > 0 else "right")  # fmt: skip
        value, up = LEAST, None
    axes.errorbar(
        row["ess"], value, xerr=_bars(row, "ess"), yerr=up, color=look.color, marker=look.marker,
        ls="", capsize=2.5, mfc=look.color if honest else "none",
        label=name + NOT_COMPARABLE * (not honest),
    )  # fmt: skip


def _bars(row: Row, column: str) -> list[list[float]] | None:
    """The interval as one point's bar; None, which a legend shows too, where there is none."""
    below, above = reach(row, column)
    return None if math.isnan(below) else [[below], [above]]


def _diagonal(axes) -> None:
    lo = min(axes.get_xlim()[0], axes.get_ylim()[0])
    hi = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.set(xlim=(lo, hi), ylim=(lo, hi))
    axes.axline((1, 1), (10, 10), color=style.INK, ls="--", lw=0.9, zorder=0)
