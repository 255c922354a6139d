"""Forest plots: ratios with their 95 % intervals on a logarithmic axis, one panel a quantity."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from samplerbench.harness.comparison.paired_ratios import (
    MEANING,
    QUANTITIES,
    TIE,
    Ratio,
)
from samplerbench.harness.records import visible
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.comparison.questions import Group, groups, pair
from samplerbench.reports.figures import style
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import NOT_COMPARABLE
from samplerbench.rounding import number

MOST_PAIRS = 24  # in one figure; the table has the others
MOST_GROUPS = 8  # figures
HOW = (
    "At 1 both are alike; in the shaded band they tie within 5 %. Open marks: not told apart from"
    " 1, after Holm's correction over the whole comparison. Arrows: the interval goes on. *: a"
    " speed of draws that are not honest."
)
WIDEST = 1e4  # ratios beyond are drawn at the edge, with an arrow: they would squeeze the others
BETTER = {"time": "left: faster", "error": "left: more accurate",
          "efficiency": "right: more efficient"}  # fmt: skip


def pictures(found: Comparison) -> list[Picture]:
    """One figure for each of the first groups of ratios that has any; within ``drawing.styled``."""
    made = [
        _picture(found, group, f"ratios-{at}")
        for at, group in enumerate(groups(found)[:MOST_GROUPS], 1)
    ]
    return [one for one in made if one is not None]


def undrawn(found: Comparison) -> int:
    """How many pairs no figure shows."""
    counts = [len(group.pairs) for group in groups(found)]
    return sum(counts) - sum(min(count, MOST_PAIRS) for count in counts[:MOST_GROUPS])


def _picture(found: Comparison, group: Group, name: str) -> Picture | None:
    pairs = group.pairs[:MOST_PAIRS]
    places = {one: at for at, one in enumerate(pairs)}
    known = [r for r in group.ratios if pair(r) in places and r.value is not None]
    quantities = [of for of in QUANTITIES if any(r.quantity == of for r in known)]
    if not known:
        return None
    names = [_folded(visible(group.names[trial])) for trial, _ in pairs]
    tall = 0.2 + sum(0.1 + 0.13 * (1 + text.count("\n")) for text in names)
    made, rows = style.grid([tall] * len(quantities), left=1.55, gap=0.72, bottom=0.5)
    for (axes,), quantity in zip(rows, quantities, strict=True):
        _panel(axes, found, [r for r in known if r.quantity == quantity], places, names)
        axes.set_title(f"{quantity}: {MEANING[quantity]}", loc="left")
        axes.set_xlabel(f"ratio ({BETTER[quantity]})", fontsize=8)
    title = f"{group.title[0].upper()}{group.title[1:]}" if not found.names else group.title
    return Picture(name, visible(title), _words(group, known), HOW, made)


def _folded(name: str) -> str:
    """A name on lines that fit beside the axes: its settings on their own."""
    parts = name.replace(":", ":\n", 1).split("\n")
    return "\n".join(line for part in parts for line in textwrap.wrap(part, 24) or [""])


def _panel(
    axes, found: Comparison, ratios: Sequence[Ratio], places: dict, names: Sequence[str]
) -> None:
    style.logarithmic(axes, y=False)
    lo, hi = _range(ratios)
    axes.set(xlim=(lo, hi), ylim=(len(places) - 0.4, -0.6))
    axes.axvspan(1 / (1 + TIE), 1 + TIE, color=style.GREY, alpha=0.35, lw=0, zorder=0)
    axes.axvline(1.0, color=style.INK, lw=0.9, zorder=1)
    for ratio in ratios:
        at = places[pair(ratio)]
        _line(axes, ratio, at, style.look(at), (lo, hi))
    marks = {places[pair(r)] for r in ratios if found.marked(r)}
    said = [f"{name}{NOT_COMPARABLE * (at in marks)}" for at, name in enumerate(names)]
    axes.set_yticks(range(len(places)), said, fontsize=7.5)
    style.decades(axes)


def _range(ratios: Sequence[Ratio]) -> tuple[float, float]:
    """Limits that hold every finite end up to WIDEST, and 1 with some air."""
    ends = [end for r in ratios for end in (r.value, r.lo, r.hi) if end and math.isfinite(end)]
    kept = [min(max(end, 1 / WIDEST), WIDEST) for end in ends]
    return min([*kept, 0.8]) / 1.15, max([*kept, 1.25]) * 1.15


def _line(axes, ratio: Ratio, at: int, look: style.Look, limits: tuple[float, float]) -> None:
    lo, hi = limits
    left, value, right = (min(max(e or 0.0, lo), hi) for e in (ratio.lo, ratio.value, ratio.hi))
    axes.plot([left, right], [at, at], color=look.color, lw=1.4, solid_capstyle="butt")
    for beyond, edge, arrow in ((ratio.lo < lo, lo, "<"), (ratio.hi > hi, hi, ">")):
        if beyond:
            axes.plot(edge, at, marker=arrow, color=look.color, clip_on=False, ms=5)
    if not lo <= ratio.value <= hi:  # its mark would say that it lies on the edge
        below = ratio.value < lo
        axes.annotate(number(ratio.value), (value, at), (7 if below else -7, 0), fontsize=7.5,
                      textcoords="offset points", ha="left" if below else "right",
                      va="center")  # fmt: skip
        return
    filled = ratio.answer != "indistinguishable at this budget"
    axes.plot(value, at, marker=look.marker, color=look.color, ls="", clip_on=False,
              mfc=look.color if filled else "none")  # fmt: skip


def _words(group: Group, known: Sequence[Ratio]) -> str:
    parts = [
        f"{visible(group.name(r))}, {r.quantity}: {number(r.value)}"
        f" ({number(r.lo)} to {number(r.hi)}), {r.answer}"
        for r in known
    ]
    return f"Forest plot of ratios, {visible(group.title)}. {'; '.join(parts)}."
