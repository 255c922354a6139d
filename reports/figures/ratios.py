"""Forest plots: ratios with their 95 % intervals on a logarithmic axis, one panel a quantity."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from samplerbench.harness.comparison.ratio import MEANING, QUANTITIES, TIE, Conclusion, Ratio
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.comparison.questions import Group, group_ratios, pair_of_trials
from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Picture
from samplerbench.reports.tables.table import NOT_COMPARABLE
from samplerbench.rounding import format_number
from samplerbench.text import escape_controls

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PAIRS = 24  # in one figure; the table has the others
MOST_GROUPS = 8  # figures
CAPTION = (
    "At 1 both are alike; in the shaded band they tie within 5 %. Open marks: not told apart from"
    " 1, after Holm's correction over the whole comparison. Arrows: the interval goes on. *: a"
    " speed of draws that are not honest."
)
WIDEST = 1e4  # ratios beyond are drawn at the edge, with an arrow: they would squeeze the others
BETTER = {
    "time": "left: faster",
    "error": "left: more accurate",
    "median error": "left: more accurate",
    "efficiency": "right: more efficient",
}
Limits = tuple[float, float]


def draw_groups(comparison: Comparison) -> list[Picture]:
    """One figure for each of the first groups that has ratios; within ``style.use_style`` only."""
    pictures = [
        _draw_group(comparison, group, f"ratios-{at}")
        for at, group in enumerate(group_ratios(comparison)[:MOST_GROUPS], 1)
    ]
    return [picture for picture in pictures if picture is not None]


def count_undrawn(comparison: Comparison) -> int:
    """How many pairs no figure shows."""
    counts = [len(group.pairs) for group in group_ratios(comparison)]
    return sum(counts) - sum(min(count, MOST_PAIRS) for count in counts[:MOST_GROUPS])


def _draw_group(comparison: Comparison, group: Group, name: str) -> Picture | None:
    pairs = group.pairs[:MOST_PAIRS]
    places = {one: at for at, one in enumerate(pairs)}
    known = [r for r in group.ratios if pair_of_trials(r) in places and r.value is not None]
    quantities = [name for name in QUANTITIES if any(r.quantity == name for r in known)]
    if not known:
        return None
    names = [_fold(escape_controls(group.names[trial])) for trial, _ in pairs]
    tall = 0.2 + sum(0.1 + 0.13 * (1 + text.count("\n")) for text in names)
    figure, rows = style.make_grid([tall] * len(quantities), left=1.55, gap=0.72, bottom=0.5)
    for (axes,), quantity in zip(rows, quantities, strict=True):
        _draw_panel(axes, comparison, [r for r in known if r.quantity == quantity], places, names)
        place = axes.get_position()  # from the left edge, beside the axes there is no room
        title = f"{quantity}: {MEANING[quantity]}"
        axes.set_title(title, loc="left", x=-place.x0 / place.width, wrap=True)
        axes.set_xlabel(f"ratio ({BETTER[quantity]})", fontsize=8)
    return Picture(figure, _words(group, known), CAPTION, name, escape_controls(group.heading))


def _fold(name: str) -> str:
    """A name on lines that fit beside the axes: its settings on their own."""
    parts = name.replace(":", ":\n", 1).split("\n")
    return "\n".join(line for part in parts for line in textwrap.wrap(part, 24) or [""])


def _draw_panel(
    axes: Axes,
    comparison: Comparison,
    ratios: Sequence[Ratio],
    places: Mapping[tuple[str, str], int],
    names: Sequence[str],
) -> None:
    style.set_logarithmic(axes, y=False)
    lo, hi = _range(ratios)
    axes.set(xlim=(lo, hi), ylim=(len(places) - 0.4, -0.6))
    axes.axvspan(1 / (1 + TIE), 1 + TIE, color=style.GREY, alpha=0.35, lw=0, zorder=0)
    axes.axvline(1.0, color=style.INK, lw=0.9, zorder=1)
    for ratio in ratios:
        at = places[pair_of_trials(ratio)]
        _draw_ratio(axes, ratio, at, style.get_look(at), (lo, hi))
    marks = {places[pair_of_trials(r)] for r in ratios if comparison.is_marked(r)}
    labels = [f"{name}{NOT_COMPARABLE * (at in marks)}" for at, name in enumerate(names)]
    axes.set_yticks(range(len(places)), labels, fontsize=7.5)
    style.set_decade_ticks(axes)


def _range(ratios: Sequence[Ratio]) -> Limits:
    """Limits that hold every finite end up to WIDEST, and 1 with some air."""
    ends = [end for r in ratios for end in (r.value, r.lo, r.hi) if end and math.isfinite(end)]
    limited = [min(max(end, 1 / WIDEST), WIDEST) for end in ends]
    return min([*limited, 0.8]) / 1.15, max([*limited, 1.25]) * 1.15


def _draw_ratio(axes: Axes, ratio: Ratio, at: int, look: style.Look, limits: Limits) -> None:
    lo, hi = limits
    ends = tuple(end or 0.0 for end in (ratio.lo, ratio.value, ratio.hi))
    left, value, right = (min(max(end, lo), hi) for end in ends)
    axes.plot([left, right], [at, at], color=look.color, lw=1.4, solid_capstyle="butt")
    for beyond, edge, arrow in ((ends[0] < lo, lo, "<"), (ends[2] > hi, hi, ">")):
        if beyond:
            axes.plot(edge, at, marker=arrow, color=look.color, clip_on=False, ms=5)
    if not lo <= ends[1] <= hi:  # its mark would say that it lies on the edge
        is_below = ends[1] < lo
        place = ("left", (7, 0)) if is_below else ("right", (-7, 0))
        text: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 7.5}
        axes.annotate(format_number(ends[1]), (value, at), place[1], ha=place[0], **text)
        return
    is_open = ratio.conclusion is Conclusion.INDISTINGUISHABLE
    mark: dict[str, Any] = {"marker": look.marker, "color": look.color, "ls": ""}
    axes.plot(value, at, clip_on=False, mfc="none" if is_open else look.color, **mark)


def _words(group: Group, known: Sequence[Ratio]) -> str:
    parts = [
        f"{escape_controls(group.get_name(r))}, {r.quantity}: {format_number(r.value)}"
        f" ({format_number(r.lo)} to {format_number(r.hi)}), {r.answer}"
        for r in known
    ]
    return f"Forest plot of ratios, {escape_controls(group.title)}. {'; '.join(parts)}."
