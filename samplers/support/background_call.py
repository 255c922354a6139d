"""A call in a thread of its own, which one can wait for without waiting for ever.

Compiled code can't be interrupted, but it leaves Python's lock, so that others may go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Aside:
    """``call()`` under way in another thread; it goes on until its process ends."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._found: list[Any] = []
        self._failed: list[BaseException] = []

        def run() -> None:
            try:
                self._found.append(call())
            except BaseException as error:  # handed to whoever asks for the result
                self._failed.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def done(self, seconds: float | None = None) -> bool:
        """Whether it has ended within ``seconds`` from now; None waits for it."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Any:
        """What the call gave, once it is done; raises what it raised."""
        self.done()
        if self._failed:
            raise self._failed[0]
        return self._found[0]
