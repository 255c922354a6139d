"""The gate for continuous integration: which rows are not what they must be.

An honest sampler fails ``--gate honest`` as often as the judge errs: below 1 % of campaigns at 64
replicates, measured by ``tests/benchmarks/judge.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samplerbench.harness.records import labelled


def failing(rows: Sequence[Mapping[str, Any]], rules: Sequence[str]) -> list[str]:
    """A line for each row that fails: what it is, why, and what was asked.

    A rule is a verdict that every row must have, or ``sampler=verdict`` for the rows of that
    label; where several apply, the last one does. A sampler that no row has fails too.
    """
    wanted, everyone = _split(rules)
    lines = []
    labels = {labelled(row["sampler"], row["settings"] or {}) for row in rows}
    for label in wanted.keys() - labels:
        lines.append(f"{label}: there is no such row")
    for row in rows:
        label = labelled(row["sampler"], row["settings"] or {})
        must = wanted.get(label, everyone)
        if must and row["verdict"] != must:
            found = row["verdict"] or row["status"]
            lines.append(f"{label}: {found}, not {must}: {row['verdict_reason'] or row['reason']}")
    return lines


def _split(rules: Sequence[str]) -> tuple[dict[str, str], str | None]:
    named, everyone = {}, None
    for rule in rules:
        label, _, word = rule.rpartition("=")
        if label:
            named[label] = word
        else:
            everyone = word
    return named, everyone
