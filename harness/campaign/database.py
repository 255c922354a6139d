"""A campaign's database: made whole or not at all, opened once seen to be one, waited for."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samplerbench.errors import StoreError
from samplerbench.harness.campaign.campaign_folder import FILE
from samplerbench.text import tell

SCHEMA = 1
BUSY_S = 10.0  # that a statement waits for a program which holds the database
PATIENCE_S = 900.0  # that a result waits for it: a backup, a browser of databases

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
COLUMNS = {
    "meta": ("name", "value"),
    "trials": ("id", "position", "record"),
    "results": ("trial", "status", "record", "finished_at", "took_s"),
    "scores": ("trial", "version", "record"),
}


def spell_columns(table: str) -> str:
    """What follows INSERT INTO; columns go by name, since a newer version may have more."""
    columns = COLUMNS[table]
    return f"{table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def create_database(folder: Path) -> None:
    """Make the database, which is there whole or not at all under its final name.

    Raises StoreError where it can't be written.
    """
    part = folder / f".{FILE}.part"
    try:
        part.unlink(missing_ok=True)  # of a start that was killed; the lock says it is not alive
        with contextlib.closing(sqlite3.connect(part)) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")  # stays with the file
            connection.executescript(TABLES)
            connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
        os.replace(part, folder / FILE)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{str(folder)!r} cannot be written: {error}\n"
            "  make room or name another with --out; nothing was run"
        ) from error


def open_database(folder: Path) -> sqlite3.Connection:
    """The database of the campaign in ``folder``; raises StoreError for what is none."""
    if not (folder / FILE).is_file():
        what = "does not exist" if not folder.exists() else f"holds no {FILE}"
        raise StoreError(
            f"{str(folder)!r} is not a campaign: it {what}\n"
            "  expected: a folder that `samplerbench run --out DIR` wrote"
        )
    try:
        connection = _connect(folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{str(folder / FILE)!r} can't be opened: {error}\n"
            "  expected: a file that you may read; copy the whole folder to where you may"
        ) from error
    try:
        _refuse_other(connection, folder)
    except BaseException:
        connection.close()
        raise
    return connection


def find_damage(folder: Path) -> str:
    """Why a program that opens the database in ``folder`` now can't read it; "" where it can."""
    try:
        with contextlib.closing(open_database(folder)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except (StoreError, sqlite3.Error) as error:
        found = str(error).partition("\n")[0]
    return "" if found == "ok" else found


def _refuse_other(connection: sqlite3.Connection, folder: Path) -> None:
    """Raise StoreError for a database of another program, a newer schema, or without its tables."""
    try:
        (schema,) = connection.execute("SELECT value FROM meta WHERE name='schema'").fetchone()
        number = int(schema)
        if number <= SCHEMA:
            for table, columns in COLUMNS.items():
                connection.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise StoreError(
            f"{str(folder / FILE)!r} is not a campaign's database: {error}\n"
            "  expected: a file that samplerbench wrote; restore it, or name another folder"
        ) from error
    if number > SCHEMA:
        raise StoreError(
            f"{str(folder)!r} was written with schema {schema}; this version reads up to "
            f"{SCHEMA}\n  upgrade samplerbench, or name another folder with --out"
        )


def _connect(folder: Path) -> sqlite3.Connection:
    path = folder / FILE
    if os.access(folder, os.W_OK) or path.with_name(f"{FILE}-shm").exists():
        connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    elif path.with_name(f"{FILE}-wal").exists():  # of a run that was killed: it holds results
        connection = _copy(folder)
    else:
        # WAL needs files beside the database; where there are none nobody writes: read it as it is
        address = f"{path.as_uri()}?immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    connection.text_factory = _decode
    return connection


def _decode(text: bytes) -> str:
    """Text of the database; what is no UTF-8 becomes surrogates, which its reader refuses."""
    return text.decode("utf-8", "surrogateescape")


def _copy(folder: Path) -> sqlite3.Connection:
    """The database in memory, with what stands in its log alone, where that can't be written."""
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with tempfile.TemporaryDirectory(prefix="samplerbench-") as scratch:
        for name in (FILE, f"{FILE}-wal"):
            shutil.copyfile(folder / name, Path(scratch) / name)
        with contextlib.closing(sqlite3.connect(Path(scratch) / FILE)) as copy:
            copy.backup(memory)
    return memory


@contextlib.contextmanager
def write(database: sqlite3.Connection, patience: float = PATIENCE_S) -> Iterator[None]:
    """A transaction: all of it or nothing. Waits while another program holds the database."""
    deadline, told = time.monotonic() + patience, False
    while not _begin(database):
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError(f"another program has held it for {patience:g} s")
        if not told:
            tell(f"another program holds {FILE}: waiting for it, {patience:g} s at most")
        told = True
    with database:
        yield


def _begin(database: sqlite3.Connection) -> bool:
    """Begin a transaction; False where another program holds the database."""
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


class ClosedDatabase:
    """What stands for the database of a campaign that was closed: its use is refused in words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def close(self) -> None:
        """Nothing is left to close."""

    def __getattr__(self, name: str) -> Any:
        raise StoreError(
            f"the campaign {str(self._folder)!r} is closed\n"
            f"  expected: its use inside `with`, or samplerbench.load({str(self._folder)!r})"
        )
