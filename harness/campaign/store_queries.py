"""Finished trials with their results and scores, read from a campaign's database in one pass."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from samplerbench.harness.campaign import stored_records
from samplerbench.harness.records import Result, Trial, result_from_record

Note = Callable[[str, ValueError], None]  # is told a trial's name, and what is wrong with a record

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
    db: sqlite3.Connection, version: int, note: Note, first: int | None = None
) -> Iterator[tuple[Trial, Result, dict[str, Any] | None]]:
    """Trial, result and stored scores of the ``first`` finished trials in the plan's order.

    What rows do not show is left out: each run's seconds, and the scores of each parameter. So are
    rows with a damaged record, which ``note`` is told of; for damaged scores there are none.
    """
    values: dict[str, Any] = {}
    rows = db.execute(FINISHED_ROWS, (-1 if first is None else first, version))
    for name, record, machine, versions, result_text, columns, missing in rows:
        shared = {"machine": machine, "versions": versions}
        try:
            trial = stored_records.parse_trial(name, record)
            result = _parse_result(values, result_text, shared)
        except ValueError as error:
            note(name, error)
            continue
        yield trial, result, _parse_scores(values, columns, missing)


def _parse_result(values: dict[str, Any], text: str, shared: dict[str, str | None]) -> Result:
    """The result, with what many share parsed once."""
    fields = stored_records.parse(text)
    if isinstance(fields, dict):
        known = {key: each for key, each in shared.items() if each is not None}
        fields.update({key: _parse_once(values, each) for key, each in known.items()})
    return result_from_record(fields)


def _parse_scores(
    values: dict[str, Any], columns: str | None, missing: str | None
) -> dict[str, Any] | None:
    """The scores that a row shows; None where there are none, or no such."""
    if columns is None:
        return None
    try:
        if missing is None:  # a whole record, which SQLite did not take apart
            return stored_records.parse_scores(columns)
        reasons = _parse_once(values, missing)
        return stored_records.check_scores(
            {"columns": stored_records.parse(columns), "missing": reasons}
        )
    except ValueError:
        return None  # they are made anew


def read_unscored(
    db: sqlite3.Connection, version: int, note: Note, first: int | None = None
) -> list[Trial]:
    """Those of the ``first`` finished trials that ``version`` of the scoring has not scored."""
    rows = db.execute(UNSCORED_ROWS, (-1 if first is None else first, version))
    return list(read_trials(rows, note))


def read_trials(rows: Iterable[tuple[str, str]], note: Note) -> Iterator[Trial]:
    """The trials in ``rows``, each a name and a record; ``note`` is told of damaged ones."""
    for name, record in rows:
        try:
            yield stored_records.parse_trial(name, record)
        except ValueError as error:
            note(name, error)


def _parse_once(values: dict[str, Any], text: str) -> Any:
    """The value of a JSON text, one object for all that share it."""
    if text not in values:
        values[text] = stored_records.parse(text)
    return values[text]
