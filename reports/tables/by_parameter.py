"""Rows split by parameter: the scores that the worst parameter stands for, of each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samplerbench.harness.scoring.columns import DECLARED
from samplerbench.reports.tables.cells import Row

#: column -> what it is, divided by a cost
PER_COST = {
    "ess_per_s": "ess",
    "realised_ess_per_s": "realised_ess",
    "realised_ess_per_gradient": "realised_ess",
    "realised_ess_per_evaluation": "realised_ess",
}
WHOLE = "one number for all parameters"


def by_parameter(rows: Sequence[Row], scores: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """One row a trial and parameter; a trial without scores keeps its one row.

    ``scores`` are the stored records, by trial. What is claimed and realised for all parameters
    together is left out with that reason; status, and what all cost together, stand in every row.
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
    _costs(split, row)
    return {name: split[name] for name in split if name in row or name == "parameter"}


def _costs(split: Row, row: Row) -> None:
    """An ESS over a cost, of this parameter's ESS and the same cost."""
    for name, of in PER_COST.items():
        if row[name] and row[of]:
            cost = row[of] / row[name]
            for one, over in zip(_names(of), _names(name), strict=True):
                if over in row:
                    split[over] = None if split[one] is None else split[one] / cost
            if split[name] is None:
                split["missing"][name] = split["missing"][of]


def _names(name: str) -> tuple[str, str, str]:
    return name, f"{name}_lo", f"{name}_hi"
