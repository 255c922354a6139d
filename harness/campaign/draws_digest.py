"""Whether files of draws are what their workers wrote, by the digests that results hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

State = tuple[int, int, int]  # of a file: what changes with its content


class DrawsDigests:
    """Digests of files of draws, each made once while the file stays as it is."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[State, str]] = {}

    def explain_misfit(self, path: Path, expected: str) -> str:
        """Why ``path`` does not hold the draws of this digest; "" where it does.

        Stores of older versions hold no digest of draws that were made elsewhere: "" is any.
        """
        try:
            found = self._read_digest(path)
        except OSError as error:
            return f"can't be read: {error.strerror or error}"
        if expected and found != expected:
            return f"are not those that it made: {path} has another digest"
        return ""

    def _read_digest(self, path: Path) -> str:
        now = path.stat()
        state = now.st_ino, now.st_size, now.st_mtime_ns
        if path not in self._known or self._known[path][0] != state:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._known[path] = state, digest
        return self._known[path][1]
