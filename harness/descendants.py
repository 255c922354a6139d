"""All processes that a worker has started, its daemons too: found by a variable that they inherit.

A daemon leaves its group and its parent, but not the environment that it was started with. Found on
Linux, in /proc; elsewhere only the worker's own group is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "SAMPLERBENCH_WORKER"
PROCESSES = Path("/proc")
MOST_ROUNDS = 50  # of looking for processes that others have started meanwhile
PAUSE_S = 0.01  # between them, in which those that were ended go


def name_signal(number: int) -> str:
    """What a signal is called; real-time ones have no name."""
    names = {each.value: each.name for each in signal.Signals}
    return names.get(number, f"signal {number}")


def kill_all(mark: str) -> None:
    """End every process whose environment has ``mark``, but for this one."""
    for _ in range(MOST_ROUNDS):
        numbers = list(find_marked(mark))
        if not numbers:
            return
        for number in numbers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        time.sleep(PAUSE_S)


def find_marked(mark: str) -> Iterator[int]:
    """The numbers of running processes that have inherited ``mark``; not of this one."""
    entry = f"{VARIABLE}={mark}".encode()
    for folder in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = (folder / "environ").read_bytes().split(b"\0")
            if entry in variables and int(folder.name) != os.getpid():
                yield int(folder.name)
