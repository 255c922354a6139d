"""Rows split by parameter: the scores that the worst parameter stands for, of each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.judge.rows import DECLARED
from reports.cells import Row

WHOLE = "one number for all parameters"


def by_parameter(rows: Sequence[Row], scores: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """One row a trial and parameter; a trial without scores keeps its one row.

    ``scores`` are the stored records, by trial. What is claimed and realised for all parameters
    together is left out with that reason; cost and status stand in every row.
    """
    found: list[Row] = []
    for row in rows:
        parameters = scores.get(row["trial"], {}).get("parameters") or {}
        found += [_of(row, name, given) for name, given in parameters.items()]
        if not parameters:
            found.append({**row, "parameter": None})
    return found


def _of(row: Row, parameter: str, given: Mapping[str, Sequence[float | None]]) -> Row:
    split: Row = {**row, "parameter": parameter, "missing": dict(row["missing"] or {})}
    for column in DECLARED:
        if column.group not in ("claimed", "realised"):
            continue
        known = column.name in given
        split.update(zip(_names(column.name), given.get(column.name, (None,) * 3), strict=True))
        if known and split[column.name] is not None:
            split["missing"].pop(column.name, None)
        elif not known and row[column.name] is not None:
            split["missing"][column.name] = WHOLE
    return {name: split[name] for name in split if name in row or name == "parameter"}


def _names(name: str) -> tuple[str, str, str]:
    return name, f"{name}_lo", f"{name}_hi"
