"""Texts of a figure that its edge cuts, which a reader would take for other words or numbers."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def find_cut_texts(figure):
    """What reaches beyond ``figure``, numbers of ticks left out: some of them stay undrawn."""
    FigureCanvasAgg(figure).draw()
    ticks = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for label in axis.get_ticklabels(which="both")
    }
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text() and t not in ticks]
    return [text.get_text() for text in texts if not _is_whole(text, figure.bbox)]


def _is_whole(text, box):
    own = text.get_window_extent()
    return box.x0 <= own.x0 + 1 and own.x1 <= box.x1 + 1 and box.y0 <= own.y0 + 1 <= box.y1 + 1
