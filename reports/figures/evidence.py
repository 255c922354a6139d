"""The log evidence that each replicate claims, against the exact one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.harness.statistics import intervals
from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Scene, Series
from samplerbench.reports.tables.cells import make_cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def applies(scene: Scene) -> bool:
    """Whether a sampler gives log Z."""
    return bool(_with_log_z(scene))


def _with_log_z(scene: Scene) -> list[Series]:
    return [s for s in scene.series if s.log_z is not None and np.isfinite(s.log_z).any()]


def draw(scene: Scene) -> Picture:
    """A mark for each replicate, and the exact value as a line."""
    known = _with_log_z(scene)
    true = None if scene.exact is None else scene.exact.log_evidence
    exact = [] if true is None else [f"exact: {true:.3f}"]
    labels = [*exact, *(series.label for series in known)]
    figure, ((axes,),) = style.make_grid([2.3], legend=labels, bottom=0.3)
    start = 0
    for series in known:
        start = _draw_replicates(axes, series, start) + 3
    if true is not None:
        axes.axhline(true, color=style.INK, lw=1, ls="--", label=f"exact: {true:.3f}")
    axes.set(ylabel="log Z (natural)", xlabel="replicates, in order of their claim", xticks=[])
    style.add_legend(figure, axes, labels)
    return Picture(
        figure,
        f"Points with error bars. {'; '.join(_words(s) for s in known)}."
        + (f" Exact: {true:.3f}." if true is not None else " The exact value is not known."),
        "One mark a replicate, with the standard error that it claims"
        + ("; honest errors let two thirds of the bars touch the dashed line" * (true is not None))
        + ". The shaded band is the 95 % interval of their mean.",
    )


def _draw_replicates(axes: Axes, series: Series, start: int) -> int:
    claimed = np.asarray(series.log_z)
    known = np.isfinite(claimed)
    order = np.argsort(claimed[known])
    values, errors = claimed[known][order], None
    if series.log_z_err is not None:
        claims = series.log_z_err[known][order]
        errors = np.where(np.isfinite(claims), np.abs(claims), 0.0)
    look = style.get_look(series.look)
    at = start + np.arange(len(values))
    mark: dict[str, Any] = {"color": look.color, "marker": look.marker, "ms": 3.5, "lw": 0.8}
    axes.errorbar(at, values, yerr=errors, label=series.label, ls="", **mark)
    band = intervals.mean_interval(values)
    if band.lo is not None and band.hi is not None:
        ends = [at[0] - 0.8, at[-1] + 0.8]
        axes.fill_between(ends, band.lo, band.hi, color=look.color, alpha=0.2, lw=0)
    return int(at[-1]) + 1


def _words(series: Series) -> str:
    row = series.row
    error = make_cell(row, "log_z_error").short
    suffix = f", off by {error} on average" if row["log_z_error"] is not None else ""
    return f"{series.label}: mean log Z {make_cell(row, 'log_z').text}{suffix}"


FIGURE = Figure("evidence", "Log evidence", Section.ACCURACY, applies, draw)
