"""Rows split by parameter: the scores that the worst parameter stands for, of each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samplerbench.harness.scoring.columns import MAIN_COLUMNS
from samplerbench.harness.scoring.process_seconds import divide
from samplerbench.reports.tables.cells import Row

#: column -> the effective sample size that it divides by seconds, or by another cost
PER_SECOND = {"ess_per_s": "ess", "realised_ess_per_s": "realised_ess"}
PER_COST = {
    "realised_ess_per_gradient": "realised_ess",
    "realised_ess_per_gradient_tuning_free": "realised_ess",
    "realised_ess_per_evaluation": "realised_ess",
}
NO_NUMBER = "this parameter's draws give no number"
ALL_TOGETHER = "one number for all parameters"


def split_by_parameter(rows: Sequence[Row], scores: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """One row a trial and parameter; a trial without scores keeps its one row.

    ``scores`` are the stored records, by trial. What is claimed and realised for all parameters
    together is left out with that reason; status, and what all cost together, stand in every row.
    """
    split: list[Row] = []
    for row in rows:
        record = scores.get(row["trial"], {})
        parameters = record.get("parameters") or {}
        lacking = record.get("missing_by_parameter") or {}
        split += [
            _parameter_row(row, name, values, lacking.get(name, {}))
            for name, values in parameters.items()
        ]
        if not parameters:
            split.append({**row, "parameter": None})
    return split


def _parameter_row(
    row: Row,
    parameter: str,
    values: Mapping[str, Sequence[float | None]],
    reasons: Mapping[str, str],
) -> Row:
    split: Row = {**row, "parameter": parameter, "missing": dict(row["missing"] or {})}
    for column in MAIN_COLUMNS:
        if column.group not in ("claimed", "realised"):
            continue
        is_known = column.name in values
        ends = values.get(column.name, (None,) * 3)
        split.update(zip(_with_ends(column.name), ends, strict=True))
        if is_known and split[column.name] is not None:
            split["missing"].pop(column.name, None)
        elif is_known:
            split["missing"][column.name] = reasons.get(column.name) or NO_NUMBER
        elif row[column.name] is not None:
            split["missing"][column.name] = ALL_TOGETHER
    _divide_by_costs(split, row)
    return {name: split[name] for name in split if name in row or name == "parameter"}


def _divide_by_costs(split: Row, row: Row) -> None:
    """An ESS over a cost, of this parameter's ESS and the same cost."""
    for name, ess in PER_SECOND.items():
        if row[name] and row["warm_s"]:
            number, seconds = ([split[end] for end in _with_ends(n)] for n in (ess, "warm_s"))
            known = split[ess] is not None
            ends = divide(tuple(number), tuple(seconds)) if known else (None,) * 3
            split.update(zip(_with_ends(name), ends, strict=True))
            if not known:
                split["missing"][name] = split["missing"][ess]
    for name, ess in PER_COST.items():
        if row[name] and row[ess]:
            cost = row[ess] / row[name]
            for part, quotient in zip(_with_ends(ess), _with_ends(name), strict=True):
                if quotient in row:
                    split[quotient] = None if split[part] is None else split[part] / cost
            if split[name] is None:
                split["missing"][name] = split["missing"][ess]


def _with_ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_lo", f"{name}_hi"
