"""Draws in tables of text: CSV, and CmdStan's with its comments and saved warm-up."""

from __future__ import annotations

import io
import itertools
import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.delimited_text import has_row_names, split_cells, strip_comment
from samplerbench.harness.ground_truth.draws_columns import (
    arrange_columns,
    explain,
    file_error,
    lost_file_error,
)
from samplerbench.text import format_count, is_number_text
from samplerbench.user_files import read_text

Array = np.ndarray
ROW_NAMES = ".row_names"  # of the column that has no name in the file
WHOLE = "all draws of a run; one that failed is left out, and of judged draws --failures counts it"


def read_csv(path: Path) -> dict[str, Array]:
    """Arrays by site, without saved warm-up. Raises UsageError."""
    import pandas

    try:
        comments, rows = _split_comments(read_text(path))
        if not rows:
            raise file_error(path, "it holds no draws")
        separator, names = _find_names(path, rows)
        if has_row_names(len(names), split_cells(rows[1:], separator)):
            rows[0], names = f"{ROW_NAMES}{separator}{rows[0]}", [ROW_NAMES, *names]
        _refuse_ragged(path, len(names), rows, separator)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)  # cells would be lost
            table = pandas.read_csv(
                io.StringIO("\n".join(rows)),
                sep=r"\s+" if separator == " " else separator,
                decimal="," if _has_decimal_commas(rows, separator) else ".",
                comment="#",
                skipinitialspace=True,
                index_col=False,
            )
        table = table.iloc[_count_other_rows(path, "\n".join(comments), len(table)) :]
    except UsageError:
        raise
    except FileNotFoundError as error:
        raise lost_file_error(path, error) from error
    except (OSError, ValueError, ArithmeticError, MemoryError, Warning) as error:
        raise file_error(path, explain(error)) from error
    named = [name for name in table if name != ROW_NAMES]
    return arrange_columns(path, {str(n): _read_numbers(path, str(n), table[n]) for n in named})


def _split_comments(text: str) -> tuple[list[str], list[str]]:
    """The comments on top of a table; and its lines, the header first, without other comments.

    The header may be the last comment above a line of numbers, as NumPy's ``savetxt`` writes it.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    rows = [line for line in lines if not line.startswith("#")]
    header = strip_comment(comments[-1]) if comments else ""
    if header and rows:
        separator = _find_separator(header)
        (names,), (first,) = (split_cells([line], separator) for line in (header, rows[0]))
        if len(names) == len(first) and all(map(is_number_text, first)):
            rows.insert(0, header)
    return comments, rows


def _find_separator(header: str) -> str:
    return next((each for each in ";\t,| " if each in header.strip()), ",")


def _find_names(path: Path, rows: list[str]) -> tuple[str, list[str]]:
    """The separator and the names of the columns.

    Raises UsageError for a first line that is no header, and for a name that is there twice.
    """
    separator = _find_separator(rows[0])
    (names,) = split_cells(rows[:1], separator)
    if names and all(map(is_number_text, names)):
        reason = f"its first line looks like numbers: {', '.join(names[:4])}"
        raise file_error(path, f"{reason}; names are wanted on top of the columns")
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise file_error(path, f"two columns are called {twice[0]!r}")
    return separator, names


def _refuse_ragged(path: Path, count: int, rows: list[str], separator: str) -> None:
    """Raise UsageError where the first or the last row has other cells than the header's names."""
    for which, row in (("first", rows[1:2]), ("last", rows[2:][-1:])):
        cells = split_cells(row, separator)[0] if row else [""] * count
        while len(cells) > count and not cells[-1]:  # each line ends with a separator
            cells.pop()
        if len(cells) != count:
            why = {
                2 * count: "; decimal commas want another separator, as ';'",
            }.get(len(cells), "; the file is cut short" if len(cells) < count else "")
            shown = format_count(len(cells), "cell")
            raise file_error(path, f"its {which} row has {shown}, its header {count}{why}")


def _has_decimal_commas(rows: list[str], separator: str) -> bool:
    """Whether values look like 1,5 and none like 1.5, where commas do not part them."""
    if separator in ",|":
        return False
    return any(re.search(r"\d,\d", row) for row in rows[1:]) and not any(
        re.search(r"\d\.", row) for row in rows[1:]
    )


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


def _count_other_rows(path: Path, comments: str, count: int) -> int:
    """How many of ``count`` rows come before the draws, by the comments on top of Stan's files.

    Those are of saved warm-up, or the one mean that variational inference writes first. Raises
    UsageError where fewer draws follow than a run to its end has.
    """
    said = dict(re.findall(r"^#\s*(\w+)\s*=\s*(\S+)", comments, re.MULTILINE))
    if said.get("method") == "variational":
        return 1
    thin, other = int(said.get("thin", 1)), 0
    if said.get("save_warmup") in ("1", "true"):
        warmup = said.get("num_warmup") or said.get("warmup", "0")  # as CmdStan, as RStan calls it
        other = math.ceil(int(warmup) / thin)
    expected = math.ceil(int(said.get("num_samples", 0)) / thin)
    if count < other + expected and said.get("algorithm") != "fixed_param":  # of no warm-up
        found = format_count(max(count - other, 0), "draw")
        reason = f"it holds {found}, its comments say {expected}: the run did not end, or the file"
        raise file_error(path, f"{reason} is cut short", WHOLE)
    return other
