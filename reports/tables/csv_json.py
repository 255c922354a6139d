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
from samplerbench.text import spell_out_halves

CHUNK = 2000  # lines that are handed on together
SCHEMA = 1  # of the JSON; it counts up where what stood there means something else, or is gone
#: columns whose cells are no single values
RECORDS = {"settings", "warnings", "missing", "versions", "machine", "block_seconds"}
NUMBERS = {c.name for c in COLUMNS if c.is_number and not c.is_text}


def as_csv(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """A heading and one line a row; a missing number is empty.

    What is no single value has a column for each of its parts, as ``versions.jax``, for which
    ``rows`` are gone through once before.
    """
    parts = _list_parts(rows, [name for name in names if name in RECORDS])
    headings = [part for name in names for part in parts.get(name, [name])]
    lines, writers = [_as_line(headings)], _segments(names, parts)
    for row in rows:
        lines.append(",".join([write(row) for write in writers]))
        if len(lines) == CHUNK:
            yield "\n".join([*lines, ""])
            lines.clear()
    yield "\n".join([*lines, ""])


def flatten(name: str, value: Any) -> dict[str, Any]:
    """The single values of a record: ``machine.cores``, ``block_seconds.cold_s.1``.

    A list of words is one text.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        parts = [flatten(f"{name}.{key}", each) for key, each in value.items()]
    elif isinstance(value, (list, tuple)) and not all(isinstance(each, str) for each in value):
        parts = [flatten(f"{name}.{at}", each) for at, each in enumerate(value, 1)]
    else:
        return {name: "; ".join(value) if isinstance(value, (list, tuple)) else value}
    return {key: each for part in parts for key, each in part.items()}


def _list_parts(rows: Iterable[Row], names: Sequence[str]) -> dict[str, list[str]]:
    """The columns of each record, in the order in which rows have them; itself without any."""
    parts: dict[str, dict[str, Any]] = {name: {} for name in names}
    before: dict[str, Any] = {}
    for row in rows if names else ():
        for name in names:
            if row[name] is not before.get(name):  # most are the one before again
                before[name] = row[name]
                parts[name].update(flatten(name, row[name]))
    return {name: [*found] or [name] for name, found in parts.items()}


def _segments(
    names: Sequence[str], parts: Mapping[str, Sequence[str]]
) -> list[Callable[[Row], str]]:
    """What makes the text of each run of neighbouring columns: numbers, a record, or anything.

    Runs of numbers, most of a line, are written by orjson: Python's own text of a float takes ten
    times as long, and made half of the time of a large table.
    """

    def choose_writer(name: str) -> Any:
        return name if name in parts else _numbers if name in NUMBERS else _cells

    return [
        _RecordCells(writer, parts[writer]) if writer in parts else writer(list(run))
        for writer, run in itertools.groupby(names, key=choose_writer)
    ]


def _numbers(names: Sequence[str]) -> Callable[[Row], str]:
    def write(row: Row) -> str:
        values = [*map(row.get, names)]
        text = orjson.dumps(values).decode()
        if text.count("null") != values.count(None):  # an infinity, which JSON does not know
            return _as_line(values)
        return text[1:-1].replace("null", "")

    return write


def _cells(names: Sequence[str]) -> Callable[[Row], str]:
    return lambda row: _as_line([get_value(row, name) for name in names])


class _Lines:
    """A file for ``csv.writer`` that gives back what is written, a line at a time."""

    def write(self, text: str) -> str:
        return text


_write_line: Callable[[Iterable[Any]], str] = csv.writer(_Lines(), lineterminator="").writerow


def _as_line(values: Iterable[Any]) -> str:
    """A line of CSV; what is no character stands in it as its code."""
    return _write_line(map(_spell_text, values))


class _RecordCells:
    """Cells of a record, of which most are the one before again, as machines and versions are."""

    def __init__(self, name: str, parts: Sequence[str]) -> None:
        self.name, self.parts = name, parts
        self.value, self.text = None, _as_line([None] * len(parts))

    def __call__(self, row: Row) -> str:
        if row[self.name] is not self.value:
            self.value = row[self.name]
            cells = flatten(self.name, self.value)
            self.text = _as_line([cells.get(part) for part in self.parts])
        return self.text


def as_json(
    rows: Iterable[Row], names: Sequence[str], campaign: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """An object with the number of its schema, the campaign, and its rows, one a line.

    ``report.schema.json`` beside this file says what each holds.
    """
    yield f'{{"schema": {SCHEMA}, "campaign": {_json(campaign)}, "rows": '
    yield from _list_rows(rows, names)
    yield "}\n"


def as_json_rows(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """The rows alone, as ``as_json`` gave them before it had a schema."""
    yield from _list_rows(rows, names)
    yield "\n"


def _list_rows(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    """A list of objects, one a line; a missing number is null with its reason in `missing`."""
    start = "[\n"
    for row in rows:
        values = {name: row[name] if name in row else get_value(row, name) for name in names}
        text = _dump(values)
        is_whole = text.count("null") == [*values.values()].count(None)  # else maybe an infinity
        yield start + (text if is_whole else _json(values))
        start = ",\n"
    yield "[]" if start == "[\n" else "\n]"


def _json(value: Any) -> str:
    return _dump(_map_leaves(_spell_infinity, value))


def _dump(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a number above 64 bits; half a character, as of a name that is no UTF-8
        plain = _map_leaves(_drop_infinity, _map_leaves(_spell_text, value))
        return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def as_indented_json(records: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> str:
    """Few records, nested, for reading too; a number that is not finite is null."""
    return json.dumps(_map_leaves(_drop_infinity, records), indent=1, allow_nan=False) + "\n"


def _map_leaves(change: Callable[[Any], Any], value: Any) -> Any:
    """The value with every text, number and None in it as ``change`` makes it; keys' texts too."""
    if isinstance(value, Mapping):
        names = ((change(k) if isinstance(k, str) else k, each) for k, each in value.items())
        return {name: _map_leaves(change, each) for name, each in names}
    if isinstance(value, (list, tuple)):
        return [_map_leaves(change, each) for each in value]
    return change(value)


def _spell_text(leaf: Any) -> Any:
    """What is no character, by its code."""
    return spell_out_halves(leaf) if isinstance(leaf, str) else leaf


def _spell_infinity(leaf: Any) -> Any:
    """JSON knows no infinity: it travels as a word."""
    return str(leaf) if isinstance(leaf, float) and not math.isfinite(leaf) else leaf


def _drop_infinity(leaf: Any) -> Any:
    return None if isinstance(leaf, float) and not math.isfinite(leaf) else leaf
