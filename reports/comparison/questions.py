"""The ratios of a comparison by the question that they answer: new stacks first, then samplers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samplerbench.harness.comparison.paired_ratios import Ratio
from samplerbench.reports.comparison.comparison import Comparison
from samplerbench.reports.tables.cells import CONTROLS, Row, label

#: what tells rows of one sampler apart, beside the environment
AXES = ("device", "precision", "chains", "warmup", "draws")
WORDS = {"precision": "{}-bit", "chains": "{} chain(s)", "warmup": "{} warm-up",
         "draws": "{} draws"}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Ratios of one question."""

    title: str  # "latest against pinned", "against numpyro_nuts on pinned", "new against old"
    ratios: Sequence[Ratio]
    names: dict[str, str]  # trial of a row -> how it is called where the title says the rest

    def name(self, ratio: Ratio) -> str:
        """How the row of one ratio is called."""
        return self.names[ratio.trial]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Trials of rows and references, each pair once, in order."""
        return list(dict.fromkeys(map(pair, self.ratios)))


def pair(ratio: Ratio) -> tuple[str, str]:
    """The trials of a ratio."""
    return ratio.trial, ratio.reference_trial


def groups(found: Comparison) -> list[Group]:
    """Every ratio in one group: what changed between stacks, then samplers against one of them."""
    models = {str(row["model"]) for row in found.rows.values()}
    stacks = len({str(row["environment"]) for row in found.rows.values()}) > 1
    by_title: dict[tuple[bool, str], list[Ratio]] = {}
    for one in found.ratios:
        by_title.setdefault(_title(found, one, stacks), []).append(one)
    return [
        Group(title, ratios, _names({r.trial: found.ends(r)[0] for r in ratios}, len(models) > 1))
        for (_, title), ratios in sorted(by_title.items(), key=lambda item: item[0][0])
    ]


def _title(found: Comparison, ratio: Ratio, stacks: bool) -> tuple[bool, str]:
    """Whether it is of two samplers, and what is compared."""
    if found.names:
        return False, f"{found.names[0]} against {found.names[1]}"
    new, old = found.ends(ratio)
    if label(new) == label(old) and new["environment"] != old["environment"]:
        return False, f"{new['environment']} against {old['environment']}"
    return True, f"against {label(old)}" + f" on {old['environment']}" * stacks


def _names(rows: dict[str, Row], models: bool) -> dict[str, str]:
    """Each row's sampler and model, and what tells it from others where two are of one sampler."""
    named = {t: label(row) + f", {row['model']}" * models for t, row in rows.items()}
    for axis in AXES:
        if len(set(named.values())) == len(named):
            break
        if len({row[axis] for row in rows.values()}) > 1:
            word = WORDS.get(axis, "{}")
            named = {t: f"{name}, {word.format(rows[t][axis])}" for t, name in named.items()}
    return named


def is_control(found: Comparison, ratio: Ratio) -> bool:
    """Whether its row is of a sampler that knows the answer."""
    return found.ends(ratio)[0]["sampler"].startswith(CONTROLS)
