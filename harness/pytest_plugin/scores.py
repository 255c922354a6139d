"""Scores to assert on in a test, and the record that pytest-benchmark keeps of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from samplerbench.errors import unknown_name
from samplerbench.harness.records import format_label
from samplerbench.harness.statistics.intervals import mean_interval, median_interval
from samplerbench.rounding import format_column

SCHEMA = 1  # of the record in extra_info; raise it when a reader of the old one would be misled
REPR_COLUMNS = ("ess", "realised_ess", "calibration", "mean_error", "rhat", "warm_s")


class MissingScore(AttributeError):
    """Raised by a score that has no number; the text says why."""


class Scores(Mapping[str, Any]):
    """One row: every column of ``harness.scoring.columns.COLUMNS`` by attribute or by key.

    Where there is no number, ``scores.warm_s`` raises MissingScore with the reason; as in every
    row, ``scores["warm_s"]`` is None then, and ``scores.missing["warm_s"]`` says why.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = dict(row)

    def __getitem__(self, name: str) -> Any:
        if name not in self._row:
            raise KeyError(str(unknown_name("score", name, self._row)))
        return self._row[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def __len__(self) -> int:
        return len(self._row)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True  # a test's report then ends at the test's own line
        if name.startswith("_"):  # what copy and pickle ask for before there is a row
            raise AttributeError(name)
        if name not in self._row:
            raise AttributeError(str(unknown_name("score", name, self._row)))
        why = (self._row["missing"] or {}).get(name)
        if self._row[name] is None and why:
            raise MissingScore(f"there is no {name}: {why}")
        return self._row[name]

    def __repr__(self) -> str:
        row = self._row
        who = f"{format_label(row['sampler'], row['settings'])} on {row['model']}"
        numbers = [
            f"{name} {format_column(row, name)}" for name in REPR_COLUMNS if row[name] is not None
        ]
        lines = [f"<{who}: {row['verdict']} ({row['verdict_reason']})", ", ".join(numbers)]
        lines += [f"warning: {text}" for text in row["warnings"]]
        return "\n  ".join(lines) + ">"


def make_record(row: Mapping[str, Any], timed: str) -> dict[str, Any]:
    """The record for ``extra_info``: columns that have a value, and which one the rounds time."""
    values = {name: value for name, value in row.items() if value is not None}
    return {"samplerbench": SCHEMA, "timed": timed, **values}


def estimate_median_interval(seconds: Sequence[float]) -> tuple[float | None, float | None, str]:
    """The 95 % interval of the median of ``seconds``; or None, None and why there is none.

    From 6 values on order statistics (binomial); with 2 to 5 Student's t on logarithms, which
    takes the noise for log-normal.
    """
    if len(seconds) < 2:
        return None, None, "timed once"
    median = median_interval(np.asarray(seconds))
    if median.lo is not None:
        return median.lo, median.hi, ""
    if min(seconds) <= 0:
        return None, None, "the timer is too coarse: 0 s"
    logs = mean_interval(np.log(seconds))
    if logs.lo is None or logs.hi is None:
        return None, None, logs.reason
    return math.exp(logs.lo), math.exp(logs.hi), ""
