"""Signals that stop a command: SIGTERM treated as Ctrl-C, and Ctrl-C known for what it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def remember_sigint() -> Iterator[threading.Event]:
    """Within this context Ctrl-C sets the event that it gives, and raises KeyboardInterrupt.

    A library's compiled code may make another error of that, as NumPy's does while it is imported.
    Where SIGINT is ignored, and outside the main thread, nothing is changed.
    """
    stopped = threading.Event()

    def interrupt(*_: Any) -> None:
        stopped.set()
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stopped
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
