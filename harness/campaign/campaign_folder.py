"""A campaign's folder on disk: its checks, its lock, and its database, made whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from samplerbench.errors import StoreError

SCHEMA = 1
RUNS = Path("samplerbench-runs")  # in the current folder: campaigns that name no folder
FILE = "campaign.sqlite"
LOCK = "campaign.lock"
#: what may lie in a folder that a new campaign is put in: also what a killed start leaves
HARMLESS = (".DS_Store", ".gitignore", LOCK, f".{FILE}.")

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE trials (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,      -- where the plan put it, for the order of rows
    record TEXT NOT NULL            -- records.Trial as JSON
) STRICT;
CREATE TABLE results (
    trial TEXT PRIMARY KEY REFERENCES trials(id),
    status TEXT NOT NULL,
    record TEXT NOT NULL,           -- records.Result as JSON
    finished_at REAL NOT NULL,      -- seconds since the epoch
    took_s REAL NOT NULL            -- wall seconds of the worker
) STRICT;
CREATE TABLE scores (
    trial TEXT PRIMARY KEY REFERENCES trials(id),
    version INTEGER NOT NULL,       -- score_trial.VERSION that made them; others are made anew
    record TEXT NOT NULL
) STRICT;
"""


def lock_folder(folder: Path) -> IO[str]:
    """The open lock file of ``folder``; a process that is killed gives it back."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / LOCK, "a+")  # noqa: SIM115 (held till close)
    except OSError as error:
        raise StoreError(
            f"{str(folder)!r} cannot be written: {error.strerror}\n  name another with --out"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreError(
            f"another run is writing to {str(folder)!r}\n"
            "  wait for it, stop it, or name another folder with --out"
        ) from error
    return lock


def refuse_other_content(folder: Path) -> None:
    """Raise StoreError for a file, and for a folder that holds something else."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{str(folder)!r} is a file\n  expected: a new or empty folder for --out")
    names = [path.name for path in _entries(folder) if not path.name.startswith(HARMLESS)]
    if names:
        raise StoreError(
            f"{str(folder)!r} holds something else ({', '.join(sorted(names)[:3])})\n"
            "  expected: a campaign, or a new or empty folder; name another with --out"
        )


def _entries(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def create_database(folder: Path) -> None:
    """Make the database, which is there whole or not at all under its final name."""
    part = folder / f".{FILE}.part"
    part.unlink(missing_ok=True)  # of a start that was killed; the lock says that it is not alive
    with contextlib.closing(sqlite3.connect(part)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")  # stays with the file
        connection.executescript(TABLES)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
    os.replace(part, folder / FILE)


def open_database(folder: Path) -> sqlite3.Connection:
    """The database of the campaign in ``folder``; raises StoreError for what is none."""
    if not (folder / FILE).is_file():
        what = "does not exist" if not folder.exists() else f"holds no {FILE}"
        raise StoreError(
            f"{str(folder)!r} is not a campaign: it {what}\n"
            "  expected: a folder that `samplerbench run --out DIR` wrote"
        )
    connection = _connect(folder)
    try:
        _refuse_newer(connection, folder)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_newer(connection: sqlite3.Connection, folder: Path) -> None:
    try:
        (schema,) = connection.execute("SELECT value FROM meta WHERE name='schema'").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise StoreError(
            f"{str(folder / FILE)!r} is not a campaign's database: {error}\n"
            "  expected: a file that samplerbench wrote; restore it, or name another folder"
        ) from error
    if int(schema) > SCHEMA:
        raise StoreError(
            f"{str(folder)!r} was written with schema {schema}; this version reads up to "
            f"{SCHEMA}\n  upgrade samplerbench, or name another folder with --out"
        )


def _connect(folder: Path) -> sqlite3.Connection:
    path = folder / FILE
    if os.access(folder, os.W_OK) or path.with_name(f"{FILE}-shm").exists():
        return sqlite3.connect(path, timeout=30, check_same_thread=False)
    # WAL needs files beside the database; where there are none nobody writes: read it as it is
    return sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True, check_same_thread=False)


def sync_to_disk(path: Path) -> None:
    """Have the system write a file or folder to disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
