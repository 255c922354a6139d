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
EXPECTED_FILE = (
    "expected: an .npz of arrays by name, or a .csv whose columns have their names on top"
)


def check_data_file(name: str) -> tuple[str, str]:
    """Refuse a file that can't be data -> (full path, digest). Raises UsageError."""
    path = Path(name).expanduser().resolve()
    if path.suffix not in KINDS:
        raise UsageError(f"data file {name!r} is neither .npz nor .csv\n  {EXPECTED_FILE}")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise read_error(name, error.strerror or str(error)) from error
    read_data(path)
    return str(path), digest


def read_data(path: Path) -> dict[str, Any]:
    """What the program is called with, by keyword: arrays; single whole numbers stay numbers.

    A column of a .csv is an array, of integers where all of it is whole. Raises UsageError.
    """
    return _read_npz(path) if path.suffix == ".npz" else _read_csv(path)


def read_error(name: object, why: str) -> UsageError:
    """The error for a data file that can't be read, and why."""
    return UsageError(f"data file {str(name)!r} can't be read: {why}\n  {EXPECTED_FILE}")


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no .npz file")
        with np.load(path, allow_pickle=False) as arrays:
            data = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise read_error(path, str(error)) from error
    for name, array in data.items():
        if array.dtype.kind not in "biuf" and array.ndim:
            raise read_error(path, f"array {name!r} holds {array.dtype}, no numbers")
    scalars = "biuU"
    return {
        name: a.item() if a.ndim == 0 and a.dtype.kind in scalars else a for name, a in data.items()
    }


def _read_csv(path: Path) -> dict[str, Any]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise read_error(path, str(error)) from error
    if len(lines) < 2:
        raise read_error(path, "it holds no line below its header")
    names, rows = [name.strip() for name in lines[0]], lines[1:]
    if not all(names) or len(set(names)) < len(names):
        raise read_error(path, f"a name in its header is empty or there twice: {', '.join(names)}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise read_error(path, f"row {number} has {len(row)} cells, the header {len(names)}")
    return {
        name: _parse_column(path, name, [row[i] for row in rows]) for i, name in enumerate(names)
    }


def _parse_column(path: Path, name: str, cells: list[str]) -> np.ndarray:
    for kind in (np.int64, np.float64):
        try:
            return np.array([cell.strip() for cell in cells]).astype(kind)
        except (ValueError, OverflowError):
            continue
    bad = next(i for i, cell in enumerate(cells) if not _is_number(cell))
    raise read_error(path, f"{cells[bad]!r} in row {bad + 2} of column {name!r} is no number")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
