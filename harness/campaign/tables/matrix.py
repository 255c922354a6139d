"""Columns of a table beside one another: the matrix that a program takes in one argument."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.tables.table import Column, Table


def split_columns(text: str) -> list[str]:
    """The names of the columns that ``--columns X=A+B`` puts beside one another."""
    return [part.strip() for part in text.split("+")]


def stack_columns(table: Table, names: Sequence[str]) -> Column:
    """The matrix [row, column] of these columns. Raises UsageError where they make none."""
    columns = [table.columns[name] for name in names]
    shapes = {column.values.shape for column in columns}
    words = [name for name, column in zip(names, columns, strict=True) if column.holds_words]
    if words or len(shapes) > 1 or len(*shapes) != 1:
        why = f"{words[0]!r} holds words" if words else "they are no columns of one length"
        raise UsageError(
            f"{'+'.join(names)} of {table.source!r} make no matrix: {why}\n"
            "  expected: columns of numbers, each with as many rows"
        )
    gaps = [column.missing for column in columns if column.missing is not None]
    missing = np.logical_or.reduce(gaps) if gaps else None
    return Column(np.stack([column.values for column in columns], axis=1), missing)
