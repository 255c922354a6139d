"""Rows for other programs: CSV and JSON, every column, numbers in full, one row at a time."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.reports.tables.cells import Row, value

CHUNK = 2000  # lines that are handed on together
RECORDS = {"settings", "warnings", "missing", "versions", "machine"}  # no single values
TEXTS = {"termination"}  # among the numbers
NUMBERS = {c.name for c in COLUMNS if c.group in ("claimed", "realised", "cost")} - TEXTS


def as_csv(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """A heading and one line a row; records inside a cell are JSON, a missing number is empty."""
    lines, makers = [_as_line(names)], _segments(names)
    for row in rows:
        lines.append(",".join([make(row) for make in makers]))
        if len(lines) == CHUNK:
            yield "\n".join([*lines, ""])
            lines.clear()
    yield "\n".join([*lines, ""])


def _segments(names: Sequence[str]) -> list[Callable[[Row], str]]:
    """What makes the text of each run of neighbouring columns: all numbers, or anything.

    Runs of numbers, most of a line, are written by orjson: Python's own text of a float takes ten
    times as long, and made half of the time of a large table.
    """
    runs = itertools.groupby(names, key=NUMBERS.__contains__)
    return [(_numbers if of_numbers else _cells)(list(run)) for of_numbers, run in runs]


def _numbers(names: Sequence[str]) -> Callable[[Row], str]:
    def make(row: Row) -> str:
        found = [*map(row.get, names)]
        text = orjson.dumps(found).decode()
        if text.count("null") != found.count(None):  # an infinity, which JSON does not know
            return _as_line(found)
        return text[1:-1].replace("null", "")

    return make


def _cells(names: Sequence[str]) -> Callable[[Row], str]:
    repeated = {name: _Repeated() for name in names if name in RECORDS}

    def make(row: Row) -> str:
        found = (value(row, name) for name in names)
        return _as_line(
            [
                repeated[name](cell) if name in repeated else cell
                for name, cell in zip(names, found, strict=True)
            ]
        )

    return make


class _Lines:
    """A file for ``csv.writer`` that gives back what is written, a line at a time."""

    def write(self, text: str) -> str:
        return text


_as_line = csv.writer(_Lines(), lineterminator="").writerow


class _Repeated:
    """JSON of values of which most are the one before again, as machines and versions are."""

    def __init__(self) -> None:
        self.last, self.text = None, "null"

    def __call__(self, found: Any) -> str:
        if found is not self.last:
            self.last, self.text = found, _json(found)
        return self.text


def as_json(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """A list of objects, one a line; a missing number is null with its reason in `missing`."""
    mark = "[\n"
    for row in rows:
        picked = {name: row[name] if name in row else value(row, name) for name in names}
        text = orjson.dumps(picked, option=orjson.OPT_NON_STR_KEYS)
        whole = text.count(b"null") == [*picked.values()].count(None)  # else perhaps an infinity
        yield mark + (text.decode() if whole else _json(picked))
        mark = ",\n"
    yield "[]\n" if mark == "[\n" else "\n]\n"


def _json(found: Any) -> str:
    return orjson.dumps(_finite(found), option=orjson.OPT_NON_STR_KEYS).decode()


def _finite(found: Any) -> Any:
    """JSON knows no infinity: it travels as a word."""
    kind = found.__class__
    if kind is float:
        return found if math.isfinite(found) else str(found)
    if kind is dict:
        return {key: _finite(each) for key, each in found.items()}
    if kind is list or kind is tuple:
        return [_finite(each) for each in found]
    return found
