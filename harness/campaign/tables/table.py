"""A table of data: columns by name, each with what it holds and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.text import is_number_text

EXPECTED_DATA = "expected: a pandas DataFrame, or a dict of arrays by name"


@dataclass(frozen=True)
class Column:
    """The values under one name: numbers, truth values or words."""

    values: np.ndarray  # [row] of a table, any shape of an array; of words, dtype U
    missing: np.ndarray | None = None  # [row], where cells are missing
    is_whole: bool = False  # whether numbers are whole but for the missing cells, which are NaN
    levels: tuple[str, ...] = ()  # all words of an ordered category, in its order

    @property
    def holds_words(self) -> bool:
        """Whether its values are words; a single one is a switch of the program."""
        return self.values.dtype.kind == "U" and self.values.ndim > 0


@dataclass(frozen=True)
class Table:
    """Columns by name, as read from a file or handed over in Python."""

    source: str  # what errors and notes call it
    columns: Mapping[str, Column]
    notes: tuple[str, ...] = ()  # what was guessed when it was read
    first_row: int = 1  # the number that its file gives to its first row of values
    is_table: bool = True  # whether columns share rows; arrays of an .npz need not
    looks_headless: bool = False  # whether its names look like numbers


def make_table(data: Any) -> Table:
    """The table of a DataFrame or a dict of arrays that Python hands over. Raises UsageError."""
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        return read_frame(data if hasattr(data, "iloc") else _to_pandas(data), "data")
    if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
        raise UsageError(f"data is of type {type(data).__name__}\n  {EXPECTED_DATA}")
    given = {name: np.asarray(value) for name, value in data.items() if value is not None}
    for name, array in given.items():
        if array.dtype.kind not in "biufU":
            raise UsageError(f"data[{name!r}] holds {array.dtype}, no numbers\n  {EXPECTED_DATA}")
    return Table("data", {n: Column(array) for n, array in given.items()}, is_table=False)


def _to_pandas(frame: Any) -> Any:
    """A DataFrame of another library, of polars say, as one of pandas."""
    import pandas

    return pandas.DataFrame({name: frame[name].to_list() for name in frame.columns})


def read_frame(frame: Any, source: str, first_row: int = 1) -> Table:
    """The table of a pandas DataFrame; an index that has a name is a column."""
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    names = [str(name).strip() for name in frame.columns]
    unnamed = [i for i, name in enumerate(names) if name.startswith("Unnamed: ") or not name]
    kept = [i for i in range(len(names)) if i not in unnamed]
    if not kept:
        raise UsageError(
            f"data file {source!r} can't be read: no column has a name in the first row\n"
            "  expected: a table whose first row has a name of its own for each column"
        )
    refuse_bad_names([names[i] for i in kept], source)
    if not len(frame):
        raise UsageError(f"data file {source!r} can't be read: it holds no row")
    columns = {names[i]: _read_series(frame.iloc[:, i]) for i in kept}
    notes = ("a column without a name left out",) if unnamed else ()
    return Table(source, columns, notes, first_row)


def refuse_bad_names(names: list[str], source: str) -> None:
    """Raise UsageError for a name that is empty or there twice."""
    if not all(names) or len(set(names)) < len(names):
        headless = all(map(is_number_text, names))
        why = "a name in its header is empty or there twice"
        why = "its first line looks like numbers" if headless else why
        how = "; data go by number, too, as --columns x=0,y=1" if headless else ""
        raise UsageError(
            f"data file {source!r} can't be read: {why}: {', '.join(names)}\n"
            f"  expected: a name of its own on top of each column{how}"
        )


def _read_series(series: Any) -> Column:
    missing = series.isna().to_numpy(dtype=bool)
    kind = getattr(series.dtype, "kind", "O")
    if kind == "f":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        given = values[~missing]  # pandas makes floats of whole numbers where cells are missing
        return Column(values, missing, bool(missing.any() and (given == np.round(given)).all()))
    if kind in "biu" and not missing.any():
        dtype = {"b": np.bool_, "i": np.int64, "u": np.uint64}[kind]
        return Column(series.to_numpy(dtype=dtype), missing)
    column = parse_cells([str(value) for value in series], missing)
    if column.holds_words and getattr(series.dtype, "ordered", False):
        return replace(column, levels=tuple(map(str, series.dtype.categories)))
    return column


def parse_cells(cells: list[str], missing: np.ndarray) -> Column:
    """Whole numbers, numbers, truth values or else words; of missing cells, NaN."""
    words = np.array(cells, dtype=str)
    given = words[~missing]
    for kind in (np.int64, np.float64) if all(map(is_number_text, given)) else ():
        try:
            numbers = given.astype(kind)
        except (ValueError, OverflowError):
            continue
        if not missing.any():
            return Column(numbers, missing)
        values = np.full(len(words), np.nan)
        values[~missing] = numbers
        return Column(values, missing, kind is np.int64)
    if not missing.any() and set(np.char.lower(words)) <= {"true", "false"}:
        return Column(np.char.lower(words) == "true", missing)
    return Column(words, missing)


def has_thousands(cell: str) -> bool:
    """Whether a cell may hold thousands that are set apart, as 1,500 and 1.234.567,8 may."""
    return (
        re.fullmatch(r"[-+]?[1-9]\d{0,2}([.,' \u00a0\u2019\u202f]\d{3})+([.,]\d*)?", cell)
        is not None
    )


def is_date(cell: str) -> bool:
    """Whether a cell is a date, as 2024-01-31, 31.1.24 or 2024-01-31 12:00:00."""
    day = r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2}))"
    return re.fullmatch(rf"{day}([ T]\d{{1,2}}:\d\d.*)?", cell.strip()) is not None


def find_unit(cells: Iterable[str]) -> str:
    """What stands before or behind the number in each of ``cells``, as '$' or 'mg'; else ""."""
    pattern = r"([$€£¥]?)\s*([-+]?[\d.]+)\s*(\D*)"
    matches = [re.fullmatch(pattern, cell) for cell in cells]
    if not all(match and is_number_text(match[2]) for match in matches):
        return ""
    units = {(match[1], match[3]) for match in matches if match}
    return " and ".join(repr(part) for part in units.pop() if part) if len(units) == 1 else ""
