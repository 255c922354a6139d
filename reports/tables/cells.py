"""The text of one cell: a number rounded to what its interval supports, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from samplerbench.harness.records import labelled
from samplerbench.harness.scoring.columns import BY_NAME
from samplerbench.harness.scoring.verdict import COMPARABLE
from samplerbench.rounding import (
    all_rounded,
    is_number,
    number,
    rounded,
    with_half,
)

Row = dict[str, Any]

CONTROLS = ("exact_", "control_")  # samplers that know the answer: no rivals, no news
WITH_SPREAD = ("mean_error", "sd_ratio", "log_z_error")  # printed as number +- half interval
#: what says nothing on its own where the draws are not what they claim to be
SPEEDS = (
    "ess_per_s",
    "realised_ess_per_s",
    "realised_ess_per_gradient",
    "realised_ess_per_evaluation",
    "seconds_to_5pct",
)
MARKED = {f"{name}{end}" for name in SPEEDS for end in ("", "_lo", "_hi")}
NOT_COMPARABLE = "*"
MARK_SAYS = f"{NOT_COMPARABLE} not comparable: the row's verdict is neither honest nor overcautious"


@dataclass(frozen=True)
class Cell:
    """What stands in one cell; renderers put the parts together."""

    text: str
    spread: tuple[str, str] | None = None  # the ends of the 95 % interval
    half: str = ""  # half the interval, for the columns printed as number +- half
    marked: bool = False  # a speed that is not comparable
    why: str = ""  # why there is no number

    @property
    def plain(self) -> str:
        """Number, half interval and mark, for where there is no room for more."""
        spread = f"±{self.half}" if self.half else ""
        return f"{self.text}{spread}{NOT_COMPARABLE if self.marked else ''}"


def label(row: Row) -> str:
    """The sampler with its given settings."""
    return labelled(row["sampler"], row["settings"] or {})


def comparable(row: Row) -> bool:
    """Whether the row's speed may be held against another's: its draws are what they claim."""
    return row["status"] == "ok" and row["verdict"] in COMPARABLE


def value(row: Row, name: str) -> Any:
    """The value of any column, also of those that reports add to the rows."""
    return comparable(row) if name == "comparable" else row[name]


def cell(row: Row, name: str) -> Cell:
    """One cell; a number that is missing shows as a dash, or as its one-word reason."""
    if name == "sampler":
        return Cell(label(row))
    if name == "verdict" and row["status"] != "ok":
        return Cell(row["status"], why=row["reason"] or "")
    found = value(row, name)
    if found is None:
        why = (row["missing"] or {}).get(name, "")
        return Cell("never" if why.startswith("never") else "-", why=why)
    marked = name in MARKED and not comparable(row)
    if not is_number(found):
        return Cell(str(found))
    lo, hi = ends(row, name)
    if lo is None or hi is None:
        supports = _support(row, name, found)
        return Cell(rounded(found, *supports) if supports else number(found), marked=marked)
    if name in WITH_SPREAD:
        text, half = with_half(found, (hi - lo) / 2)
        return Cell(text, (number(lo), number(hi)), half, marked)
    text, least, most = all_rounded((found, lo, hi), lo, hi)
    spread = least, most
    # an interval narrower than what is printed says nothing
    return Cell(text, None if {*spread} == {text} else spread, "", marked)


def ends(row: Row, name: str) -> tuple[float | None, float | None]:
    """The 95 % interval of a column, (None, None) where it has none."""
    column = BY_NAME.get(name)
    if column is None or not column.interval:
        return None, None
    lo, hi = row[f"{name}_lo"], row[f"{name}_hi"]
    if lo is None or hi is None or not (math.isfinite(lo) and math.isfinite(hi)):
        return None, None
    return lo, hi


def reach(row: Row, name: str) -> tuple[float, float]:
    """How far the 95 % interval reaches below and above the number; NaN, no bar, without one."""
    lo, hi = ends(row, name)
    if lo is None or hi is None:
        return math.nan, math.nan
    return max(0.0, row[name] - lo), max(0.0, hi - row[name])


def _support(row: Row, name: str, found: float) -> tuple[float, float] | None:
    """The interval that a number without one of its own owes its digits to."""
    if name == "log_z" and row["log_z_err"]:
        return found - row["log_z_err"], found + row["log_z_err"]
    if name == "ess_per_s" and row["warm_s"]:
        lo, hi = ends(row, "warm_s")
        if lo is not None and hi is not None:
            half = found * (hi - lo) / 2 / row["warm_s"]
            return found - half, found + half
    return None
