"""The log of a worker: all that it and its children print, bounded on disk while they print."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from samplerbench.harness.scratch_folder import make_scratch, remove_scratch

HEAD = TAIL = 2**22  # bytes that are kept of the beginning and of the end
SLACK = 2**22  # bytes beyond them before the middle is cut out


class WorkerLog:
    """A file that processes append to, and whose middle goes where it grows without bound."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: BinaryIO = open(path, "a+b")  # appended to, so that writers survive a cut
        self._lost = 0  # bytes
        self._note = b""

    def __enter__(self) -> WorkerLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.file.close()

    def cut_flood(self) -> None:
        """Cut the middle out where the log has grown far beyond its bound."""
        self._cut(SLACK)

    def _cut(self, slack: int) -> None:
        number = self.file.fileno()
        size = os.fstat(number).st_size
        excess = size - HEAD - len(self._note) - TAIL
        if excess <= slack:
            return
        tail = os.pread(number, TAIL, size - TAIL)
        self._lost += excess
        self._note = b"\n[samplerbench: %d bytes of output left out here]\n" % self._lost
        os.ftruncate(number, HEAD)
        os.write(number, self._note + tail)

    def finish(self) -> None:
        """Bound the log, and put it to its path again where the worker has taken it away."""
        self._cut(slack=0)
        number = self.file.fileno()
        with contextlib.suppress(OSError):
            if os.path.samestat(os.lstat(self.path), os.fstat(number)):
                return
        if not self.path.parent.is_dir():
            make_scratch(self.path.parent)
        remove_scratch(self.path)
        self.path.write_bytes(os.pread(number, os.fstat(number).st_size, 0))

    def last_line(self) -> str:
        """The last line that holds anything; "" where there is none."""
        number = self.file.fileno()
        size = os.fstat(number).st_size
        lines = os.pread(number, 4096, max(0, size - 4096)).decode(errors="replace").splitlines()
        lines = [line.strip() for line in lines if line.strip()]
        return lines[-1][:300] if lines else ""
