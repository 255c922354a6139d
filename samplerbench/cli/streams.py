"""Standard output and error that never end a command: what they can't take is lost.

A reader may leave, as `| head` does; a disk may be full; a stream may be closed, or be ASCII.
The command goes on with its work, and its exit code is that of the work.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

#: what stands for a character that a stream's encoding lacks; others are shown by their code
PLAIN = {"±": "+-", "×": "x", "–": "-", "—": "-", "…": "...", "≥": ">=", "≤": "<=", "²": "^2"}
ERRORS = "samplerbench-plain"


def _replace_characters(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(PLAIN.get(c, ascii(c)[1:-1]) for c in lost), error.end


class LastingStream(io.TextIOWrapper):
    """A text stream whose writes raise nothing: after the first that fails, all is thrown away."""

    failure: OSError | None = None  # the first error

    def write(self, text: str) -> int:
        """Write ``text``, or throw it away; its length."""
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Write what waits, or throw it away."""
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Have what waits in the buffer, and all that comes, go nowhere."""
        self.failure = self.failure or error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def lasting_streams() -> Iterator[None]:
    """Standard output and error as lasting streams for the time of a ``with`` block."""
    codecs.register_error(ERRORS, _replace_characters)
    _open_closed()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_wrap(stream, i) for i, stream in enumerate(before, 1))
    try:
        yield
    finally:
        for now, then in zip((sys.stdout, sys.stderr), before, strict=True):
            if isinstance(now, LastingStream) and now is not then:
                now.flush()
                now.detach()  # its buffer belongs to the stream that was there
        sys.stdout, sys.stderr = before


def is_gone(stream: TextIO) -> bool:
    """Whether nobody reads any more what is written to ``stream``."""
    return isinstance(stream, LastingStream) and stream.failure is not None


def describe_loss() -> str:
    """Why standard output is not whole, where its reader did not leave of himself; else ""."""
    sys.stdout.flush()
    failure = sys.stdout.failure if isinstance(sys.stdout, LastingStream) else None
    if failure is None or failure.errno == errno.EPIPE:
        return ""
    return str(failure.strerror or failure)


def _open_closed() -> None:
    """Open nothing where a standard stream is closed, so that no file takes its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


def _wrap(stream: Any, number: int) -> Any:
    """``stream`` as a lasting one; one of another kind, as a test's or a notebook's, stays."""
    if stream is None:  # closed when Python started
        return open(os.devnull, "w", encoding="utf-8")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if type(stream) is io.TextIOWrapper and stream.fileno() == number:
            stream.flush()
            return LastingStream(
                stream.buffer,
                stream.encoding,
                ERRORS,
                line_buffering=stream.line_buffering,
                write_through=stream.write_through,
            )
    return stream
