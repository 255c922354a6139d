"""Rows as a Parquet file: a column a single value, with the names of the CSV."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError
from samplerbench.files import explain_failure, write_beside
from samplerbench.reports.tables.cells import Row, get_value
from samplerbench.reports.tables.csv_json import NUMBERS, RECORDS, flatten

if TYPE_CHECKING:
    import pandas


def write(rows: Sequence[Row], names: Sequence[str], path: Path) -> None:
    """Write the columns ``names`` of ``rows``. Raises UsageError, also without pyarrow."""
    _require_pyarrow()
    try:
        with write_beside(path) as part:
            make_frame(rows, names).to_parquet(part, engine="pyarrow", index=False)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} can't be written: {explain_failure(error)}\n"
            "  expected: a file in a folder that is there"
        ) from error


def _require_pyarrow() -> None:
    try:
        importlib.import_module("pyarrow")
    except ImportError as error:
        is_absent = isinstance(error, ModuleNotFoundError)
        package = "samplerbench[parquet]" if is_absent else "pyarrow<24"  # with NumPy 1 as well
        raise UsageError(
            f"Parquet is written with pyarrow: {error}\n"
            "  expected: pyarrow beside samplerbench; install it with: "
            f"pip install '{package}', or take --format csv"
        ) from error


def make_frame(rows: Sequence[Row], names: Sequence[str]) -> pandas.DataFrame:
    """The rows as a DataFrame without nested cells, each column of one type."""
    import pandas

    table = pandas.DataFrame([_flatten_row(row, names) for row in rows])
    for name in table.columns:
        if name in NUMBERS:
            table[name] = pandas.to_numeric(table[name]).astype("float64")
        elif pandas.api.types.infer_dtype(table[name], skipna=True).startswith("mixed"):
            table[name] = table[name].map(str, na_action="ignore")
    return table


def _flatten_row(row: Row, names: Sequence[str]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name in names:
        cells.update(flatten(name, row[name]) if name in RECORDS else {name: get_value(row, name)})
    return cells
