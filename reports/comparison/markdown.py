"""A comparison in GitHub's markdown, for pull requests."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.harness.comparison.paired_ratios import Ratio
from samplerbench.reports.comparison import provenance_diff, ratios, summary
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.tables.cells import MARK_SAYS
from samplerbench.reports.tables.markdown import escaped

HEADS = ("row", "against", "quantity", "ratio", "95 % interval", "answer", "pairs")


def text(found: Comparison) -> str:
    """The sentence, the ratios, what changed between stacks, and what differs."""
    lines = [escaped(summary.sentence(found))]
    lines += [f"\n{escaped(said)}" for said in summary.others(found)]
    for part in (found.ratios, found.changes):
        lines += _table(HEADS, [_cells(found, one) for one in part]) if part else []
    if any(found.marked(one) for one in found.ratios):
        lines += ["", escaped(MARK_SAYS)]
    differ = [fact for fact in provenance_diff.facts(found) if fact.differs]
    if differ:
        heads = ("differs", *(found.names or ("row", "reference")))
        lines += _table(heads, [(fact.name, fact.row, fact.reference) for fact in differ])
    return "\n".join(lines) + "\n"


def _cells(found: Comparison, one: Ratio) -> tuple[str, ...]:
    value, interval = ratios.shown(one)
    return (
        one.row, one.reference, one.quantity, value + ratios.mark(found, one), interval,
        f"{one.answer}: {one.reason}" if one.reason else one.answer, str(one.pairs or ""),
    )  # fmt: skip


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["", _pipes(heads), _pipes(["---"] * len(heads))]
    return [*lines, *map(_pipes, rows)]


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"
