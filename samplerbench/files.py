"""Files written whole or not at all, and where those lie that outlive a campaign."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.user_files import full_path


def find_cache() -> Path:
    """The folder of what is kept for this user from one campaign to the next, made or not.

    Raises UsageError for a user who has no home.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if str(cache).startswith("~"):
        raise UsageError(
            "this user has no home, where environments would be kept\n"
            "  expected: XDG_CACHE_HOME or HOME set to a folder that can be written; "
            "--env current needs none"
        )
    return cache.absolute() / "samplerbench"


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, which then holds all of it or what it held before."""
    with write_beside(path) as part:
        part.write_text(text)


def explain_failure(error: OSError) -> str:
    """Why a file could not be written, in the system's words: a library's are of its code."""
    return os.strerror(error.errno) if error.errno else str(error)


@contextlib.contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of ``path`` where the block ends without an error.

    What ``path`` held before is kept else, as on a full disk. Devices and pipes, and files in a
    folder that can't be written, are written as they are.
    """
    target = full_path(path)
    if (path.exists() and not path.is_file()) or not os.access(target.parent, os.W_OK):
        yield path
        return
    part = target.with_name(f"{target.name}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
