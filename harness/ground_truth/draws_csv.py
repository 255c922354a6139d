"""Draws in tables of text: CSV, and CmdStan's with its comments and saved warm-up."""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.ground_truth.draws_columns import arrange_columns, explain, file_error
from samplerbench.text import is_number_text
from samplerbench.user_files import read_text, require_regular

Array = np.ndarray


def read_csv(path: Path) -> dict[str, Array]:
    """Arrays by site, without saved warm-up. Raises UsageError."""
    import pandas

    try:
        require_regular(path)
        # what is packed is unpacked here, as much of it as is allowed
        text = read_text(path) if path.suffix == ".gz" else None
        with open(path, encoding="utf-8-sig", errors="replace") as lines:
            comments, header, first = _read_top(lines if text is None else io.StringIO(text))
        separator = next((each for each in ";\t" if each in header), ",")
        _refuse_bad_header(path, header, separator)
        is_comma = separator != "," and re.search(r"\d,\d", first) and not re.search(r"\d\.", first)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)  # cells would be lost
            table = pandas.read_csv(
                path if text is None else io.StringIO(text),
                sep=separator,
                decimal="," if is_comma else ".",
                comment="#",
                skipinitialspace=True,
                index_col=False,
            )
        table = table.iloc[_count_warmup(comments) :]
    except UsageError:
        raise
    except (OSError, ValueError, ArithmeticError, MemoryError, Warning) as error:
        raise file_error(path, explain(error)) from error
    return arrange_columns(path, {str(n): _read_numbers(path, str(n), table[n]) for n in table})


def _read_top(lines: Iterable[str]) -> tuple[str, str, str]:
    """The comments on top of a table, its header, and its first line of values."""
    comments: list[str] = []
    rest: list[str] = []
    for line in lines:
        if line.startswith("#") and not rest:
            comments.append(line)
        elif line.strip() and not line.startswith("#"):
            rest.append(line.strip("\n"))
        if len(rest) == 2:
            break
    header, first = [*rest, "", ""][:2]
    return "".join(comments), header, first


def _refuse_bad_header(path: Path, header: str, separator: str) -> None:
    """Raise UsageError for a first line that is no header, and for a name that is there twice."""
    lines = csv.reader([header], delimiter=separator, skipinitialspace=True)
    names = [name.strip() for line in lines for name in line]
    if names and all(map(is_number_text, names)):
        reason = f"its first line looks like numbers: {', '.join(names[:4])}"
        raise file_error(path, f"{reason}; names are wanted on top of the columns")
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise file_error(path, f"two columns are called {twice[0]!r}")


def _read_numbers(path: Path, name: str, series: Any) -> Array:
    """The numbers in a column. Raises UsageError with the first cell that is none."""
    import pandas

    if pandas.api.types.is_numeric_dtype(series):
        return series.to_numpy()
    numbers = pandas.to_numeric(series, errors="coerce")
    bad = numbers.isna() & series.notna()
    if bad.any():
        cell, draw = series[bad].iloc[0], int(np.flatnonzero(bad)[0])
        raise file_error(path, f"{cell!r} in draw {draw} of column {name!r} is no number")
    return numbers.to_numpy(dtype=np.float64)


def _count_warmup(comments: str) -> int:
    """How many rows of saved warm-up come first, by the comments on top of a file of Stan's."""
    said = dict(re.findall(r"^#\s*(\w+)\s*=\s*(\S+)", comments, re.MULTILINE))
    if said.get("save_warmup") not in ("1", "true"):
        return 0
    warmup = said.get("num_warmup") or said.get("warmup", "0")  # as CmdStan, as RStan calls it
    return math.ceil(int(warmup) / int(said.get("thin", 1)))
