"""A comparison as a reader needs it: the ratios, and the rows that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samplerbench.harness.comparison import paired_ratios, stack_differences
from samplerbench.harness.comparison.paired_ratios import Ratio
from samplerbench.reports.tables.cells import Row, comparable

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign

#: what says nothing about a row whose draws are not what they claim to be
OF_SPEED = ("time", "efficiency")
EMPTY = "nothing to compare: there are no two rows that share model, budget and device"


@dataclass(frozen=True)
class Comparison:
    """Paired ratios, what changed between stacks, and the rows on both sides by trial."""

    ratios: Sequence[Ratio]
    changes: Sequence[Ratio]
    rows: dict[str, Row]
    reference_rows: dict[str, Row]
    names: tuple[str, str] | None = None  # of the later and the earlier campaign, where two

    def ends(self, ratio: Ratio) -> tuple[Row, Row]:
        """The row of a ratio and that of its reference."""
        return self.rows[ratio.trial], self.reference_rows[ratio.reference_trial]

    def marked(self, ratio: Ratio) -> bool:
        """Whether it is of a speed, and a row of it is neither honest nor overcautious."""
        return ratio.quantity in OF_SPEED and not all(map(comparable, self.ends(ratio)))


def of(
    first: Campaign,
    second: Campaign | None = None,
    reference: str | None = None,
    unlike: bool = False,
) -> Comparison:
    """``second`` against ``first``, or the rows of one campaign against a reference row.

    Raises what ``harness.comparison.paired_ratios`` does.
    """
    if second is None:
        found = paired_ratios.within(first, reference, unlike)
        rows = {row["trial"]: row for row in first.rows()}
        return Comparison(found, stack_differences.changes(first), rows, rows)
    found = paired_ratios.between(first, second, unlike)
    after, before = ({row["trial"]: row for row in one.rows()} for one in (second, first))
    names = (second.folder.name, first.folder.name)
    return Comparison(found, stack_differences.changes(first, second), after, before, names)
