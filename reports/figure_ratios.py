"""Forest plots: ratios with their 95 % intervals on a logarithmic axis, one panel a quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.judge.compare import MEANING, QUANTITIES, TIE, Ratio
from harness.records import visible
from reports import drawing
from reports.cells import NOT_COMPARABLE, number
from reports.compare_sentence import name_of, shared_reference
from reports.comparison import Comparison
from reports.drawing import Picture

MOST_PAIRS = 24  # in one figure; the table has the others
LINE = 0.2  # inches a pair
WIDEST = 1e4  # ratios beyond are drawn at the edge, with an arrow: they would squeeze the others
BETTER = {"time": "left: faster", "error": "left: more accurate",
          "efficiency": "right: more efficient"}  # fmt: skip


def picture(found: Comparison) -> Picture | None:
    """The figure; None where no ratio was made."""
    pairs = found.pairs()[:MOST_PAIRS]
    places = {pair: at for at, pair in enumerate(pairs)}
    known = [r for r in found.ratios if _pair(r) in places and r.value is not None]
    quantities = [name for name in QUANTITIES if any(r.quantity == name for r in known)]
    if not known:
        return None
    heights = [0.25 + LINE * len(pairs)] * len(quantities)
    made, rows = drawing.grid(heights, legend=len(pairs), left=0.4, gap=0.75, bottom=0.5)
    for (axes,), name in zip(rows, quantities, strict=True):
        _panel(axes, found, [r for r in known if r.quantity == name], places)
        axes.set_xlabel(f"ratio of {name}: {MEANING[name]} ({BETTER[name]})", fontsize=8)
    _names(made, rows[0][0], found, places)
    return Picture("ratios", "Ratios with 95 % intervals", _words(found, known), _how(found), made)


def _how(found: Comparison) -> str:
    shared = shared_reference(found)
    against = f"against {visible(shared)}" if shared else "row against reference"
    return (
        f"Each line is one pair, {against}, numbered as in the legend. At 1 both are alike; in the"
        " shaded band they tie within 5 %. Open marks: not told apart from 1, after Holm's"
        " correction. Arrows: the interval goes on. *: a speed of draws that are not honest."
    )


def _pair(ratio: Ratio) -> tuple[str, str]:
    return ratio.trial, ratio.reference_trial


def _panel(axes, found: Comparison, ratios: Sequence[Ratio], places: dict) -> None:
    drawing.logarithmic(axes, y=False)
    lo, hi = _range(ratios)
    axes.set(xlim=(lo, hi), ylim=(len(places) - 0.4, -0.6))
    axes.axvspan(1 / (1 + TIE), 1 + TIE, color=drawing.GREY, alpha=0.35, lw=0, zorder=0)
    axes.axvline(1.0, color=drawing.INK, lw=0.9, zorder=1)
    for ratio in ratios:
        at = places[_pair(ratio)]
        _line(axes, ratio, at, drawing.look(at), (lo, hi))
    marks = {places[_pair(r)] for r in ratios if found.marked(r)}
    axes.set_yticks(
        range(len(places)), [f"{k + 1}{'*' * (k in marks)}" for k in range(len(places))]
    )
    drawing.decades(axes)


def _range(ratios: Sequence[Ratio]) -> tuple[float, float]:
    """Limits that hold every finite end up to WIDEST, and 1 with some air."""
    ends = [end for r in ratios for end in (r.value, r.lo, r.hi) if end and math.isfinite(end)]
    kept = [min(max(end, 1 / WIDEST), WIDEST) for end in ends]
    return min([*kept, 0.8]) / 1.15, max([*kept, 1.25]) * 1.15


def _line(axes, ratio: Ratio, at: int, look: drawing.Look, limits: tuple[float, float]) -> None:
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


def _names(made, axes, found: Comparison, places: dict) -> None:
    """The legend: number, marker and name of each pair."""
    first = {_pair(r): r for r in reversed(found.ratios)}
    for pair, at in places.items():
        look, ratio = drawing.look(at), first[pair]
        starred = any(found.marked(r) for r in found.ratios if _pair(r) == pair)
        name = f"{at + 1}  {visible(name_of(found, ratio))}{NOT_COMPARABLE * starred}"
        axes.plot([], [], marker=look.marker, color=look.color, lw=1.4, label=name)
    drawing.legend(made, axes)


def _words(found: Comparison, known: Sequence[Ratio]) -> str:
    parts = [
        f"{visible(name_of(found, r))}, {r.quantity}: {number(r.value)}"
        f" ({number(r.lo)} to {number(r.hi)}), {r.answer}"
        for r in known
    ]
    return f"Forest plot of ratios. {'; '.join(parts)}."
