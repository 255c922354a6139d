"""What the sides of a comparison were made with, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samplerbench.reports import provenance
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.tables.cells import Row, label


@dataclass(frozen=True)
class Fact:
    """One fact of every side."""

    name: str
    values: tuple[str, ...]  # in the order of the sides

    @property
    def differs(self) -> bool:
        """Whether the sides say different things."""
        return len({*self.values}) > 1


def list_sides(comparison: Comparison) -> dict[str, list[Row]]:
    """Heading -> rows of each side: a stack each, where there are several; else as compared.

    Samplers and their references share the stacks of a campaign, so that they say nothing of them.
    """
    every = [*comparison.ratios, *comparison.changes]
    later = _pick(comparison.rows, [ratio.trial for ratio in every])
    earlier = _pick(comparison.reference_rows, [ratio.reference_trial for ratio in every])
    pairs = list(zip(comparison.sides, (later, earlier), strict=True))
    if not every:
        return {}
    if len({row["environment"] for row in (*later, *earlier)}) == 1:
        return dict(pairs)
    sides: dict[str, dict[str, Row]] = {}
    for name, rows in reversed(pairs):  # what was there first stands first
        for row in rows:
            place = f" in {name}" if comparison.names else ""
            sides.setdefault(f"{row['environment']}{place}", {})[row["trial"]] = row
    return {heading: list(rows.values()) for heading, rows in sides.items()}


def list_facts(sides: Mapping[str, Sequence[Row]]) -> list[Fact]:
    """Samplers with settings, machine, versions, budget and seeds of every side, in that order."""
    facts = [
        {
            "samplers and settings": "; ".join(sorted({label(row) for row in rows})),
            **dict(provenance.list_facts(rows)),
        }
        for rows in sides.values()
    ]
    names = dict.fromkeys(name for side in facts for name in side)
    return [Fact(name, tuple(side.get(name, "-") for side in facts)) for name in names]


def _pick(rows: dict[str, Row], trials: Sequence[str]) -> list[Row]:
    """The rows of these trials, each once."""
    return [rows[trial] for trial in dict.fromkeys(trials)]
