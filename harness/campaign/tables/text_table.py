"""Tables in text: separator, decimal sign and header are found, and what was guessed is said.

``pandas.read_csv(sep=None)`` finds separators too, but reads one column "x" as two without names,
renames the second of two alike ("x.1"), fills ragged rows up with missing cells, takes numbers on
top for names, and leaves decimal commas as words: all that is to be seen here before it is lost.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.tables.matrix import split_columns
from samplerbench.harness.campaign.tables.table import (
    Table,
    has_thousands,
    parse_cells,
    refuse_bad_names,
)
from samplerbench.harness.delimited_text import Lines, has_row_names, split_cells, strip_comment
from samplerbench.text import is_number_text
from samplerbench.user_files import read_text

#: what pandas reads as a missing cell
MISSING = frozenset(
    "|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a"
    "|nan|null".split("|")
)
SEPARATORS = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'", " ": "blanks"}


def read_text_table(path: Path, columns: Mapping[str, str]) -> Table:
    """The table in a text file. Raises UsageError.

    ``columns`` are those that were asked for, by name or number: all by number over a first line
    of numbers say that there is no header.
    """
    separator, lines, notes_on_top = _split(path)
    header, rows = lines[0], lines[1:]
    numbers_on_top = all(map(is_number_text, header))
    headless = (
        numbers_on_top
        and bool(columns)
        and all(part.isdigit() for text in columns.values() for part in split_columns(text))
    )
    if headless:
        header, rows = [str(i) for i in range(len(header))], lines
    _refuse_ragged(path, header, rows, first_row := 1 if headless else 2)
    header, rows, notes = _drop_unnamed(path, header, rows)
    notes += notes_on_top
    if separator != "," and (separator, path.suffix) != ("\t", ".tsv"):
        notes.insert(0, f"separator {SEPARATORS[separator]}")
    if separator != "," and _has_decimal_commas(rows):
        rows = [[re.sub(r"^([-+]?\d+),(\d+)", r"\1.\2", cell) for cell in row] for row in rows]
        notes.insert(1, "decimal commas")
    cells = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    table = {
        name: parse_cells(column, np.array([cell in MISSING for cell in column]))
        for name, column in cells.items()
    }
    return Table(str(path), table, tuple(notes), first_row, True, numbers_on_top and not headless)


def _error(path: Path, why: str) -> UsageError:
    return UsageError(
        f"data file {str(path)!r} can't be read: {why}\n"
        "  expected: a table whose columns have their names on top"
    )


def _split(path: Path) -> tuple[str, Lines, list[str]]:
    """The separator that gives every line as many cells, the comma before others; the cells.

    Also notes on the lines on top that begin with ``#``: comments, and at their end the header
    where it has a name for each cell, as NumPy's ``savetxt`` writes it.
    """
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise _error(path, getattr(error, "strerror", None) or str(error)) from error
    comments, text = _cut_comments(text)
    usual = "\t" if path.suffix in (".tsv", ".tab") else ","
    if hint := re.match(r'"?sep=(.)"?\n', text):  # a first line that Excel understands
        usual, text = hint[1], text[hint.end() :]
    if not text.strip():
        raise _error(path, "it is empty")
    uneven = ""  # the first separator that parts lines, but not all alike
    for separator in dict.fromkeys([usual, *SEPARATORS]):
        lines = _name_rows(_cells(text, separator))
        if lines and len(lines[0]) > 1:
            if len({len(line) for line in lines}) == 1:
                break
            uneven = uneven or separator
    else:
        separator = usual if _cells(text, usual) else uneven or usual
        lines = _cells(text, separator)
    if not lines:
        raise _error(path, "a quotation mark in it is never closed, or no separator follows one")
    return separator, *_find_header(comments, separator, lines)


def _cut_comments(text: str) -> tuple[list[str], str]:
    """The lines on top that begin with ``#``, and what follows them."""
    lines = text.splitlines(keepends=True) if text.startswith("#") else []
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    return comments, text[sum(map(len, comments)) :]


def _find_header(comments: list[str], separator: str, lines: Lines) -> tuple[Lines, list[str]]:
    """The lines with the header that the last comment holds, if it does; and a note on it."""
    names = _cells(strip_comment(comments[-1]), separator)[:1] if comments else []
    holds_values = any(map(is_number_text, lines[0]))
    if names and len(names[0]) == len(lines[0]) and holds_values:
        return names + lines, ["names after '#'"]
    plural = "s" if len(comments) > 1 else ""
    note = f"{len(comments)} line{plural} of comments on top left out"
    return lines, [note] if comments else []


def _cells(text: str, separator: str) -> Lines:
    """The cells of each line that has any; none for text that breaks the rules of quoting."""
    try:
        return split_cells(io.StringIO(text), separator, strict=True)
    except csv.Error:
        return []


def _name_rows(lines: Lines) -> Lines:
    """The lines with an empty name over row names that the header has none over.

    No two are alike: a column of words that lacks its name is none.
    """
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    named = len(header) > 1 and has_row_names(len(header), rows)
    distinct = len({row[0] for row in rows}) == len(rows)
    return [["", *header], *rows] if named and distinct else lines


def _refuse_ragged(path: Path, header: list[str], rows: Lines, first_row: int) -> None:
    if not rows:
        raise _error(path, "it holds no line below its header")
    for number, row in enumerate(rows, first_row):
        if len(row) != len(header):
            cells = f"row {number} has {len(row)} cells, the header {len(header)}"
            raise _error(path, cells)


def _drop_unnamed(path: Path, header: list[str], rows: Lines) -> tuple[list[str], Lines, list[str]]:
    """Without a first column that has no name, as pandas writes an index, and without empty ones.

    A last column is empty where each line ends with a separator.
    """
    empty = [i for i, n in enumerate(header) if not n and not any(row[i] for row in rows)]
    index = [0] if not header[0] and len(header) > 1 else []
    kept = [i for i in range(len(header)) if i not in {*index, *empty}]
    names = [header[i] for i in kept]
    refuse_bad_names(names, str(path))
    notes = ["the first column, which has no name, left out"] if index else []
    return names, [[row[i] for i in kept] for row in rows], notes


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    """Whether cells look like 1,5, not all of them like thousands (1,500), and none like 1.5."""
    cells = [cell for row in rows for cell in row]
    commas = [cell for cell in cells if re.fullmatch(r"[-+]?\d+,\d+([eE][-+]?\d+)?", cell)]
    points = any(re.fullmatch(r"[-+]?\d*\.\d+", cell) for cell in cells)
    return not (points or all(map(has_thousands, commas)))
