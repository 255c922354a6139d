"""The measured error against what it cost: evaluations, seconds once compiled, seconds in all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.harness.statistics import estimates, intervals
from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import SHARES, Entry, Scene, Series
from samplerbench.reports.tables.cells import Row, interval_ends, is_comparable, is_control
from samplerbench.reports.tables.table import NOT_COMPARABLE
from samplerbench.rounding import format_in_unit, format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray
GOAL = 0.05
ONE_COST = 1.001  # the largest by the smallest, where all costs are one
MOST = 1.0  # sds: a curve that never comes below is shown here, with its last number
#: cost -> what stands below its axis
COSTS = {
    "evaluations": "evaluations in a run (gradients, log densities)",
    "warm": "seconds of a run, once compiled",
    "first": "seconds of a first run: import, compile, run",
}


@dataclass(frozen=True)
class Curve:
    """The error of the mean of growing parts of a row's draws, worst parameter, in exact sds."""

    entry: Entry
    shares: Array  # of a run's draws, [point]
    error: Array  # [point], NaN where there is none, as the ends of its 95 % interval
    lo: Array
    hi: Array
    independent: Array  # 1/sqrt(draws), what independent ones would have, [point]; NaN: weighted

    def cost(self, kind: str) -> Array | None:
        """What each point cost; None where the row tells none."""
        row = self.entry.row
        whole = {"evaluations": _evaluations(row), "warm": _warm_seconds(row), "first": None}[kind]
        spared = (1 - self.shares) * (1 - _warmup_share(row))
        if kind == "first":
            if row["cold_s"] is None:
                return None
            return (row["import_s"] or 0.0) + row["cold_s"] - spared * _warm_seconds(row)
        return whole * (1 - spared) if whole else None


def _evaluations(row: Row) -> float:
    return (row["gradients"] or 0.0) + (row["likelihoods"] or 0.0)


def _warm_seconds(row: Row) -> float:
    return row["warm_s"] or row["rerun_s"] or 0.0


def _warmup_share(row: Row) -> float:
    """The share of a run that warm-up takes: of its seconds, else of its iterations."""
    if row["warmup_s"] is not None and row["sample_s"]:
        return row["warmup_s"] / (row["warmup_s"] + row["sample_s"])
    if is_control(row["sampler"]) or not row["warmup"]:
        return 0.0  # an exact answer takes no warm-up
    return row["warmup"] / (row["warmup"] + row["draws"])


def list_curves(scene: Scene) -> list[Curve]:
    """One curve a row, of one point where its draws have weights or were not read."""
    series = {one.row["trial"]: one for one in scene.series}
    curves = (_make_curve(scene, entry, series.get(entry.row["trial"])) for entry in scene.entries)
    return [curve for curve in curves if np.isfinite(curve.error).any()]


def _make_curve(scene: Scene, entry: Entry, series: Series | None) -> Curve:
    if series is None or series.prefix_means is None or scene.mean is None:
        return _make_point(entry)
    assert scene.sd is not None and scene.exact is not None, "they come with the mean"
    known = scene.exact.mean_se
    mean_se = 0.0 if known is None else known[list(scene.picks)]
    level = intervals.simultaneous_level(len(scene.exact.names), of_extreme=True)
    ess = [
        estimates.realised_ess(means, scene.mean, scene.sd, mean_se, level)
        for means in series.prefix_means
    ]
    worst = intervals.index_of_worst(ess[-1], math.inf)
    ends = [[one[worst].value, one[worst].hi, one[worst].lo] for one in ess]
    error, lo, hi = 1 / np.sqrt(np.array(ends, float)).T  # None becomes NaN
    independent = 1 / np.sqrt(np.array(SHARES) * series.count)
    return Curve(entry, np.array(SHARES), error, lo, hi, independent)


def _make_point(entry: Entry) -> Curve:
    """The one point that a row's own numbers give."""
    row = entry.row
    ends = [row["realised_ess"], *interval_ends(row, "realised_ess")[::-1]]
    error, lo, hi = 1 / np.sqrt(np.array([ends], float)).T
    return Curve(entry, np.ones(1), error, lo, hi, np.full(1, np.nan))


def applies(scene: Scene) -> bool:
    """Whether a row's error against the ground truth is known, and what it cost."""
    curves = list_curves(scene)
    return any(curve.cost(kind) is not None for curve in curves for kind in COSTS)


