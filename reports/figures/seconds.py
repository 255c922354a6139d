"""Seconds of each part of a run: import, compile, the rest of the first run, warm-up, sampling."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.figures.figure_data import Entry, Scene
from samplerbench.reports.tables.cells import Row, interval_ends
from samplerbench.rounding import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: part -> what it is, in the order of time
PARTS = {
    "import": "import",
    "compile": "compile",
    "rest": "rest of the first run (trace, dispatch)",
    "warmup": "warm-up",
    "sample": "sampling",
    "run": "run, not split",
}


def cold_parts(row: Row) -> dict[str, float]:
    """Seconds of each part of import + cold; what was not measured is left out."""
    parts = {"import": row["import_s"] or 0.0, "compile": row["compile_s"] or 0.0}
    run = warm_parts(row)
    spent = parts["compile"] + sum(run.values())
    parts["rest"] = max(0.0, (row["cold_s"] or 0.0) - spent)
    return {**parts, **run}


def warm_parts(row: Row) -> dict[str, float]:
    """Seconds of each part of a warm run."""
    if row["warmup_s"] is not None and row["sample_s"] is not None:
        return {"warmup": row["warmup_s"], "sample": row["sample_s"]}
    return {"run": row["warm_s"]} if row["warm_s"] else {}


def applies(scene: Scene) -> bool:
    """Whether a row was timed."""
    return any(entry.row["cold_s"] is not None for entry in scene.entries)


def draw(scene: Scene) -> Picture:
    """Bars from nothing above, of a warm run below."""
    known = [entry for entry in scene.entries if entry.row["cold_s"] is not None]
    tall, colds = 0.1 + 0.3 * len(known), [cold_parts(entry.row) for entry in known]
    parts = [label for part, label in PARTS.items() if any(each.get(part) for each in colds)]
    labels = [re.sub(r":| (?=\()", lambda sign: f"{sign[0].strip()}\n", e.name) for e in known]
    left = 0.25 + 0.06 * max(len(line) for text in labels for line in text.split("\n"))
    figure, ((cold,), (warm,)) = style.make_grid([tall, tall], legend=parts, left=left, gap=0.6)
    _draw_bars(cold, colds, labels)
    _draw_bars(warm, [warm_parts(entry.row) for entry in known], labels)
    for at, entry in enumerate(known):
        _draw_interval(warm, at, interval_ends(entry.row, "warm_s"))
        started = entry.row["import_s"] or 0.0
        ends = (
            None if end is None else started + end for end in interval_ends(entry.row, "cold_s")
        )
        _draw_interval(cold, at, tuple(ends))
    cold.set_title("from nothing", loc="left")
    warm.set_title("one run, once compiled", loc="left")
    warm.set_xlabel("seconds")
    style.add_legend(figure, cold, parts)
    return Picture(
        figure,
        f"Stacked bars. {'; '.join(map(_words, known))}.",
        "Above: import and the first plain run; below: a run of the compiled program. Lines: 95 %"
        " intervals between processes, where there is more than one.",
    )


def _draw_bars(axes: Axes, rows: Sequence[dict[str, float]], labels: Sequence[str]) -> None:
    start = [0.0] * len(rows)
    for index, (part, label) in enumerate(PARTS.items()):
        widths = [row.get(part, 0.0) for row in rows]
        if not any(widths):
            continue
        color = style.get_look(index).color
        bar: dict[str, Any] = {"height": 0.62, "lw": 0.8, "ec": color}
        bar |= {"fc": "none" if index % 2 else color}
        hatch = style.HATCHES[index % 2]
        axes.barh(range(len(rows)), widths, left=start, hatch=hatch, label=label, **bar)
        start = [a + b for a, b in zip(start, widths, strict=True)]
    axes.set_yticks(range(len(rows)), labels)
    axes.set_xlim(0, 1.04 * max(start) or 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.set_yticks([], minor=True)


def _draw_interval(axes: Axes, at: int, ends: tuple[float | None, ...]) -> None:
    lo, hi = ends
    if lo is not None and hi is not None:
        axes.plot([lo, hi], [at, at], color=style.INK, marker="|", lw=1)
        axes.set_xlim(right=max(axes.get_xlim()[1], 1.04 * hi))


def _words(entry: Entry) -> str:
    parts = cold_parts(entry.row).items()
    words = (f"{PARTS[part]} {format_number(seconds)} s" for part, seconds in parts if seconds)
    return f"{entry.name}: {', '.join(words)}"


FIGURE = Figure("seconds", "Seconds of each part of a run", Section.COST, applies, draw)
