"""A campaign's folder on disk: where it is, what it may hold, and its lock."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from samplerbench.errors import StoreError

RUNS = Path("samplerbench-runs")  # in the current folder: campaigns that name no folder
FILE = "campaign.sqlite"
LOCK = "campaign.lock"
FOLDERS = ("draws", "logs", "answers", "data", "programs", "scratch")  # that a run fills
#: what may lie in a folder that a new campaign is put in: also what a killed start leaves
HARMLESS = (".DS_Store", ".gitignore", LOCK, f".{FILE}.")


def find_folder(folder: Path) -> Path:
    """The full path of a campaign's folder; raises StoreError for one that can't be looked at."""
    try:
        found = Path(folder).expanduser().resolve()
        (found / FILE).is_file()
    except (OSError, RuntimeError) as error:  # a loop of links, no home
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(
            f"{_shorten(str(folder))!r} can't be looked at: {reason}\n"
            "  expected: a folder that you may read; name another with --out"
        ) from error
    return found


def suggest_folder(folder: Path) -> Path:
    """A folder beside ``folder`` that is not there yet: its name with -2, -3, ..."""
    names = (folder.with_name(f"{folder.name}-{count}") for count in itertools.count(2))
    return next(name for name in names if not name.exists())


def _shorten(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."


def list_missing(folder: Path) -> list[Path]:
    """The folder and those above it that are not there yet, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def remove_folders(folders: list[Path]) -> None:
    """Remove ``folders``, the innermost first; what holds something stays."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def require_writable(folder: Path) -> None:
    """Raise StoreError where no campaign could be put in ``folder``; nothing is left of the try."""
    missing = list_missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_be_written(folder, error) from error
    finally:
        remove_folders(missing)


def _cannot_be_written(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{str(folder)!r} cannot be written: {error.strerror}\n  name another with --out"
    )


def lock_folder(folder: Path) -> IO[str]:
    """The open lock file of ``folder``; a process that is killed gives it back."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / LOCK, "a+")  # noqa: SIM115 (held till close)
    except OSError as error:
        raise _cannot_be_written(folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            (folder / LOCK).unlink(missing_ok=True)
            raise StoreError(
                f"{str(folder)!r} can't be kept from other runs: {error.strerror} (a network file "
                "system may know no locks)\n  expected: --out DIR on a disk of this machine"
            ) from error
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


def sync_to_disk(path: Path) -> None:
    """Have the system write a file or folder to disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
