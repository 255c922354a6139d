"""Whether a record read from a store holds scores, as ``score_trial.score`` makes them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

from samplerbench.harness.record_fields import Check, explain_misfit, make_check
from samplerbench.harness.scoring.metrics.base import all_metrics


@dataclass
class ScoreFields:
    """What a record of scores holds."""

    columns: dict[str, Any]
    missing: dict[str, str]
    parameters: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    missing_by_parameter: dict[str, dict[str, str]] = field(default_factory=dict)


def check_scores(scores: Any) -> dict[str, Any]:
    """The scores, once seen to be such; raises ValueError."""
    misfit = explain_misfit(ScoreFields, scores)
    if misfit:
        raise ValueError(f"no scores: {misfit}")
    checks, columns = _column_checks(), scores["columns"]
    if wrong := [name for name in columns.keys() & checks if not checks[name](columns[name])]:
        raise ValueError(f"no scores: their {wrong[0]!r} is {ascii(columns[wrong[0]])[:60]}")
    return scores


@functools.cache
def _column_checks() -> dict[str, Check]:
    """What may stand in each column of scores: a number, or words."""
    number, words = make_check(float | None), make_check(str | None)
    checks: dict[str, Check] = {"diagnostics_failed": make_check(dict[str, int])}
    for column in (entry.column for entry in all_metrics()):
        names = [column.name, *(f"{column.name}_{end}" for end in ("lo", "hi"))]
        is_number = column.is_number and not column.is_text
        checks.update(dict.fromkeys(names, number if is_number else words))
    return checks
