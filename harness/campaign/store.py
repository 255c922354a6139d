"""A campaign's folder: trials, results and draws, so that nothing finished is lost or run twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samplerbench.harness.campaign import store_queries
from samplerbench.harness.records import (
    Result,
    Trial,
    result_from,
    to_json,
)

SCHEMA = 1
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
    version INTEGER NOT NULL,       -- scores.VERSION that made them; others are made anew
    record TEXT NOT NULL
) STRICT;
"""


class StoreError(Exception):
    """A folder that cannot be used as a campaign; the text says why and what to do."""


class Store:
    """The folder of one campaign. One writer at a time; readers need no lock."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder, self._db = folder, connection
        self._lock: Any = None

    # -- opening ------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Open the campaign in ``folder`` for writing, made where there is none.

        Raises StoreError for a folder that holds something else, a store of a newer schema, or
        one that another run is writing.
        """
        folder = folder.expanduser().resolve()
        if not (folder / FILE).is_file():
            _refuse_others(folder)
        with contextlib.ExitStack() as undo:
            lock = undo.enter_context(_lock(folder))
            if not (folder / FILE).is_file():
                _new_database(folder)
            store = cls.open(folder)
            store._lock = lock
            for name in ("draws", "logs"):
                (folder / name).mkdir(exist_ok=True)
            shutil.rmtree(folder / "scratch", ignore_errors=True)  # of a run that was killed
            undo.pop_all()  # the lock is now the store's to give back
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the campaign in ``folder``; raises StoreError where there is none."""
        folder = Path(folder).expanduser().resolve()
        if not (folder / FILE).is_file():
            what = "does not exist" if not folder.exists() else f"holds no {FILE}"
            raise StoreError(
                f"{str(folder)!r} is not a campaign: it {what}\n"
                "  expected: a folder that `samplerbench run --out DIR` wrote"
            )
        connection = _connect(folder)
        try:
            (found,) = connection.execute("SELECT value FROM meta WHERE name='schema'").fetchone()
        except (sqlite3.DatabaseError, TypeError) as error:
            connection.close()
            raise StoreError(
                f"{str(folder / FILE)!r} is not a campaign's database: {error}\n"
                "  expected: a file that samplerbench wrote; restore it, or name another folder"
            ) from error
        if int(found) > SCHEMA:
            connection.close()
            raise StoreError(
                f"{str(folder)!r} was written with schema {found}; this version reads up to "
                f"{SCHEMA}\n  upgrade samplerbench, or name another folder with --out"
            )
        return cls(folder, connection)

    def release(self) -> None:
        """Let others write; what is here can still be read."""
        if self._lock:
            self._lock.close()

    def close(self) -> None:
        """Give the folder back."""
        self._db.close()
        self.release()

    def discard(self) -> None:
        """Close a campaign that was refused; one without a trial leaves nothing behind."""
        empty = not self.planned()
        self.close()
        if not empty:
            return
        for name in (FILE, f"{FILE}-shm", f"{FILE}-wal", LOCK):
            (self.folder / name).unlink(missing_ok=True)
        for name in ("draws", "logs", "answers", "scratch"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for folder in (self.folder, self.folder.parent):
            with contextlib.suppress(OSError):  # what holds something else stays
                folder.rmdir()

    # -- trials and results -------------------------------------------------------------------

    def add_trials(self, trials: list[Trial]) -> None:
        """Note what is planned; trials that are there already keep their place."""
        (last,) = self._db.execute("SELECT COALESCE(MAX(position), -1) FROM trials").fetchone()
        rows = [(t.id, last + 1 + i, to_json(t)) for i, t in enumerate(trials)]
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?)", rows)

    def trials(self) -> list[Trial]:
        """All trials in the order of the plan."""
        rows = self._db.execute("SELECT id, record FROM trials ORDER BY position")
        return [store_queries.trial(name, record) for name, record in rows]

    def planned(self) -> int:
        """How many trials there are."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM trials").fetchone()
        return count

    def count_finished(self) -> int:
        """How many of them have a result."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM results").fetchone()
        return count

    def ended(
        self, version: int, first: int | None = None
    ) -> Iterator[tuple[Trial, Result, dict[str, Any] | None]]:
        """What rows show of the ``first`` finished trials; see ``campaign.store_queries``."""
        return store_queries.ended(self._db, version, first)

    def unscored(self, version: int, first: int | None = None) -> list[Trial]:
        """Those of the ``first`` finished trials that ``version`` of the scoring has not scored."""
        return store_queries.unscored(self._db, version, first)

    def finished(self) -> dict[str, str]:
        """Trial id -> status, of those that have a result."""
        return dict(self._db.execute("SELECT trial, status FROM results"))

    def results(self) -> dict[str, Result]:
        """Trial id -> result."""
        rows = self._db.execute("SELECT trial, record FROM results")
        return {trial: result_from(record) for trial, record in rows}

    def result(self, trial: str) -> Result | None:
        """The result of one trial, or None where it has none yet."""
        row = self._db.execute("SELECT record FROM results WHERE trial=?", (trial,)).fetchone()
        return result_from(row[0]) if row else None

    def seconds(self) -> float:
        """Wall seconds that the workers of all results took together."""
        (total,) = self._db.execute("SELECT COALESCE(SUM(took_s), 0) FROM results").fetchone()
        return total

    def span(self) -> tuple[float, float] | None:
        """When the first and the last result came, seconds since the epoch; None without one."""
        first, last = self._db.execute(
            "SELECT MIN(finished_at), MAX(finished_at) FROM results"
        ).fetchone()
        return None if first is None else (first, last)

    def commit(self, trial: Trial, result: Result, scratch: Path, took_s: float) -> None:
        """Take a worker's files and its result in, together or not at all.

        The draws are moved to their place first; they count only once the row that holds their
        digest is committed, so a kill between the two leaves a file that the next run replaces.
        """
        log, draws = scratch / "log.txt", scratch / "draws.npz"
        if log.is_file():
            os.replace(log, self.folder / "logs" / f"{trial.id}.txt")
        if result.status == "ok":
            _sync(draws)
            os.replace(draws, self.draws_path(trial.id))
            _sync(self.folder / "draws")
        row = (trial.id, result.status, to_json(result), time.time(), took_s)
        with self._db:
            self._db.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?)", row)
        shutil.rmtree(scratch, ignore_errors=True)

    def forget(self, trials: list[str]) -> None:
        """Drop the results of ``trials`` so that they are run again."""
        with self._db:
            for table in ("scores", "results"):
                self._db.executemany(
                    f"DELETE FROM {table} WHERE trial=?", [(trial,) for trial in trials]
                )

    def draws_path(self, trial: str) -> Path:
        """Where the draws of ``trial`` lie."""
        return self.folder / "draws" / f"{trial}.npz"

    def scratch(self, trial: str) -> Path:
        """Where the worker of ``trial`` writes before its result is committed."""
        return self.folder / "scratch" / trial

    # -- scores and notes ---------------------------------------------------------------------

    def scores(self, version: int) -> dict[str, dict[str, Any]]:
        """Trial id -> stored scores made by ``version`` of the scoring."""
        rows = self._db.execute("SELECT trial, record FROM scores WHERE version=?", (version,))
        return {trial: json.loads(record) for trial, record in rows}

    def score(self, trial: str, version: int) -> dict[str, Any] | None:
        """The stored scores of one trial, or None where ``version`` has made none."""
        row = self._db.execute(
            "SELECT record FROM scores WHERE trial=? AND version=?", (trial, version)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def keep_scores(self, trial: str, version: int, record: dict[str, Any]) -> None:
        """Store the scores of one trial; a folder that can't be written goes without."""
        row = (trial, version, json.dumps(record))
        with contextlib.suppress(sqlite3.OperationalError), self._db:
            self._db.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", row)

    def drop_scores(self, trials: list[str]) -> None:
        """Drop what ``trials`` scored, so that they are scored again."""
        with self._db:
            self._db.executemany("DELETE FROM scores WHERE trial=?", [(one,) for one in trials])

    def note(self, name: str, value: Any) -> None:
        """Keep a fact about the campaign (how it was called, for the report)."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def noted(self, name: str) -> Any:
        """A fact kept with ``note``, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        return json.loads(row[0]) if row else None


def _lock(folder: Path) -> Any:
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


def _refuse_others(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{str(folder)!r} is a file\n  expected: a new or empty folder for --out")
    others = [p.name for p in _entries(folder) if not p.name.startswith(HARMLESS)]
    if others:
        raise StoreError(
            f"{str(folder)!r} holds something else ({', '.join(sorted(others)[:3])})\n"
            "  expected: a campaign, or a new or empty folder; name another with --out"
        )


def _entries(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _new_database(folder: Path) -> None:
    """A database that is there whole or not at all, under its final name."""
    part = folder / f".{FILE}.part"
    part.unlink(missing_ok=True)  # of a start that was killed; the lock says that it is not alive
    with contextlib.closing(sqlite3.connect(part)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")  # stays with the file
        connection.executescript(TABLES)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
    os.replace(part, folder / FILE)


def _connect(folder: Path) -> sqlite3.Connection:
    path = folder / FILE
    if os.access(folder, os.W_OK) or path.with_name(f"{FILE}-shm").exists():
        return sqlite3.connect(path, timeout=30, check_same_thread=False)
    # WAL needs files beside the database; where there are none nobody writes: read it as it is
    return sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True, check_same_thread=False)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
