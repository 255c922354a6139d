"""SIGTERM treated as Ctrl-C, so that a stopped run ends its workers and keeps what is finished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupt_on_sigterm(stop: threading.Event) -> Iterator[None]:
    """Within this context SIGTERM sets ``stop`` and raises KeyboardInterrupt, as Ctrl-C does.

    Signals belong to the main thread; in another one nothing is changed.
    """

    def interrupt(*_: Any) -> None:
        stop.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
