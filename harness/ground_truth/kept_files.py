"""Files that a campaign keeps beside its database, read so that a damaged one is named."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import SamplerbenchError, UsageError, one_line

#: what readers of arrays and of JSON raise for a file of other content
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,  # a zip file of a kind that Python can't read
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def open_arrays(path: Path) -> Iterator[Any]:
    """The arrays in an .npz file; raises UsageError where it is damaged."""
    # opened here: NumPy leaves a file open that is no zip file
    with name_damaged(path), open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
        yield arrays


@contextlib.contextmanager
def name_damaged(path: Path) -> Iterator[None]:
    """Raise UsageError with ``path`` for whatever a damaged file makes its reader raise."""
    try:
        yield
    except SamplerbenchError:
        raise
    except UNREADABLE as error:
        raise UsageError(
            f"{str(path)!r} is damaged: {one_line(error)}\n"
            "  expected: what a run wrote; remove it, and `samplerbench run` makes it anew"
        ) from error
