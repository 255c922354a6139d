"""The log evidence that each replicate claims, against the exact one."""

from __future__ import annotations

import numpy as np

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure_data import Scene, Series
from samplerbench.reports.figures.style import Picture
from samplerbench.reports.tables.cells import cell


def picture(scene: Scene) -> Picture | None:
    """The figure; None where no sampler gives log Z."""
    known = [s for s in scene.series if s.log_z is not None and np.isfinite(s.log_z).any()]
    if not known:
        return None
    true = None if scene.exact is None else scene.exact.log_evidence
    made, ((axes,),) = style.grid([2.3], legend=len(known) + (true is not None), bottom=0.3)
    start = 0
    for series in known:
        start = _replicates(axes, series, start) + 3
    if true is not None:
        axes.axhline(true, color=style.INK, lw=1, ls="--", label=f"exact: {true:.3f}")
    axes.set(ylabel="log Z (natural)", xlabel="replicates, in order of their claim", xticks=[])
    style.legend(made, axes)
    return Picture(
        "evidence",
        "Log evidence",
        f"Points with error bars. {'; '.join(_words(s) for s in known)}."
        + (f" Exact: {true:.3f}." if true is not None else " The exact value is not known."),
        "One mark a replicate, with the standard error that it claims; honest errors let two thirds"
        " of the bars touch the dashed line. The shaded band is the 95 % interval of their mean.",
        made,
    )


def _replicates(axes, series: Series, start: int) -> int:
    claimed = np.asarray(series.log_z)
    known = np.isfinite(claimed)
    order = np.argsort(claimed[known])
    values, errors = claimed[known][order], None
    if series.log_z_err is not None:
        found = series.log_z_err[known][order]
        errors = np.where(np.isfinite(found), np.abs(found), 0.0)
    look = style.look(series.look)
    at = start + np.arange(len(values))
    axes.errorbar(at, values, yerr=errors, color=look.color, marker=look.marker, ms=3.5, lw=0.8,
                  ls="", label=series.label)  # fmt: skip
    mean = values.mean()
    if len(values) > 1:
        half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
        axes.fill_between([at[0] - 0.8, at[-1] + 0.8], mean - half, mean + half, color=look.color,
                          alpha=0.2, lw=0)  # fmt: skip
    return int(at[-1]) + 1


def _words(series: Series) -> str:
    row = series.row
    off = cell(row, "log_z_error")
    said = f", off by {off.plain} on average" if row["log_z_error"] is not None else ""
    return f"{series.label}: mean log Z {cell(row, 'log_z').text}{said}"
