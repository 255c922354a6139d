"""Scaling as records for other programs: points, exponents, crossovers, verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from samplerbench.reports.scaling.analysis import QUANTITIES, Scaling
from samplerbench.reports.scaling.lines import PLACES, Axis


def make_record(scaling: Scaling) -> dict[str, Any]:
    """One axis as JSON takes it."""
    axis = scaling.axis
    return {
        "axis": axis.name,
        "of": axis.setting,
        "points": list(list_points(axis)),
        "exponents": [
            {"sampler": g.line, "quantity": g.quantity, "comparable": not g.marked, **asdict(g.fit)}
            for g in scaling.growth
        ],
        "crossovers": [
            {
                "first": c.first,
                "second": c.second,
                "of": c.quantity,
                **asdict(c.crossover),
                "answer": c.describe(axis.name),
            }
            for c in scaling.crossings
        ],
        "verdicts": [{"sampler": line, "by_size": text} for line, text in scaling.verdicts],
    }


def list_points(axis: Axis) -> Iterator[dict[str, Any]]:
    """One record for each line and size."""
    ends = [f"{name}{end}" for name in QUANTITIES for end in ("", "_lo", "_hi")]
    for line in axis.lines:
        for size, row in zip(line.sizes, line.rows, strict=True):
            yield {
                "sampler": line.label,
                **dict(zip(PLACES, line.place, strict=True)),
                "axis": axis.name,
                "size": size,
                **{name: row[name] for name in ("verdict", "status", "reason")},
                **{name: row[name] for name in ends if name in row},
                "trial": row["trial"],
            }
