"""A call in a background thread, which one can wait for without waiting for ever.

Compiled code can't be interrupted, but it leaves Python's lock, so that others may go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class BackgroundCall:
    """``call()`` in another thread; it goes on until it returns or the process ends."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._values: list[Any] = []
        self._errors: list[BaseException] = []

        def run() -> None:
            try:
                self._values.append(call())
            except BaseException as error:  # handed to whoever asks for the result
                self._errors.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for ``seconds`` (None: until the end) -> whether the call has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Any:
        """The value of the call, waiting for its end; raises what it raised."""
        self.wait()
        if self._errors:
            raise self._errors[0]
        return self._values[0]