def draw(scene: Scene) -> Picture:
    """One panel a cost that any row tells."""
    curves = list_curves(scene)
    panels = [kind for kind in COSTS if any(c.cost(kind) is not None for c in curves)]
    labels = [_label(curve) for curve in curves]
    figure, rows = style.make_grid([1.75] * len(panels), legend=labels, gap=0.55)
    for (axes,), kind in zip(rows, panels, strict=True):
        style.set_logarithmic(axes)
        _draw_panel(axes, curves, kind)
        axes.set(xlabel=COSTS[kind], ylabel="error / posterior sd")
        axes.sharey(rows[0][0])
    _set_limits(rows[0][0], curves)
    for (axes,) in rows:
        style.set_decade_ticks(axes)
    style.add_legend(figure, rows[0][0], labels)
    return Picture(
        figure,
        f"{len(panels)} log-log plots. {'; '.join(map(_words, curves))}.",
        "Measured, nothing extrapolated: the rms error over replicates of the mean of the first"
        " 1/16, 1/8, 1/4, 1/2 and of all draws, worst parameter, with 95 % intervals. Thin dotted:"
        " as many independent draws, 1/√n. Each part costs its share of the draws and the whole"
        " warm-up. Nested sampling, whose runs have no parts, gives one point, and a line where"
        " it ran at several resolutions. Open marks: not shown honest.",
    )


def _label(curve: Curve) -> str:
    return curve.entry.name + NOT_COMPARABLE * (not is_comparable(curve.entry.row))


def _draw_panel(axes: Axes, curves: Sequence[Curve], kind: str) -> None:
    costs = np.concatenate([c for curve in curves if (c := curve.cost(kind)) is not None])
    lo, hi = np.nanmin(costs), np.nanmax(costs)
    if hi < ONE_COST * lo:  # matplotlib's own limits would be this one number, rounded
        axes.set_xlim(lo / 2, 2 * hi)
    axes.axhline(GOAL, color=style.INK, lw=0.8, ls="--", zorder=0)
    place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "bottom", "ha": "right"}
    axes.text(1, GOAL, "5 %", fontsize=7.5, **place)
    for curve in curves:
        cost = curve.cost(kind)
        if cost is None:  # in the legend it is all the same
            cost = np.full(len(curve.error), np.nan)
        _draw_curve(axes, curve, cost)
        if kind != "first":  # whose costs hardly differ
            line: dict[str, Any] = {"color": style.get_look(curve.entry.look).color, "ls": ":"}
            axes.plot(cost, curve.independent, lw=0.9, zorder=1, **line)
    for curve in filter(_is_off, curves):
        cost = curve.cost(kind)
        if cost is not None:
            text = f"↑ {format_number(float(curve.error[-1]))}"
            style.write_beside(axes, text, (cost[-1], MOST), 7, 0)
    for points in _group_resolutions(curves):
        known = [(cost[0], c.error[0]) for c in points if (cost := c.cost(kind)) is not None]
        color = style.get_look(points[0].entry.look).color
        axes.plot(*np.array(sorted(known)).reshape(-1, 2).T, color=color, lw=1, zorder=1)


def _is_off(curve: Curve) -> bool:
    """Whether its errors lie above the panel, where they would squeeze all others together."""
    return bool(np.nanmin(curve.error) > MOST)


def _group_resolutions(curves: Sequence[Curve]) -> list[list[Curve]]:
    """Points of one sampler that ran more than once: what more resolution gave."""
    groups: dict[str, list[Curve]] = {}
    for curve in curves:
        if len(curve.error) == 1:
            groups.setdefault(curve.entry.row["sampler"], []).append(curve)
    return [group for group in groups.values() if len(group) > 1]


def _draw_curve(axes: Axes, curve: Curve, cost: Array) -> None:
    look = style.get_look(curve.entry.look)
    error, lo, hi = curve.error, curve.lo, curve.hi
    if _is_off(curve):
        error = lo = hi = np.where(np.arange(len(error)) < len(error) - 1, np.nan, MOST)
    bars = np.maximum(0.0, [error - lo, hi - error])
    mark: dict[str, Any] = {"color": look.color, "marker": look.marker, "ms": 4.5}
    mark |= {"ls": look.dash, "lw": 1.2, "capsize": 2, "elinewidth": 0.8}
    fill = None if is_comparable(curve.entry.row) else "white"
    axes.errorbar(cost, error, yerr=bars, mfc=fill, label=_label(curve), **mark)


def _set_limits(axes: Axes, curves: Sequence[Curve]) -> None:
    """Errors up to MOST; what lies above leaves the panel."""
    least = min(float(np.nanmin([*c.error, *c.lo, *c.independent])) for c in curves)
    axes.set_ylim(min(least, GOAL) / 1.3, 1.4 * MOST)


def _words(curve: Curve) -> str:
    row, error = curve.entry.row, format_number(float(curve.error[-1]))
    costs = [f"{format_number(_evaluations(row))} evaluations"] * bool(_evaluations(row))
    costs += [format_in_unit(_warm_seconds(row))] * bool(_warm_seconds(row))
    first = curve.cost("first")
    costs += [f"{format_in_unit(float(first[-1]))} at first"] if first is not None else []
    begin = f", {format_number(float(curve.error[0]))} of the first 1/16"
    return f"{curve.entry.name}: error {error} sd{begin * (len(curve.error) > 1)}" + (
        f"; {', '.join(costs)}" if costs else ""
    )


FIGURE = Figure("speed", "Measured error against cost", Section.COST, applies, draw)
