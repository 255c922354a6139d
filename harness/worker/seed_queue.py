"""Replicates that several processes share: a folder in which each takes what nobody has yet."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samplerbench.files import write_beside
from samplerbench.samplers.base import Draws


@dataclass(frozen=True)
class SeedQueue:
    """The replicates 0 to ``count - 1`` in ``folder``: who has which, and the draws of each."""

    folder: Path
    count: int

    def take_all(self) -> Iterator[int]:
        """The replicates that this process gets, one after the other: whoever is free takes one."""
        for index in range(self.count):
            try:
                file = os.open(self._holder(index), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                continue
            os.write(file, f"{os.getpid()} {time.monotonic()}".encode())
            os.close(file)
            yield index

    def find_holder(self, index: int) -> tuple[int, float]:
        """The process that took a replicate, and seconds since then; 0 for one not taken."""
        try:
            words = self._holder(index).read_text().split()
        except FileNotFoundError:
            words = []
        return (int(words[0]), time.monotonic() - float(words[1])) if words else (0, 0.0)

    def put(self, index: int, draws: Draws) -> None:
        """Hand in the draws of a replicate, whole."""
        with write_beside(self._draws(index)) as part:
            part.write_bytes(pickle.dumps(draws))

    def read(self, index: int) -> Draws | None:
        """The draws of a replicate; None where they are not there yet."""
        try:
            return pickle.loads(self._draws(index).read_bytes())  # type: ignore[no-any-return]
        except FileNotFoundError:
            return None

    def _holder(self, index: int) -> Path:
        return self.folder / f"{index}.taken"

    def _draws(self, index: int) -> Path:
        return self.folder / f"{index}.draws"
