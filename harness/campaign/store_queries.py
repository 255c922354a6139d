"""Finished trials with their results and scores, read from a campaign's database in one pass."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import orjson

from samplerbench.harness.records import (
    Result,
    Trial,
    read_trial,
    result_from_record,
)

#: the first finished trials in the order of the plan
FIRST = """
    SELECT id, record, position FROM trials
    WHERE id IN (SELECT trial FROM results) ORDER BY position LIMIT ?
"""
#: those of them without scores
UNSCORED_ROWS = f"""
SELECT t.id, t.record FROM ({FIRST}) t LEFT JOIN scores s ON s.trial = t.id AND s.version = ?
WHERE s.trial IS NULL ORDER BY t.position
"""
#: trial, result and scores of a row. A record with a NaN or an infinity, which SQLite takes for no
#: JSON or would change, comes whole. Machines, versions and reasons repeat: they come as texts of
#: their own, so that each is parsed once
FINISHED_ROWS = f"""
SELECT t.id, t.record,
    CASE WHEN json_valid(r.record) THEN json_extract(r.record, '$.machine') END,
    CASE WHEN json_valid(r.record) THEN json_extract(r.record, '$.versions') END,
    CASE WHEN json_valid(r.record)
        THEN json_remove(r.record, '$.runs', '$.machine', '$.versions') ELSE r.record END,
    CASE WHEN json_valid(s.record) THEN json_extract(s.record, '$.columns') ELSE s.record END,
    CASE WHEN json_valid(s.record) THEN json_extract(s.record, '$.missing') END
FROM ({FIRST}) t
JOIN results r ON r.trial = t.id LEFT JOIN scores s ON s.trial = t.id AND s.version = ?
ORDER BY t.position
"""


def read_finished(
    db: sqlite3.Connection, version: int, first: int | None = None
) -> Iterator[tuple[Trial, Result, dict[str, Any] | None]]:
    """Trial, result and stored scores of the ``first`` finished trials in the plan's order.

    What rows do not show is left out: each run's seconds, and the scores of each parameter.
    """
    values: dict[str, Any] = {}
    rows = db.execute(FINISHED_ROWS, (-1 if first is None else first, version))
    for name, record, machine, versions, result_text, columns, missing in rows:
        result = result_from_record(_parse(result_text))
        if machine is not None:
            result.machine = _parse_once(values, machine)
            result.versions = _parse_once(values, versions)
        scores = _parse(columns) if columns else None
        if missing is not None and scores is not None:
            scores = {"columns": scores, "missing": _parse_once(values, missing)}
        yield parse_trial(name, record), result, scores


def read_unscored(db: sqlite3.Connection, version: int, first: int | None = None) -> list[Trial]:
    """Those of the ``first`` finished trials that ``version`` of the scoring has not scored."""
    rows = db.execute(UNSCORED_ROWS, (-1 if first is None else first, version))
    return [parse_trial(name, record) for name, record in rows]


def parse_trial(name: str, record: str) -> Trial:
    """A stored trial; its name, a digest of all fields, is known and need not be made again."""
    trial = read_trial(_parse(record))
    trial.__dict__["id"] = name
    return trial


def _parse_once(values: dict[str, Any], text: str) -> Any:
    """The value of a JSON text, one object for all that share it."""
    if text not in values:
        values[text] = _parse(text)
    return values[text]


def _parse(text: str) -> Any:
    """The value of a JSON text, five times as fast where all its numbers are finite."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # JSON proper knows no NaN and no infinity; the records do
        return json.loads(text)
