"""The gate for continuous integration: which rows are not what they must be.

An honest sampler passes ``--gate honest`` once replicates are enough to show it, some 256; how
often is measured by ``tests/benchmarks/judge.py``. ``--gate agrees`` passes a sampler whose answer
is only another sampler's word, too; ``--gate undecided`` also what is not shown, as long as no flaw
is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from samplerbench.errors import unknown_name
from samplerbench.harness.records import RUN_FIELDS, format_label

#: a rule that several verdicts satisfy
ALTERNATIVES = {"agrees": ("agrees", "honest"), "undecided": ("undecided", "agrees", "honest")}
OK = "ok"  # the status that rows must have which no rule is for
#: what rows of one sampler may differ in on one model and environment
BUDGETS = (*RUN_FIELDS, "calibrate")


@dataclass(frozen=True)
class Case:
    """What a gate says of one row."""

    name: str  # the sampler with its settings
    place: str  # where it ran: model and environment
    failure: str = ""  # why it does not pass
    note: str = ""  # what there was, and what the replicates would have shown


def list_lines(cases: Sequence[Case]) -> list[str]:
    """A line for each of ``cases`` that fails; with its place where several have its name."""
    names = [case.name for case in cases]
    return [
        f"{case.name}{f' ({case.place})' * (names.count(case.name) > 1)}: {case.failure}"
        for case in cases
        if case.failure
    ]


def refuse_unknown_rows(rules: Sequence[str], labels: Collection[str]) -> None:
    """Raise UsageError for a rule of a row that there will not be, before anything runs."""
    for label in _split_rules(rules)[0]:
        if label not in labels:
            raise unknown_name("row to gate", label, labels)


def check_rows(rows: Sequence[Mapping[str, Any]], rules: Sequence[str]) -> list[Case]:
    """A case for each row, and for each sampler that a rule names and no row has.

    A rule is ``sampler=verdict`` for the rows of that label, or a verdict for all other rows. Rows
    that no rule is for must have ended ok, since the command exits with 1 for others.
    """
    by_label, default = _split_rules(rules)
    labels = {name_row(row) for row in rows}
    missing = [Case(name, "", "there is no such row") for name in by_label.keys() - labels]
    places = place_rows(rows)
    return [
        *missing,
        *(
            _check(row, place, by_label.get(name_row(row), default or (OK if rules else None)))
            for row, place in zip(rows, places, strict=True)
        ),
    ]


def name_row(row: Mapping[str, Any]) -> str:
    """The sampler of a row with its settings."""
    return format_label(row["sampler"], row["settings"] or {})


def place_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where each of ``rows`` ran: ``linear on pinned``, and what tells it from its like."""
    bare = [f"{row['model']} on {row['environment']}" for row in rows]
    names = [(name_row(row), place) for row, place in zip(rows, bare, strict=True)]
    differences = describe_differences(rows, names)
    return [", ".join(filter(None, parts)) for parts in zip(bare, differences, strict=True)]


def describe_differences(
    rows: Sequence[Mapping[str, Any]], names: Sequence[tuple[str, ...]]
) -> list[str]:
    """What tells each of ``rows`` from others of its name: ``draws 100``; "" for nothing."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row, name in zip(rows, names, strict=True):
        groups.setdefault(name, []).append(row)
    differing = {
        name: [column for column in BUDGETS if len({row.get(column) for row in group}) > 1]
        for name, group in groups.items()
    }
    return [
        ", ".join(f"{column} {row[column] or 'none'}" for column in differing[name])
        for row, name in zip(rows, names, strict=True)
    ]


def _check(row: Mapping[str, Any], place: str, required: str | None) -> Case:
    verdict = row["verdict"] or row["status"]
    reason = row["verdict_reason"] or row["reason"]
    seen = f"would have shown (95 %): {row['power']}" if row.get("power") else ""
    case = Case(name_row(row), place)
    if required == OK and row["status"] != OK:
        return replace(case, failure=f"{verdict}: {reason}")
    if required in (None, OK) or row["verdict"] in ALTERNATIVES.get(required, (required,)):
        return replace(case, note="; ".join(filter(None, [f"{verdict}: {reason}", seen])))
    more = f"; {seen}" if seen and verdict == "undecided" else ""
    return replace(case, failure=f"{verdict}, not {required}: {reason}{more}")


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
