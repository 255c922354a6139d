"""Data for a program of one's own from a file: arrays by name, .npz or .csv."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError

KINDS = (".npz", ".csv")
EXPECTED = "expected: an .npz of arrays by name, or a .csv whose columns have their names on top"


def check(name: str) -> tuple[str, str]:
    """Refuse a file that can't be data -> (full path, digest). Raises UsageError."""
    path = Path(name).expanduser().resolve()
    if path.suffix not in KINDS:
        raise UsageError(f"data file {name!r} is neither .npz nor .csv\n  {EXPECTED}")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise unreadable(name, error.strerror or str(error)) from error
    read(path)
    return str(path), digest


def read(path: Path) -> dict[str, Any]:
    """What the program is called with, by keyword: arrays; single whole numbers stay numbers.

    A column of a .csv is an array, of integers where all of it is whole. Raises UsageError.
    """
    return _npz(path) if path.suffix == ".npz" else _csv(path)


def unreadable(name: object, why: str) -> UsageError:
    """The refusal of a file that holds something else."""
    return UsageError(f"data file {str(name)!r} can't be read: {why}\n  {EXPECTED}")


def _npz(path: Path) -> dict[str, Any]:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise unreadable(path, str(error)) from error
    for name, array in found.items():
        if array.dtype.kind not in "biuf" and array.ndim:
            raise unreadable(path, f"array {name!r} holds {array.dtype}, no numbers")
    plain = {n: a.item() if a.ndim == 0 and a.dtype.kind in "biuU" else a for n, a in found.items()}
    return plain


def _csv(path: Path) -> dict[str, Any]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, str(error)) from error
    if len(lines) < 2:
        raise unreadable(path, "it holds no line below its header")
    names, rows = [name.strip() for name in lines[0]], lines[1:]
    if not all(names) or len(set(names)) < len(names):
        raise unreadable(path, f"a name in its header is empty or there twice: {', '.join(names)}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise unreadable(path, f"row {number} has {len(row)} cells, the header {len(names)}")
    return {name: _column(path, name, [row[i] for row in rows]) for i, name in enumerate(names)}


def _column(path: Path, name: str, cells: list[str]) -> np.ndarray:
    for kind in (np.int64, np.float64):
        try:
            return np.array([cell.strip() for cell in cells]).astype(kind)
        except (ValueError, OverflowError):
            continue
    bad = next(i for i, cell in enumerate(cells) if not _is_number(cell))
    raise unreadable(path, f"{cells[bad]!r} in row {bad + 2} of column {name!r} is no number")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
