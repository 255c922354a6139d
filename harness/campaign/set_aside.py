"""Damaged records of a campaign: kept in a file beside the database, and taken out of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from samplerbench.harness.campaign import stored_records
from samplerbench.harness.campaign.database import write
from samplerbench.text import tell

FILE = "damaged.jsonl"  # one record a line, with its table, trial, and what is wrong with it
#: table -> its key, what checks a record, and the tables that hold what follows from it
TABLES: dict[str, tuple[str, Callable[[str, str], object], tuple[str, ...]]] = {
    "trials": ("id", stored_records.check_trial, ("trials",)),
    "results": ("trial", lambda _, text: stored_records.parse_result(text), ("results", "scores")),
}


def set_aside(database: sqlite3.Connection, folder: Path) -> None:
    """Move damaged trials and results to a file, and say so; their trials then run again."""
    damaged = list(_find_damaged(database))
    if not damaged:
        return
    with open(folder / FILE, "a", encoding="utf-8") as file:
        for table, trial, record, why in damaged:
            entry = {"table": table, "trial": trial, "why": why, "record": record}
            file.write(json.dumps(entry) + "\n")
    with write(database):
        for table, trial, _, why in damaged:
            for each in TABLES[table][2]:
                key = "id" if each == "trials" else "trial"
                database.execute(f"DELETE FROM {each} WHERE {key}=?", (trial,))
            text = f"{table[:-1]} {ascii(trial)[1:-1]} is set aside in {FILE}: it is {why}"
            tell(text)


def _find_damaged(database: sqlite3.Connection) -> Iterator[tuple[str, str, str, str]]:
    """Table, trial and record of what can't be read, and what is wrong with it."""
    for table, (key, check, _) in TABLES.items():
        for trial, record in database.execute(f"SELECT {key}, record FROM {table}"):
            try:
                check(trial, record)
            except ValueError as error:
                yield table, trial, record, str(error)
