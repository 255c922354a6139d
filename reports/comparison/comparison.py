"""A comparison as a reader needs it: the ratios, and the rows that they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samplerbench.harness.comparison import paired_ratios, stack_differences
from samplerbench.harness.comparison.ratio import Ratio
from samplerbench.harness.comparison.sides import Side, read_side
from samplerbench.harness.comparison.stack_differences import StackRun
from samplerbench.reports.tables.cells import Row, is_comparable

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.records import Trial

#: what says nothing about a row whose draws are not what they claim to be
SPEED_QUANTITIES = ("time", "efficiency")
EMPTY = "nothing to compare: there are no two rows that share model, budget and device"


@dataclass(frozen=True)
class Comparison:
    """Paired ratios, what changed between stacks, and the rows on both sides by trial."""

    ratios: Sequence[Ratio]
    changes: Sequence[Ratio]
    rows: dict[str, Row]
    reference_rows: dict[str, Row]
    names: tuple[str, str] | None = None  # of the later and the earlier campaign, where two

    @property
    def sides(self) -> tuple[str, str]:
        """How both sides are called in a heading."""
        return self.names or ("samplers", "reference")

    def get_rows(self, ratio: Ratio) -> tuple[Row, Row]:
        """The row of a ratio and that of its reference."""
        return self.rows[ratio.trial], self.reference_rows[ratio.reference_trial]

    def is_marked(self, ratio: Ratio) -> bool:
        """Whether it is of a speed, and a row of it is neither honest nor overcautious."""
        return ratio.quantity in SPEED_QUANTITIES and not all(
            map(is_comparable, self.get_rows(ratio))
        )


def compare(
    first: Campaign,
    second: Campaign | None = None,
    reference: str | None = None,
    unlike: bool = False,
) -> Comparison:
    """``second`` against ``first``, or the rows of one campaign against a reference row.

    Raises what ``harness.comparison.paired_ratios`` does.
    """
    rows = _rows(first)
    old, old_stacks = _sides(first, rows), _stack_runs(first, rows)
    if second is None:
        ratios = paired_ratios.compare_within(old, reference, unlike)
        return Comparison(ratios, stack_differences.compare_stacks(old_stacks), rows, rows)
    new_rows = _rows(second)
    names = (second.folder.name, first.folder.name)
    ratios = paired_ratios.compare_between(old, _sides(second, new_rows), names, unlike)
    changes = stack_differences.compare_stacks(old_stacks, _stack_runs(second, new_rows))
    return Comparison(ratios, changes, new_rows, rows, names)


def _rows(campaign: Campaign) -> dict[str, Row]:
    """Trial -> its row."""
    return {row["trial"]: row for row in campaign.rows()}


def _sides(campaign: Campaign, rows: Mapping[str, Row]) -> list[Side]:
    """What each finished trial brings to paired ratios."""
    sides = []
    with_draws = {trial.id for trial in _with_draws(campaign, rows)}
    for trial in campaign.store.trials():
        result = campaign.store.result(trial.id)
        if result is None:
            continue
        judged = trial.id in with_draws and not trial.calibrate
        exact = campaign.exact(trial) if judged else None
        draws = campaign.store.draws_path(trial.id)
        sides.append(read_side(trial, result, rows[trial.id]["verdict"], draws, exact))
    return sides


def _stack_runs(campaign: Campaign, rows: Mapping[str, Row]) -> list[StackRun]:
    """Each trial that ended ok, with its row and draws."""
    return [
        StackRun(trial, rows[trial.id], campaign.store.draws_path(trial.id))
        for trial in _with_draws(campaign, rows)
    ]


def _with_draws(campaign: Campaign, rows: Mapping[str, Row]) -> list[Trial]:
    """The trials that ended ok, without those whose draws are lost."""
    trials = [trial for trial in campaign.store.trials() if trial.id in rows]
    return campaign.store.drop_lost_draws([t for t in trials if rows[t.id]["status"] == "ok"])
