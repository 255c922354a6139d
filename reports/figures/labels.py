"""Numbers and labels of axes that have room where they stand, at any width of a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samplerbench.reports.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

LETTER_WIDTH = 0.65 / 72  # inches, of a letter of one point
WIDER = 1.06  # than outlines letters may be on a screen, whose pixels they fit
EDGE = 0.006  # share of a figure that labels keep from its edge


def choose_ticks(axes: Axes, letters: float) -> list[float]:
    """Ticks of the x axis, as many as have room for their numbers: three, two or one.

    ``letters`` is the size of the numbers in points. None lies where it would meet a neighbour's.
    """
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    lo, hi = axes.get_xlim()
    scale = (hi - lo) / (axes.get_position().width * style.get_size()[0])  # of an inch
    formatter = ScalarFormatter()
    formatter.set_axis(axes.xaxis)
    ticks: list[float] = [lo]
    for count in (3, 2, 1):
        ticks = [t for t in MaxNLocator(count).tick_values(lo, hi) if lo <= t <= hi] or ticks
        texts = formatter.format_ticks(ticks)
        wide = scale * LETTER_WIDTH * letters * max(map(len, texts), default=0)
        slack = (wide - scale * style.GAP) / 2  # a number may reach half into the gap
        fitting = [t for t in ticks if lo + slack <= t <= hi - slack]
        if len(fitting) == 1 or (fitting and fitting[1] - fitting[0] >= 1.2 * wide):
            return fitting
    return [min(ticks, key=lambda tick: abs(tick - (lo + hi) / 2))]


def keep_labels_inside(figure: Figure) -> None:
    """Move labels of axes that reach over the figure's edge; shrink those that have no room."""
    for axes in figure.axes:
        box, (wide, tall) = axes.get_position(), figure.get_size_inches()
        for label, start, length, whole, move in (
            (axes.xaxis.label, box.x0, box.width, wide, axes.xaxis.label.set_x),
            (axes.yaxis.label, box.y0, box.height, tall, axes.yaxis.label.set_y),
        ):
            share = _measure(label) / whole
            if share > 1 - 2 * EDGE:
                label.set_fontsize(float(label.get_fontsize()) * (1 - 2 * EDGE) / share)
                share = 1 - 2 * EDGE
            middle = start + length / 2
            inside = min(max(middle, EDGE + share / 2), 1 - EDGE - share / 2)
            if inside != middle:
                move(0.5 + (inside - middle) / length)


def _measure(text: Text) -> float:
    """Inches of the longest line of ``text``."""
    from matplotlib.textpath import TextPath

    look: dict[str, Any] = {"size": text.get_fontsize(), "prop": text.get_fontproperties()}
    lines = filter(str.strip, text.get_text().splitlines())
    return (
        max((TextPath((0, 0), each, **look).get_extents().width for each in lines), default=0) / 72
    )
