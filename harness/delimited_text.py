"""Text cut into cells: what tables of data and tables of draws are read with alike."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from samplerbench.text import is_number_text

Lines = list[list[str]]


def split_cells(lines: Iterable[str], separator: str, strict: bool = False) -> Lines:
    """The cells of each line that has any, without blanks around them.

    ``strict``: raise csv.Error for text that breaks the rules of quoting.
    """
    if separator == " ":
        lines = [line.strip().replace("\t", " ") + "\n" for line in lines]
    spaced = separator != "\t"
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=spaced, strict=strict)
    return [[cell.strip() for cell in line] for line in reader if line]


def strip_comment(line: str) -> str:
    """What a comment says; in the last one above a table NumPy's ``savetxt`` writes the header."""
    return line.lstrip("# \t")


def has_row_names(columns: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row begins with a name over which a header of so many ``columns`` has none.

    So R's ``write.table`` writes them: they are words, or count the rows.
    """
    if not rows or any(len(row) != columns + 1 for row in rows):
        return False
    names = [row[0] for row in rows]
    are_words = all(names) and not any(map(is_number_text, names))
    return are_words or names == [str(i) for i in range(1, len(rows) + 1)]
