"""Cells from rows: a number rounded to what its interval supports, or why there is none."""

from __future__ import annotations

import math
import os
from typing import Any

from samplerbench.harness.campaign.sweep import leave_out_settings
from samplerbench.harness.records import format_label
from samplerbench.harness.scoring.columns import BY_NAME
from samplerbench.harness.scoring.verdict_words import COMPARABLE, UNUSABLE
from samplerbench.reports.tables.table import NOT_COMPARABLE, Cell
from samplerbench.rounding import (
    choose_scale,
    format_all_rounded,
    format_number,
    format_rounded,
    format_with_half_width,
    is_number,
)
from samplerbench.samplers.base import samplers
from samplerbench.user_files import split_file

Row = dict[str, Any]

WITH_SPREAD = ("mean_error", "sd_ratio", "log_z_error")  # printed as number +- half interval
#: what says nothing on its own where the draws are not what they claim to be
SPEEDS = (
    "ess_per_s",
    "realised_ess_per_s",
    "realised_ess_per_gradient",
    "realised_ess_per_evaluation",
    "seconds_to_5pct",
)
SPEEDS_AND_ENDS = {f"{name}{end}" for name in SPEEDS for end in ("", "_lo", "_hi")}
MARK_MEANING = (
    f"{NOT_COMPARABLE} not comparable: the row's verdict is neither honest nor overcautious"
)


def label(row: Row) -> str:
    """The sampler with those of its settings that differ from the defaults."""
    return format_label(row["sampler"], row["settings"] or {})


def unswept_model(row: Row) -> str:
    """The model with those of its options that are no swept axis, which the row names by itself."""
    name = str(row["model"])
    if not row["swept"] or split_file(name)[0]:
        return name
    bare, _, options = name.partition(":")
    swept = str(row["swept"]).split(",")
    kept = ",".join(option for option in options.split(",") if option not in swept)
    return f"{bare}:{kept}" if kept else bare


def swept_place(row: Row) -> str:
    """Where on the swept axes the row's problem lies: settings of its sampler are in its label."""
    swept = row["swept"] or ""
    return swept and leave_out_settings(swept, unswept_model(row).partition(":")[0])


def show_place(row: Row, axis: str) -> Any:
    """The row's value on an axis as tables show it: what is swept stands in a column alone."""
    special = {"model": unswept_model, "swept": swept_place}
    return special[axis](row) if axis in special else row[axis]


def is_comparable(row: Row) -> bool:
    """Whether the row's speed may be compared with another's: its draws are what they claim."""
    return row["status"] == "ok" and row["verdict"] in COMPARABLE


def is_control(sampler: str) -> bool:
    """Whether ``sampler`` is registered as one that knows the answer: no rival, no news."""
    return sampler in samplers.names() and samplers.get(sampler).control


def anonymise(row: Row) -> Row:
    """The row without the machine's name and, in its texts, the path of the home folder."""
    texts = {
        "reason": hide_home(row["reason"] or ""),
        "warnings": [*map(hide_home, row["warnings"] or ())],
        "missing": {name: hide_home(text) for name, text in (row["missing"] or {}).items()},
    }
    machine = {k: v for k, v in (row["machine"] or {}).items() if k != "host"}
    return {**row, **texts, "machine": machine}


def hide_home(text: str) -> str:
    """``text`` without the path of the home folder."""
    return text.replace(f"{os.path.expanduser('~')}{os.sep}", "~/")


def get_value(row: Row, name: str) -> Any:
    """The value of any column, also of those that reports add to the rows."""
    return is_comparable(row) if name == "comparable" else row[name]


def make_cell(row: Row, name: str) -> Cell:
    """One cell; a number that is missing shows as a dash, or as its one-word reason."""
    if name == "sampler":
        return _sampler_cell(row)
    if name == "verdict":
        return _verdict_cell(row)
    if name in ("model", "swept"):
        text = show_place(row, name)
        return Cell(text, key=text)
    value = get_value(row, name)
    if value is None:
        reason = (row["missing"] or {}).get(name, "")
        text = "never" if name == "seconds_to_5pct" and is_never_accurate(row) else "-"
        return Cell(text, reason=reason, kind="missing")
    if not is_number(value):
        return Cell(str(value), key=str(value))
    return _number_cell(row, name, value)


def is_never_accurate(row: Row) -> bool:
    """Whether no number of draws brings the means to 5 % of their sd."""
    return row["status"] == "ok" and row["verdict"] in UNUSABLE


def _sampler_cell(row: Row) -> Cell:
    name = label(row)
    if is_control(row["sampler"]):
        return Cell(f"{name}\n(reference)", key=name, kind="reference")
    return Cell(name, key=name)


def _verdict_cell(row: Row) -> Cell:
    if row["status"] != "ok":
        return Cell(
            row["status"], reason=row["reason"] or "", key=row["status"], kind=row["status"]
        )
    verdict = row["verdict"]
    if verdict is None:
        return Cell("-", reason=(row["missing"] or {}).get("verdict", ""), key="-", kind="ok")
    return Cell(verdict, key=verdict, kind=verdict)


def _number_cell(row: Row, name: str, value: float) -> Cell:
    key = repr(float(value))
    marked = name in SPEEDS_AND_ENDS and not is_comparable(row)
    lo, hi = interval_ends(row, name)
    factor, unit = choose_scale(value, BY_NAME[name].unit if name in BY_NAME else "")
    if lo is None or hi is None:
        support = _borrowed_interval(row, name, value)
        scaled = value if factor == 1 else factor * value  # a count stays whole
        text = format_rounded(value, *support) if support else format_number(scaled)
        return Cell(text, marked=marked, key=key, unit=unit)
    if name in WITH_SPREAD:
        text, half = format_with_half_width(value, (hi - lo) / 2)
        return Cell(text, (format_number(lo), format_number(hi)), half, marked=marked, key=key)
    ends = [factor * each for each in (value, lo, hi)]
    text, least, most = format_all_rounded(ends, *ends[1:])
    spread = least, most
    # an interval narrower than what is printed says nothing
    return Cell(text, None if {*spread} == {text} else spread, "", unit, marked, key=key)


def interval_ends(row: Row, name: str) -> tuple[float | None, float | None]:
    """The 95 % interval of a column, (None, None) where it has none."""
    column = BY_NAME.get(name)
    if column is None or not column.interval:
        return None, None
    lo, hi = row[f"{name}_lo"], row[f"{name}_hi"]
    if lo is None or hi is None or not (math.isfinite(lo) and math.isfinite(hi)):
        return None, None
    return lo, hi


def interval_reach(row: Row, name: str) -> tuple[float, float]:
    """How far the 95 % interval reaches below and above the number; NaN, no bar, without one."""
    lo, hi = interval_ends(row, name)
    if lo is None or hi is None:
        return math.nan, math.nan
    return max(0.0, row[name] - lo), max(0.0, hi - row[name])


def _borrowed_interval(row: Row, name: str, value: float) -> tuple[float, float] | None:
    """The interval that decides the digits of a number without one of its own."""
    if name == "log_z" and row["log_z_err"]:
        return value - row["log_z_err"], value + row["log_z_err"]
    return None
