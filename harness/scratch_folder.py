"""The folder that a worker writes to, made and read so that nothing in it can harm who reads.

A model can do there what it likes: remove the folder, put folders, links and pipes where files are
expected, or write bytes without end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from pathlib import Path

from samplerbench.harness.records import Result, read_result
from samplerbench.harness.worker_files import DRAWS, PHASE, RESULT
from samplerbench.text import bound_text, escape_controls
from samplerbench.user_files import read_limited

MOST_ANSWER = 2**26  # bytes of a result
MOST_PHASE = 2**12  # bytes of a phase
LONGEST_PHASE = 120  # characters that are shown


def make_scratch(folder: Path) -> None:
    """Make the folder anew, empty. Raises OSError where it can't be made."""
    require_folder(folder.parent)
    remove_scratch(folder)
    folder.mkdir()


def require_folder(folder: Path) -> None:
    """Make the folder where it is not there; a file, or a link to nothing, gives way to it."""
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
        folder.mkdir(parents=True)


def put_in_place(file: Path, target: Path) -> None:
    """Move ``file`` to ``target``; a folder that a worker put there gives way to it."""
    if target.is_dir() and not target.is_symlink():
        remove_scratch(target)
    os.replace(file, target)


def remove_scratch(folder: Path) -> None:
    """Remove the folder, or what a worker put in its place, as far as that is allowed."""
    if folder.is_symlink() or not folder.is_dir():  # ``rmtree`` would wait for a pipe's writer
        folder.unlink(missing_ok=True)
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():  # a folder inside may not be entered
        for path, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                os.chmod(path, 0o700)
        shutil.rmtree(folder, ignore_errors=True)


def read_phase(folder: Path) -> str:
    """What the worker is at; "start" where it has not said so yet, or not in words."""
    try:
        text = _read(folder / PHASE, MOST_PHASE).decode()
    except (OSError, ValueError):
        return "start"
    return " ".join(escape_controls(text).split())[:LONGEST_PHASE]


def read_answer(folder: Path) -> Result | None:
    """The worker's result; None where it has written none. Raises OSError and ValueError."""
    try:
        content = _read(folder / RESULT, MOST_ANSWER)
    except FileNotFoundError:
        return None
    result = read_result(content.decode())
    result.reason = bound_text(str(result.reason))
    result.warnings = [bound_text(str(text)) for text in result.warnings]
    return result


def holds_draws(folder: Path) -> bool:
    """Whether there is a file of draws that can be read, and no link to one."""
    path = folder / DRAWS
    return path.is_file() and not path.is_symlink() and zipfile.is_zipfile(path)


def _read(path: Path, most: int) -> bytes:
    if path.is_symlink():
        raise OSError("it is a link, no file")
    return read_limited(path, most)
