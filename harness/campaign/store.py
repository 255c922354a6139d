"""A stored campaign: trials, results and draws, so that nothing finished is lost or run twice."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from samplerbench.harness.campaign import store_queries
from samplerbench.harness.campaign.campaign_folder import (
    FILE,
    LOCK,
    create_database,
    lock_folder,
    open_database,
    refuse_other_content,
    sync_to_disk,
)
from samplerbench.harness.records import Result, Trial, read_result, to_json


class Store:
    """The folder of one campaign. One writer at a time; readers need no lock."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder, self._db = folder, connection
        self._lock: IO[str] | None = None

    # -- opening ------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Open the campaign in ``folder`` for writing, made where there is none.

        Raises StoreError for a folder that holds something else, a store of a newer schema, or
        one that another run is writing.
        """
        folder = folder.expanduser().resolve()
        if not (folder / FILE).is_file():
            refuse_other_content(folder)
        with contextlib.ExitStack() as undo:
            lock = undo.enter_context(lock_folder(folder))
            if not (folder / FILE).is_file():
                create_database(folder)
            store = cls.open(folder)
            store._lock = lock
            store._make_folders()
            shutil.rmtree(folder / "scratch", ignore_errors=True)  # of a run that was killed
            undo.pop_all()  # the lock is now the store's to give back
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the campaign in ``folder`` for reading; raises StoreError where there is none."""
        folder = Path(folder).expanduser().resolve()
        return cls(folder, open_database(folder))

    def release(self) -> None:
        """Let other processes write; this one can still read."""
        if self._lock:
            self._lock.close()

    def close(self) -> None:
        """Close the database and let other processes write."""
        self._db.close()
        self.release()

    def discard(self) -> None:
        """Close a campaign that was refused; where it has no trial, remove what was created."""
        empty = not self.count_trials()
        self.close()
        if not empty:
            return
        for name in (FILE, f"{FILE}-shm", f"{FILE}-wal", LOCK):
            (self.folder / name).unlink(missing_ok=True)
        for name in ("draws", "logs", "answers", "data", "programs", "scratch"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for folder in (self.folder, self.folder.parent):
            with contextlib.suppress(OSError):  # what holds something else stays
                folder.rmdir()

    # -- trials and results -------------------------------------------------------------------

    def add_trials(self, trials: list[Trial]) -> None:
        """Store planned trials; those that are there already keep their place."""
        (last,) = self._db.execute("SELECT COALESCE(MAX(position), -1) FROM trials").fetchone()
        rows = [(t.id, last + 1 + i, to_json(t)) for i, t in enumerate(trials)]
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?)", rows)

    def trials(self) -> list[Trial]:
        """All trials in the order of the plan."""
        rows = self._db.execute("SELECT id, record FROM trials ORDER BY position")
        return [store_queries.parse_trial(name, record) for name, record in rows]

    def count_trials(self) -> int:
        """The number of planned trials."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM trials").fetchone()
        return count

    def count_finished(self) -> int:
        """The number of trials that have a result."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM results").fetchone()
        return count

    def finished_records(
        self, version: int, first: int | None = None
    ) -> Iterator[tuple[Trial, Result, dict[str, Any] | None]]:
        """Trial, result and scores of the ``first`` finished trials; see ``store_queries``."""
        return store_queries.read_finished(self._db, version, first)

    def unscored_trials(self, version: int, first: int | None = None) -> list[Trial]:
        """Those of the ``first`` finished trials without scores of this ``version``."""
        return store_queries.read_unscored(self._db, version, first)

    def statuses(self) -> dict[str, str]:
        """Trial id -> status, of the trials that have a result."""
        return dict(self._db.execute("SELECT trial, status FROM results"))

    def results(self) -> dict[str, Result]:
        """Trial id -> result."""
        rows = self._db.execute("SELECT trial, record FROM results")
        return {trial: read_result(record) for trial, record in rows}

    def result(self, trial: str) -> Result | None:
        """The result of one trial, or None where it has none yet."""
        row = self._db.execute("SELECT record FROM results WHERE trial=?", (trial,)).fetchone()
        return read_result(row[0]) if row else None

    def state(self) -> tuple[int, int]:
        """Two counts, of which one changes whenever this or another process changes the store."""
        (others,) = self._db.execute("PRAGMA data_version").fetchone()
        return others, self._db.total_changes

    def total_seconds(self) -> float:
        """Wall seconds that the workers of all results took together."""
        (total,) = self._db.execute("SELECT COALESCE(SUM(took_s), 0) FROM results").fetchone()
        return total

    def time_span(self) -> tuple[float, float] | None:
        """Times of the first and the last result, seconds since the epoch; None without one."""
        first, last = self._db.execute(
            "SELECT MIN(finished_at), MAX(finished_at) FROM results"
        ).fetchone()
        return None if first is None else (first, last)

    def commit(self, trial: Trial, result: Result, scratch: Path, took_s: float) -> None:
        """Store a worker's files and its result, together or not at all.

        The draws are moved to their place first; they count only once the row that holds their
        digest is committed, so a kill between the two leaves a file that the next run replaces.
        """
        log, draws = scratch / "log.txt", scratch / "draws.npz"
        self._make_folders()
        if log.is_file():
            os.replace(log, self.folder / "logs" / f"{trial.id}.txt")
        if result.status == "ok":
            sync_to_disk(draws)
            os.replace(draws, self.draws_path(trial.id))
            sync_to_disk(self.folder / "draws")
        row = (trial.id, result.status, to_json(result), time.time(), took_s)
        with self._db:
            self._db.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?)", row)
        shutil.rmtree(scratch, ignore_errors=True)

    def _make_folders(self) -> None:
        """Make what holds the files of workers; one of them may have taken it away."""
        for name in ("draws", "logs"):
            (self.folder / name).mkdir(exist_ok=True)

    def add_block(self, trial: Trial, result: Result, took_s: float) -> None:
        """Store a result that one block more has changed; its process took ``took_s``."""
        with self._db:
            self._db.execute(
                "UPDATE results SET record=?, took_s=took_s+? WHERE trial=?",
                (to_json(result), took_s, trial.id),
            )

    def delete_results(self, trials: list[str]) -> None:
        """Delete the results of ``trials`` so that they are run again."""
        with self._db:
            for table in ("scores", "results"):
                self._db.executemany(
                    f"DELETE FROM {table} WHERE trial=?", [(trial,) for trial in trials]
                )

    def draws_path(self, trial: str) -> Path:
        """The file of the draws of ``trial``."""
        return self.folder / "draws" / f"{trial}.npz"

    def scratch(self, trial: str) -> Path:
        """The folder where the worker of ``trial`` writes until its result is committed."""
        return self.folder / "scratch" / trial

    # -- scores and facts ---------------------------------------------------------------------

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

    def save_scores(self, trial: str, version: int, record: dict[str, Any]) -> None:
        """Store the scores of one trial; does nothing where the folder can't be written."""
        row = (trial, version, json.dumps(record))
        with contextlib.suppress(sqlite3.OperationalError), self._db:
            self._db.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", row)

    def delete_scores(self, trials: list[str]) -> None:
        """Delete the scores of ``trials``, so that they are scored again."""
        with self._db:
            self._db.executemany("DELETE FROM scores WHERE trial=?", [(one,) for one in trials])

    def set_fact(self, name: str, value: Any) -> None:
        """Store a fact about the campaign (how it was called, for the report)."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def fact(self, name: str) -> Any:
        """A fact stored with ``set_fact``, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        return json.loads(row[0]) if row else None
