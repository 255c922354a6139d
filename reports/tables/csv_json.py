"""Rows for other programs: CSV and JSON, every column, numbers in full, one row at a time."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.reports.tables.cells import Row, get_value

CHUNK = 2000  # lines that are handed on together
#: columns whose cells are no single values
RECORDS = {"settings", "warnings", "missing", "versions", "machine", "block_seconds"}
NUMBERS = {c.name for c in COLUMNS if c.is_number and not c.is_text}


def as_csv(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """A heading and one line a row; records inside a cell are JSON, a missing number is empty."""
    lines, writers = [_as_line(names)], _segments(names)
    for row in rows:
        lines.append(",".join([write(row) for write in writers]))
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
    return [(_numbers if is_numeric else _cells)(list(run)) for is_numeric, run in runs]


def _numbers(names: Sequence[str]) -> Callable[[Row], str]:
    def write(row: Row) -> str:
        values = [*map(row.get, names)]
        text = orjson.dumps(values).decode()
        if text.count("null") != values.count(None):  # an infinity, which JSON does not know
            return _as_line(values)
        return text[1:-1].replace("null", "")

    return write


def _cells(names: Sequence[str]) -> Callable[[Row], str]:
    repeated = {name: _Repeated() for name in names if name in RECORDS}

    def write(row: Row) -> str:
        values = ((name, get_value(row, name)) for name in names)
        return _as_line([repeated[n](value) if n in repeated else value for n, value in values])

    return write


class _Lines:
    """A file for ``csv.writer`` that gives back what is written, a line at a time."""

    def write(self, text: str) -> str:
        return text


_as_line: Callable[[Iterable[Any]], str] = csv.writer(_Lines(), lineterminator="").writerow


class _Repeated:
    """JSON of values of which most are the one before again, as machines and versions are."""

    def __init__(self) -> None:
        self.value, self.text = None, "null"

    def __call__(self, value: Any) -> str:
        if value is not self.value:
            self.value, self.text = value, _json(value)
        return self.text


def as_json(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """A list of objects, one a line; a missing number is null with its reason in `missing`."""
    start = "[\n"
    for row in rows:
        values = {name: row[name] if name in row else get_value(row, name) for name in names}
        text = orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS)
        is_whole = text.count(b"null") == [*values.values()].count(None)  # else maybe an infinity
        yield start + (text.decode() if is_whole else _json(values))
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"


def _json(value: Any) -> str:
    return orjson.dumps(_spell_infinities(value), option=orjson.OPT_NON_STR_KEYS).decode()


def _spell_infinities(value: Any) -> Any:
    """JSON knows no infinity: it travels as a word."""
    kind = value.__class__
    if kind is float:
        return value if math.isfinite(value) else str(value)
    if kind is dict:
        return {key: _spell_infinities(each) for key, each in value.items()}
    if kind is list or kind is tuple:
        return [_spell_infinities(each) for each in value]
    return value


def as_indented_json(records: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> str:
    """Few records, nested, for reading too; a number that is not finite is null."""
    return json.dumps(_drop_infinities(records), indent=1, allow_nan=False) + "\n"


def _drop_infinities(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _drop_infinities(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_drop_infinities(each) for each in value]
    return value
