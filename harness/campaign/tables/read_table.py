"""A data file of any kind that pandas or NumPy reads, as a table."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.tables.table import Column, Table, make_table, read_frame
from samplerbench.harness.campaign.tables.text_table import read_text_table
from samplerbench.models.loading import data_files

TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat")
#: ending -> pandas' reader, and the package that it needs
READERS = {
    ".parquet": ("read_parquet", "pyarrow"),
    ".pq": ("read_parquet", "pyarrow"),
    ".feather": ("read_feather", "pyarrow"),
    ".xlsx": ("read_excel", "openpyxl"),
    ".xls": ("read_excel", "xlrd"),
    ".ods": ("read_excel", "odf"),
}
KINDS = (".npz", *TEXT, ".json", ".jsonl", *READERS)


def read_table(path: Path, columns: dict[str, str]) -> Table:
    """The table in a file; ``columns`` are those asked for. Raises UsageError."""
    kind = path.suffix.lower()
    if kind == ".npz":
        arrays = data_files.read_arrays(path)
        return Table(str(path), {n: Column(a) for n, a in arrays.items()}, is_table=False)
    if kind in TEXT:
        return read_text_table(path, columns)
    if kind in (".json", ".jsonl"):
        return _read_json(path, lines=kind == ".jsonl")
    if kind not in READERS:
        raise UsageError(
            f"data file {str(path)!r} is of no kind that can be read\n"
            f"  expected: one of {', '.join(KINDS)}"
        )
    return read_frame(_read_frame(path, kind), str(path), 2 if "excel" in READERS[kind][0] else 1)


def _read_json(path: Path, lines: bool) -> Table:
    """Records, columns by row name as pandas writes them, or arrays by name as Stan's data.

    With ``lines``, one record a line.
    """
    import pandas

    try:
        text = path.read_text("utf-8-sig")
        filled_lines = [line for line in text.splitlines() if line.strip()]
        content = [json.loads(line) for line in filled_lines] if lines else json.loads(text)
        values = list(content.values()) if isinstance(content, dict) else []
        sizes = {len(value) for value in values if isinstance(value, (list, dict))}
        if all(isinstance(value, (list, dict)) for value in values) and len(sizes) < 2:
            return read_frame(pandas.DataFrame(content), str(path))
        return replace(make_table(content), source=str(path))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"data file {str(path)!r} can't be read: {error}\n"
            "  expected: a list of records, or an object with an array for each name"
        ) from error


def _read_frame(path: Path, kind: str) -> Any:
    import pandas  # inside: most campaigns read no table

    reader, package = READERS[kind]
    _refuse_missing_package(path, kind, package)
    try:
        return getattr(pandas, reader)(path)
    except Exception as error:  # each reader raises what it likes
        raise UsageError(
            f"data file {str(path)!r} can't be read: {type(error).__name__}: {error}\n"
            f"  expected: a table that pandas.{reader} reads"
        ) from error


def _refuse_missing_package(path: Path, kind: str, package: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise UsageError(
            f"data file {str(path)!r}: reading {kind} needs the package {package!r}: {error}\n"
            f"  expected: pip install {package}; or the table as .csv"
        ) from error
