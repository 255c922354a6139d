"""A data file of any kind that pandas or NumPy reads, as a table."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.tables.table import Column, Table, make_table, read_frame
from samplerbench.harness.campaign.tables.text_table import read_text_table
from samplerbench.models.loading import data_files
from samplerbench.text import is_number_text
from samplerbench.user_files import open_archive, parse_json, read_text, require_regular

TEXTS = (".csv", ".tsv", ".tab", ".txt", ".dat", ".csv.gz", ".tsv.gz", ".txt.gz")
Columns = Mapping[str, str]  # those asked for: the program's name -> the table's, or its number
Reader = Callable[[Path, Columns], Table]


def read_table(path: Path, columns: Columns) -> Table:
    """The table in a file; ``columns`` are those asked for. Raises UsageError."""
    kind = find_kind(path)
    if kind not in READERS:
        raise UsageError(
            f"data file {str(path)!r} is of no kind that can be read\n"
            f"  expected: one of {', '.join(READERS)}"
        )
    return READERS[kind](path, columns)


def find_kind(path: Path) -> str:
    """The ending that says how a file is read; of a packed one with what is packed."""
    kinds = [suffix.lower() for suffix in path.suffixes[-2:]]
    return "".join(kinds) if kinds[-1:] == [".gz"] else "".join(kinds[-1:])


def _read_arrays(path: Path, columns: Columns) -> Table:
    arrays = data_files.read_arrays(path)
    return Table(str(path), {n: Column(a) for n, a in arrays.items()}, is_table=False)


def _read_json(path: Path, columns: Columns, lines: bool = False) -> Table:
    """Records, a frame as pandas writes it, or arrays by name as Stan's data.

    With ``lines``, one record a line.
    """
    import pandas

    try:
        text = read_text(path)
        content = _parse_lines(text) if lines else parse_json(text)
        if not isinstance(content, (list, dict)):
            raise ValueError(f"it holds {content!r} alone")
        content = _orient(content)
        values = list(content.values()) if isinstance(content, dict) else []
        sizes = {len(value) for value in values if isinstance(value, (list, dict))}
        if all(isinstance(value, (list, dict)) for value in values) and len(sizes) < 2:
            return read_frame(pandas.DataFrame(content), str(path))
        return replace(make_table(content), source=str(path))
    except (OSError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise UsageError(
            f"data file {str(path)!r} can't be read: {error}\n"
            "  expected: a list of records, or an object with an array for each name"
        ) from error


def _orient(content: Any) -> Any:
    """JSON of pandas that is split, by row or with a schema, as records; what is none, as it is."""
    if not isinstance(content, dict):
        return content
    parts: list[Any] = [content.get(name) for name in ("columns", "data", "schema")]
    names, rows, schema = parts
    lists = isinstance(names, list) and isinstance(rows, list)
    if lists and set(content) <= {"columns", "data", "index"}:
        if _are_all(str, names) and _are_all(list, rows):
            return [dict(zip(names, row, strict=True)) for row in rows]
    if isinstance(schema, dict) and set(content) == {"schema", "data"}:
        index = schema.get("primaryKey", ())
        return [{n: v for n, v in row.items() if n not in index} for row in rows]
    by_row = all(map(is_number_text, content)) and _are_all(dict, content.values())
    return [*content.values()] if by_row and content else content


def _are_all(kind: type, values: Iterable[Any]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _parse_lines(text: str) -> list[Any]:
    """The records of JSON text with one a line. Raises ValueError that names the line."""
    records = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            records += [parse_json(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(f"line {number}: {getattr(error, 'msg', error)}") from error
    return records


def _read_frame(path: Path, columns: Columns, reader: str, package: str, first_row: int) -> Table:
    import pandas  # inside: most campaigns read no table

    _refuse_missing_package(path, package)
    try:
        require_regular(path)
        if zipfile.is_zipfile(path):  # as .xlsx is
            with open_archive(path):
                pass
        if reader == "read_excel":
            return _read_sheet(path, first_row)
        frame = getattr(pandas, reader)(path)
    except UsageError:
        raise
    except Exception as error:  # each reader raises what it likes
        raise UsageError(
            f"data file {str(path)!r} can't be read: {type(error).__name__}: {error}\n"
            f"  expected: a table that pandas.{reader} reads"
        ) from error
    return read_frame(frame, str(path), first_row)


def _read_sheet(path: Path, first_row: int) -> Table:
    """The first sheet of a workbook, under the names that stand on top."""
    import pandas

    with pandas.ExcelFile(path) as book:
        frame, top = book.parse(), book.parse(header=None, nrows=1)
        others = [str(name) for name in book.sheet_names[1:]]
    given = top.iloc[0].dropna() if len(top) else {}  # pandas calls the second "x" "x.1"
    frame.columns = [given.get(i, name) for i, name in enumerate(frame.columns)]
    table = read_frame(frame, str(path), first_row)
    note = f"only the first sheet read, not {', '.join(others)}"
    return replace(table, notes=(*table.notes, *[note] * bool(others)))


def _refuse_missing_package(path: Path, package: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise UsageError(
            f"data file {str(path)!r}: reading {path.suffix} needs the package {package!r}: "
            f"{error}\n  expected: pip install {package}; or the table as .csv"
        ) from error


def _pandas(reader: str, package: str, first_row: int = 1) -> Reader:
    """The reader by pandas' function of this name, which needs ``package``."""
    return partial(_read_frame, reader=reader, package=package, first_row=first_row)


#: ending of a file's name -> its reader
READERS: dict[str, Reader] = {
    ".npz": _read_arrays,
    **dict.fromkeys(TEXTS, read_text_table),
    ".json": _read_json,
    **dict.fromkeys((".jsonl", ".ndjson"), partial(_read_json, lines=True)),
    **dict.fromkeys((".parquet", ".pq"), _pandas("read_parquet", "pyarrow")),
    ".feather": _pandas("read_feather", "pyarrow"),
    ".xlsx": _pandas("read_excel", "openpyxl", first_row=2),
    ".xls": _pandas("read_excel", "xlrd", first_row=2),
    ".ods": _pandas("read_excel", "odf", first_row=2),
}
