"""A stored campaign: trials, results and draws, so that nothing finished is lost or run twice."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from samplerbench.errors import DrawsLost, StoreError, StoreLost
from samplerbench.harness.campaign import set_aside, store_queries, stored_records
from samplerbench.harness.campaign.campaign_folder import (
    FILE,
    FOLDERS,
    LOCK,
    find_folder,
    list_missing,
    lock_folder,
    refuse_other_content,
    remove_folders,
    sync_to_disk,
)
from samplerbench.harness.campaign.database import (
    ClosedDatabase,
    create_database,
    find_damage,
    open_database,
    spell_columns,
    write,
)
from samplerbench.harness.campaign.draws_digest import DrawsDigests
from samplerbench.harness.records import Result, Trial, to_json
from samplerbench.harness.scratch_folder import put_in_place, require_folder
from samplerbench.harness.worker_files import DRAWS, LOG
from samplerbench.text import format_count, tell

END_OF_TIME = 253402300799  # the last second of the year 9999, since the epoch
MOST_POSITION = 2**53


class Store:
    """The folder of one campaign. One writer at a time; readers need no lock."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._db: Any = connection
        self._lock: IO[str] | None = None
        self._inode = os.stat(folder / FILE).st_ino
        self._made: list[Path] | None = None  # folders, where the database was made here as well
        self._told: set[str] = set()  # trials of which it was said that something is damaged
        self._digests = DrawsDigests()

    # -- opening ------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Open the campaign in ``folder`` for writing, made where there is none.

        Records that are damaged are set aside, so that their trials run again. Raises StoreError
        for a folder that holds something else or can't be written, a store of a newer schema, or
        one that another run is writing.
        """
        folder = find_folder(folder)
        is_new = not (folder / FILE).is_file()
        if is_new:
            refuse_other_content(folder)
        missing = list_missing(folder)
        with contextlib.ExitStack() as undo:
            undo.callback(remove_folders, missing)
            lock = undo.enter_context(lock_folder(folder))
            if not (folder / FILE).is_file():
                undo.callback((folder / LOCK).unlink, missing_ok=True)
                create_database(folder)
            store = cls.open(folder)
            undo.callback(store._db.close)
            store._lock, store._made = lock, missing if is_new else None
            store._make_folders()
            shutil.rmtree(folder / "scratch", ignore_errors=True)  # of a run that was killed
            set_aside.set_aside(store._db, folder)
            undo.pop_all()  # the lock is now the store's to give back
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the campaign in ``folder`` for reading; raises StoreError where there is none."""
        folder = find_folder(folder)
        return cls(folder, open_database(folder))

    def release(self) -> None:
        """Let other processes write; this one can still read."""
        if self._lock:
            self._lock.close()

    def close(self) -> None:
        """Close the database and let other processes write."""
        self._db.close()
        self._db = ClosedDatabase(self.folder)
        self.release()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, and can be asked nothing more."""
        return isinstance(self._db, ClosedDatabase)

    def discard(self) -> None:
        """Close a campaign that was refused; where it has no trial, remove what was created."""
        made = None if self.count_trials() else self._made
        self._db.close()
        if made is not None:  # the lock goes last: till then nobody else begins here
            for name in FOLDERS:
                shutil.rmtree(self.folder / name, ignore_errors=True)
            for name in (FILE, f"{FILE}-shm", f"{FILE}-wal", LOCK):
                (self.folder / name).unlink(missing_ok=True)
            remove_folders(made)
        self.release()

    def select_ok(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those of ``trials`` that ended ok."""
        statuses = self.statuses()
        return [trial for trial in trials if statuses.get(trial.id) == "ok"]

    def check_whole(self, trials: Sequence[Trial]) -> None:
        """Raise StoreLost where the database, or draws of ``trials``, are no more in the folder.

        So for a database that others, as this run will no more be there to tell, can't read.
        """
        self.check_place()
        if damage := find_damage(self.folder):
            raise StoreLost(f"{str(self.folder / FILE)!r} was damaged during the run: {damage}")
        ended = self.select_ok(trials)
        gone = [trial.id for trial in ended if not self.draws_path(trial.id).is_file()]
        if gone:
            where = self.draws_path(gone[0]).parent
            count = format_count(len(gone), "trial")
            raise DrawsLost(f"the draws of {count} are gone from {where}", len(gone))

    def check_place(self) -> None:
        """Raise StoreLost where the database is no more where it was opened."""
        try:
            if os.stat(self.folder / FILE).st_ino == self._inode:
                return
        except OSError:
            pass
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)  # where nothing else is left
        remove_folders([self.folder])
        raise StoreLost(
            f"{str(self.folder / FILE)!r} was removed, renamed or replaced during the run: a "
            "result that ended since then is lost"
        )

    def _note_damage(self, trial: str, error: ValueError) -> None:
        """Tell once of a trial whose stored record can't be read and is left out."""
        text = f"trial {ascii(trial)[1:-1]} is left out: what is stored of it is {error}"
        self._tell(trial, f"{text}; samplerbench run runs it again")

    def _tell(self, name: str, text: str) -> None:
        """Say on standard error what is wrong with what is called ``name``, once."""
        if name not in self._told:
            self._told.add(name)
            tell(text)

    # -- trials and results -------------------------------------------------------------------

    def add_trials(self, trials: list[Trial]) -> None:
        """Store planned trials; those that are there already keep their place."""
        (last,) = self._db.execute("SELECT COALESCE(MAX(position), -1) FROM trials").fetchone()
        last = min(last, MOST_POSITION)
        rows = [(t.id, last + 1 + i, to_json(t)) for i, t in enumerate(trials)]
        with write(self._db):
            self._db.executemany(f"INSERT OR IGNORE INTO {spell_columns('trials')}", rows)

    def trials(self) -> list[Trial]:
        """All trials in the order of the plan."""
        rows = self._db.execute("SELECT id, record FROM trials ORDER BY position")
        return list(store_queries.read_trials(rows, self._note_damage))

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
        return store_queries.read_finished(self._db, version, self._note_damage, first)

    def unscored_trials(self, version: int, first: int | None = None) -> list[Trial]:
        """Those of the ``first`` finished trials without scores of this ``version``."""
        return store_queries.read_unscored(self._db, version, self._note_damage, first)

    def statuses(self) -> dict[str, str]:
        """Trial id -> status, of the trials that have a result."""
        return dict(self._db.execute("SELECT trial, status FROM results"))

    def results(self) -> dict[str, Result]:
        """Trial id -> result."""
        rows = self._db.execute("SELECT trial, record FROM results").fetchall()
        found = {trial: self._parse_result(trial, record) for trial, record in rows}
        return {trial: result for trial, result in found.items() if result is not None}

    def result(self, trial: str) -> Result | None:
        """The result of one trial, or None where it has none yet, or a damaged one."""
        row = self._db.execute("SELECT record FROM results WHERE trial=?", (trial,)).fetchone()
        return self._parse_result(trial, row[0]) if row else None

    def _parse_result(self, trial: str, record: str) -> Result | None:
        try:
            return stored_records.parse_result(record)
        except ValueError as error:
            self._note_damage(trial, error)
            return None

    def state(self) -> tuple[int, int]:
        """Two counts, of which one changes whenever this or another process changes the store."""
        (others,) = self._db.execute("PRAGMA data_version").fetchone()
        return others, self._db.total_changes

    def total_seconds(self) -> float:
        """Wall seconds that the workers of all results took together."""
        (total,) = self._db.execute("SELECT COALESCE(SUM(took_s), 0) FROM results").fetchone()
        return total

    def time_span(self) -> tuple[float, float] | None:
        """Times of the first and the last result, seconds since the epoch; None without one.

        What no calendar has, as of a damaged record, is no time.
        """
        first, last = self._db.execute(
            "SELECT MIN(finished_at), MAX(finished_at) FROM results"
            f" WHERE finished_at BETWEEN 0 AND {END_OF_TIME}"
        ).fetchone()
        return None if first is None else (first, last)

    def commit(
        self,
        trial: Trial,
        result: Result,
        scratch: Path,
        took_s: float,
        stale: Sequence[str] = (),
    ) -> None:
        """Store a worker's files and its result, together or not at all.

        The draws are moved to their place first; they count only once the row that holds their
        digest is committed, so a kill between the two leaves a file that the next run replaces.
        ``stale``: trials whose scores the result changes, so that they are scored again.
        """
        self.check_place()
        log, draws = scratch / LOG, scratch / DRAWS
        self._make_folders()
        if log.is_file():
            put_in_place(log, self.folder / "logs" / f"{trial.id}.txt")
        if result.status == "ok":
            sync_to_disk(draws)
            put_in_place(draws, self.draws_path(trial.id))
            sync_to_disk(self.folder / "draws")
        row = (trial.id, result.status, to_json(result), time.time(), took_s)
        with write(self._db):
            self._db.execute(f"INSERT INTO {spell_columns('results')}", row)
            self._delete("scores", [trial.id, *stale])
        shutil.rmtree(scratch, ignore_errors=True)

    def _make_folders(self) -> None:
        """Make what holds the files of workers; one may have taken it away, or its place."""
        for name in ("draws", "logs"):
            require_folder(self.folder / name)

    def add_block(
        self, trial: Trial, result: Result, took_s: float, scores: dict[str, Any] | None = None
    ) -> None:
        """Store a result that one block more has changed, and its scores where they are known.

        Its process took ``took_s``.
        """
        self.check_place()
        with write(self._db):
            self._db.execute(
                "UPDATE results SET record=?, took_s=took_s+? WHERE trial=?",
                (to_json(result), took_s, trial.id),
            )
            if scores is None:
                self._delete("scores", [trial.id])
            else:
                row = (json.dumps(scores), trial.id)
                self._db.execute("UPDATE scores SET record=? WHERE trial=?", row)

    def delete_results(self, trials: list[str]) -> None:
        """Delete the results of ``trials`` so that they are run again."""
        with write(self._db):
            self._delete("scores", trials)
            self._delete("results", trials)

    def _delete(self, table: str, trials: Sequence[str]) -> None:
        rows = [(trial,) for trial in trials]
        self._db.executemany(f"DELETE FROM {table} WHERE trial=?", rows)

    def draws_path(self, trial: str) -> Path:
        """The file that holds the draws of ``trial``, or is to hold them; see ``find_draws``."""
        return self.folder / "draws" / f"{trial}.npz"

    def find_draws(self, trial: str) -> Path:
        """The draws of ``trial``, once seen to be its own. Raises StoreError for lost ones."""
        if why := self.explain_lost_draws(trial):
            raise StoreError(f"{why}\n  run the same command again: it runs that trial again")
        return self.draws_path(trial)

    def explain_lost_draws(self, trial: str) -> str:
        """Why the draws of ``trial``, which ended ok, can't be used; "" where they can."""
        result, path = self.result(trial), self.draws_path(trial)
        if result is None:
            return f"trial {trial} has no result"
        why = self._digests.explain_misfit(path, result.draws_digest)
        return why and f"the draws of trial {trial} {why}"

    def drop_lost_draws(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those of ``trials``, which ended ok, whose draws can be used; of others it tells once."""
        lost = {trial.id: self.explain_lost_draws(trial.id) for trial in trials}
        by_reason: dict[str, list[str]] = {}
        for name, why in lost.items():
            if why and name not in self._told:
                by_reason.setdefault(why.replace(name, "", 1), []).append(name)
        for first, *others in by_reason.values():
            self._told.update(others)
            more = f" (and of {len(others)} more)" if others else ""
            why = lost[first].replace(first, first + more, 1)
            self._tell(first, f"{why}; samplerbench run runs {'them' if others else 'it'} again")
        return [trial for trial in trials if not lost[trial.id]]

    def scratch(self, trial: str) -> Path:
        """The folder where the worker of ``trial`` writes until its result is committed."""
        return self.folder / "scratch" / trial

    # -- scores and facts ---------------------------------------------------------------------

    def scores(self, version: int) -> dict[str, dict[str, Any]]:
        """Trial id -> stored scores made by ``version`` of the scoring."""
        rows = self._db.execute("SELECT trial, record FROM scores WHERE version=?", (version,))
        found = {trial: _parse_scores(record) for trial, record in rows}
        return {trial: scores for trial, scores in found.items() if scores is not None}

    def score(self, trial: str, version: int) -> dict[str, Any] | None:
        """The stored scores of one trial, or None where ``version`` has made none."""
        row = self._db.execute(
            "SELECT record FROM scores WHERE trial=? AND version=?", (trial, version)
        ).fetchone()
        return _parse_scores(row[0]) if row else None

    def save_scores(
        self,
        trial: str,
        version: int,
        record: dict[str, Any],
        seen: tuple[int, int] | None = None,
    ) -> None:
        """Store the scores of one trial; does nothing where the folder can't be written.

        Nor where the store is no more in the ``state`` in which it was ``seen`` when they were
        begun: another process may have added a result that changes them.
        """
        row = (trial, version, json.dumps(record))
        with contextlib.suppress(sqlite3.OperationalError), write(self._db, patience=0.0):
            if seen is not None and seen != self.state():
                return
            self._db.execute(f"INSERT OR REPLACE INTO {spell_columns('scores')}", row)

    def delete_scores(self, trials: list[str]) -> None:
        """Delete the scores of ``trials``, so that they are scored again."""
        with write(self._db):
            self._delete("scores", trials)

    def set_fact(self, name: str, value: Any) -> None:
        """Store a fact about the campaign (how it was called, for the report)."""
        with write(self._db):
            row = (name, json.dumps(value))
            self._db.execute(f"INSERT OR REPLACE INTO {spell_columns('meta')}", row)

    def fact(self, name: str) -> Any:
        """A fact stored with ``set_fact``, or None; also for one that is damaged."""
        row = self._db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        try:
            return stored_records.parse_fact(name, row[0]) if row else None
        except ValueError as error:
            self._tell(name, f"the campaign's {name!r} is left out: what is stored is {error}")
            return None


def _parse_scores(record: str) -> dict[str, Any] | None:
    """Stored scores; None for damaged ones, which are made anew."""
    try:
        return stored_records.parse_scores(record)
    except ValueError:
        return None
