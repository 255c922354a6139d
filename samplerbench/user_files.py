"""Files of a user's, read within limits: regular ones alone, of a bounded size.

A pipe or a device would hang its reader, and a small archive can claim terabytes. The errors are
OSError and ValueError, whose text says why; who reads adds which file, and what was expected.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError

MOST_BYTES = 4_000_000_000  # of a file, and of what an archive holds
MOST_TEXT = 2**24  # of a file that a person writes
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def split_file(text: str) -> tuple[str, str]:
    """The file of Python in ``text``, "path/to/file.py:NAME...", and the rest; "" for no file."""
    found = re.match(r"(.*?\.(?:py|ipynb))(?::(.*))?$", text, re.DOTALL)
    return (found[1], found[2] or "") if found else ("", text)


def as_path(name: str, value: object) -> Path:
    """The argument ``name`` as a Path. Raises UsageError for what is none."""
    try:
        path = Path(value)  # type: ignore[arg-type]  # what it is for
    except TypeError as error:
        raise UsageError(f"{name}={value!r}\n  expected: a path") from error
    if "\0" in str(path):  # of which the system makes a ValueError, wherever it is first asked
        raise UsageError(f"{name}={value!r}\n  expected: a path, without a null character")
    return path


def as_optional_path(name: str, value: object) -> Path | None:
    """The argument ``name`` as a Path; None where it is not given, as None or ``""``."""
    return None if value is None or (isinstance(value, str) and not value) else as_path(name, value)


def full_path(name: str | os.PathLike[str]) -> Path:
    """The absolute path; a loop of links, and ``~`` where there is no home, stay as they are."""
    path = Path(os.path.expanduser(name)).absolute()
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links, which reading it tells
        return path


def require_regular(path: Path, most: int = MOST_BYTES) -> None:
    """Raise OSError for what is no file, and for one of more than ``most`` bytes."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"it is {KINDS.get(stat.S_IFMT(found.st_mode), 'special')}, no file")
    if found.st_size > most:
        raise OSError(f"it has {found.st_size:,} bytes; at most {most:,} are read")


def read_limited(path: Path, most: int = MOST_BYTES) -> bytes:
    """What a file holds. Raises OSError as ``require_regular`` does."""
    require_regular(path, most)
    return path.read_bytes()


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a file, in UTF-8 or in UTF-16 with its mark, packed where it ends in ``.gz``.

    Lines end in a line feed. Raises OSError, and ValueError for what is no text.
    """
    content = read_limited(path, most)
    if path.suffix == ".gz":
        content = _unpack(content, most)
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if is_wide:
            raise ValueError("it is cut short, or no text") from error
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise ValueError(f"it is no text in UTF-8: byte 0x{byte:02x} in line {line}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unpack(content: bytes, most: int) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(most + 1)
    except (EOFError, zlib.error, OSError) as error:
        raise ValueError(f"it is no sound .gz file: {error}") from error
    if len(unpacked) > most:
        raise ValueError(f"it holds more than {most:,} bytes, which is the most that is read")
    return unpacked


def parse_json(content: str | bytes, read_whole: Callable[[str], float] = int) -> Any:
    """What JSON text stands for. Raises ValueError, also for text nested too deep.

    So for a name that an object has twice, of which Python would take the last. ``read_whole``
    reads a whole number.
    """
    try:
        return json.loads(content, parse_int=read_whole, object_pairs_hook=_refuse_twice)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:60]!r} is there twice in one object")
    return found


@contextlib.contextmanager
def open_archive(path: Path, most: int = MOST_BYTES) -> Iterator[zipfile.ZipFile]:
    """A zip file whose content is bounded. Raises OSError, and ValueError for an unsound one.

    So do reads inside the ``with`` block.
    """
    require_regular(path, most)
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError(f"it is no {path.suffix} file")
        with zipfile.ZipFile(path) as archive:
            _refuse_huge(archive, most)
            yield archive
    except MemoryError as error:
        raise ValueError("it holds more than fits the memory") from error
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError),
        *(KeyError, OverflowError, TypeError, AttributeError),
    ) as error:  # damaged, encrypted, of a method that Python lacks, of strange arrays
        raise ValueError(str(error) or type(error).__name__) from error


def read_json_bytes(path: Path) -> bytes:
    """The bytes of a file of JSON, or of the only one in a ``.zip``. Raises as open_archive."""
    if path.suffix != ".zip":
        return read_limited(path)
    with open_archive(path) as archive:
        inside = [name for name in archive.namelist() if name.endswith(".json")]
        if len(inside) != 1:
            raise ValueError(f"{len(inside)} JSON files in it, one was expected")
        return archive.read(inside[0])


def _refuse_huge(archive: zipfile.ZipFile, most: int) -> None:
    size = sum(member.file_size for member in archive.infolist())
    if size > most:
        raise ValueError(f"it claims to hold {size:,} bytes; at most {most:,} are read")
