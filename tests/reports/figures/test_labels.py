"""Numbers and labels of axes have room where they stand, in figures of any width."""

from __future__ import annotations

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from samplerbench.reports.figures import labels, style
from samplerbench.reports.figures.figure import Picture

LIMITS = [(0.04, 0.19), (1.1, 2.2), (-0.6, 0.5), (1230.0, 1290.0), (-2e-4, 3e-4), (0.0, 1e7)]


def draw_row(width: float, limits) -> list:
    """Axes beside one another, as in the last row of a corner plot, with their ticks; drawn."""
    with matplotlib.rc_context({"figure.figsize": (width, 3.0)}):
        figure, ((*row,),) = style.make_grid([0.8], len(limits))
        for axes, ends in zip(row, limits, strict=True):
            axes.set_xlim(ends)
            axes.set_xticks(labels.choose_ticks(axes, 10.0))
            axes.tick_params(labelsize=10.0)
    figure.set_dpi(600)  # letters of few pixels are wider than they are in print
    FigureCanvasAgg(figure).draw()
    return row


@pytest.mark.slow
@pytest.mark.parametrize("width", [3.3, 4.8, 7.0])
@pytest.mark.parametrize("at", range(3))
def test_numbers_of_ticks_do_not_meet_one_another_or_a_neighbours(width, at):
    row = draw_row(width, LIMITS[2 * at : 2 * at + 2] * 2)
    boxes = []
    for axes in row:
        shown = [text for text in axes.get_xticklabels() if text.get_text()]
        assert shown and len(axes.get_xticks()) == len(shown)
        boxes += [text.get_window_extent() for text in shown]
    assert all(one.x1 < two.x0 for one, two in zip(boxes[:-1], boxes[1:], strict=True))


def test_wide_axes_have_several_ticks():
    (axes,) = draw_row(4.8, LIMITS[:1])
    assert len(axes.get_xticks()) >= 3


@pytest.mark.parametrize("width", [2.5, 3.3, 4.8])
def test_labels_stay_within_the_figure_and_as_they_are_where_there_is_room(width):
    text = "evaluations in a run (gradients, log densities)"
    with matplotlib.rc_context({"figure.figsize": (width, 2.4)}):
        figure, ((left, right),) = style.make_grid([1.2], 2)
    left.set(xlabel="short", ylabel=text)
    right.set(xlabel=text)
    size = left.xaxis.label.get_fontsize()
    Picture(figure, "words", "words")
    figure.set_dpi(600)  # letters of few pixels are wider than they are in print
    FigureCanvasAgg(figure).draw()
    whole = figure.bbox
    for axes in (left, right):
        for label in (axes.xaxis.label, axes.yaxis.label):
            box = label.get_window_extent()
            assert box.x0 >= -1 and box.x1 <= whole.x1 + 1
            assert box.y0 >= -1 and box.y1 <= whole.y1 + 1
    assert left.xaxis.label.get_position()[0] == 0.5 and left.xaxis.label.get_fontsize() == size
