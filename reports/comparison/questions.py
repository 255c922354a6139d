"""The ratios of a comparison by the question that they answer: new stacks first, then samplers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samplerbench.harness.comparison.ratio import Ratio
from samplerbench.harness.records import RUN_FIELDS
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.tables import cells
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.notes import describe_value


@dataclass(frozen=True)
class Group:
    """Ratios of one question."""

    title: str  # "latest against pinned", "against numpyro_nuts on pinned", "new against old"
    of_samplers: bool  # two samplers on one stack, else one sampler on two
    ratios: Sequence[Ratio]
    names: dict[str, str]  # trial of a row -> how it is called where the title says the rest

    def get_name(self, ratio: Ratio) -> str:
        """How the row of one ratio is called."""
        return self.names[ratio.trial]

    @property
    def heading(self) -> str:
        """The title as the start of a sentence; names of campaigns and stacks stay as they are."""
        return f"{self.title[0].upper()}{self.title[1:]}" if self.of_samplers else self.title

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Trials of rows and references, each pair once, in order."""
        return list(dict.fromkeys(map(pair_of_trials, self.ratios)))


def pair_of_trials(ratio: Ratio) -> tuple[str, str]:
    """The trials of a ratio."""
    return ratio.trial, ratio.reference_trial


def group_ratios(comparison: Comparison) -> list[Group]:
    """Every ratio in one group: what changed between stacks, then samplers against one of them."""
    models = {str(row["model"]) for row in comparison.rows.values()}
    stacks = len({str(row["environment"]) for row in comparison.rows.values()}) > 1
    by_title: dict[tuple[bool, str], list[Ratio]] = {}
    for ratio in comparison.ratios:
        by_title.setdefault(_title(comparison, ratio, stacks), []).append(ratio)
    groups = []
    for (of_samplers, title), ratios in sorted(by_title.items(), key=lambda item: item[0][0]):
        rows = {ratio.trial: comparison.get_rows(ratio)[0] for ratio in ratios}
        groups.append(Group(title, of_samplers, ratios, name_rows(rows, len(models) > 1)))
    return groups


def _title(comparison: Comparison, ratio: Ratio, stacks: bool) -> tuple[bool, str]:
    """Whether it is of two samplers, and what is compared."""
    if comparison.names:
        return False, f"{comparison.names[0]} against {comparison.names[1]}"
    new, old = comparison.get_rows(ratio)
    if label(new) == label(old) and new["environment"] != old["environment"]:
        return False, f"{new['environment']} against {old['environment']}"
    return True, f"against {label(old)}" + f" on {old['environment']}" * stacks


def name_rows(rows: dict[str, Row], models: bool) -> dict[str, str]:
    """Each row's sampler and model, and what tells it from others where two are of one sampler."""
    names = {t: label(row) + f", {row['model']}" * models for t, row in rows.items()}
    for axis in RUN_FIELDS:
        if len(set(names.values())) == len(names):
            break
        if len({row[axis] for row in rows.values()}) > 1:
            names = {t: f"{n}, {describe_value(axis, rows[t][axis])}" for t, n in names.items()}
    return names


def is_control(comparison: Comparison, ratio: Ratio) -> bool:
    """Whether its row is of a sampler that knows the answer."""
    return cells.is_control(comparison.get_rows(ratio)[0]["sampler"])
