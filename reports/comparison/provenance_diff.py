"""What the two sides of a comparison were made with, and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samplerbench.reports import provenance
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.tables.cells import Row, label


@dataclass(frozen=True)
class Fact:
    """One fact of both sides."""

    name: str
    row: str
    reference: str

    @property
    def differs(self) -> bool:
        """Whether the sides say different things."""
        return self.row != self.reference


def list_facts(comparison: Comparison) -> list[Fact]:
    """Samplers with settings, machine, versions, budget and seeds of both sides, in that order."""
    if not comparison.ratios:
        return []
    trials = [ratio.trial for ratio in comparison.ratios]
    reference_trials = [ratio.reference_trial for ratio in comparison.ratios]
    rows = _pick(comparison.rows, trials)
    references = _pick(comparison.reference_rows, reference_trials)
    sides = [dict([_samplers(side), *provenance.list_facts(side)]) for side in (rows, references)]
    names = dict.fromkeys(name for side in sides for name in side)
    return [Fact(name, *(side.get(name, "-") for side in sides)) for name in names]


def _pick(rows: dict[str, Row], trials: Sequence[str]) -> list[Row]:
    """The rows of these trials, each once."""
    return [rows[trial] for trial in dict.fromkeys(trials)]


def _samplers(rows: Sequence[Row]) -> tuple[str, str]:
    return "samplers and settings", "; ".join(sorted({label(row) for row in rows}))
