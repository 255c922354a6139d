"""The gate for continuous integration: which rows are not what they must be.

An honest sampler passes ``--gate honest`` once replicates are enough to show it, some 256; how
often is measured by ``tests/benchmarks/judge.py``. ``--gate undecided`` passes what is not shown,
as long as no flaw is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samplerbench.harness.records import format_label

#: a rule that several verdicts satisfy
ALTERNATIVES = {"undecided": ("undecided", "honest")}


def list_failures(rows: Sequence[Mapping[str, Any]], rules: Sequence[str]) -> list[str]:
    """A line for each row that fails: its verdict, why, and the verdict that was required.

    A rule is a verdict that every row must have, or ``sampler=verdict`` for the rows of that
    label; where several apply, the last one does. A sampler that no row has fails too.
    """
    by_label, default = _split_rules(rules)
    labels = {format_label(row["sampler"], row["settings"] or {}) for row in rows}
    lines = [f"{label}: there is no such row" for label in by_label.keys() - labels]
    for row in rows:
        label = format_label(row["sampler"], row["settings"] or {})
        required = by_label.get(label, default)
        if required and row["verdict"] not in ALTERNATIVES.get(required, (required,)):
            verdict = row["verdict"] or row["status"]
            reason = row["verdict_reason"] or row["reason"]
            seen = f"; would have shown (95 %): {row['power']}" if row.get("power") else ""
            seen = seen if verdict == "undecided" else ""
            lines.append(f"{label}: {verdict}, not {required}: {reason}{seen}")
    return lines


def _split_rules(rules: Sequence[str]) -> tuple[dict[str, str], str | None]:
    """Verdicts by label, and the one for all other rows."""
    by_label: dict[str, str] = {}
    default = None
    for rule in rules:
        label, _, verdict = rule.rpartition("=")
        if label:
            by_label[label] = verdict
        else:
            default = verdict
    return by_label, default
