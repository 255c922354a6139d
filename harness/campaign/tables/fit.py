"""What a program takes of a table: which columns, how words and missing cells are handed over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign.tables.matrix import split_columns, stack_columns
from samplerbench.harness.campaign.tables.table import (
    Column,
    Table,
    find_unit,
    has_thousands,
    is_date,
    parse_cells,
)
from samplerbench.harness.campaign.tables.word_codes import (
    WORDS,
    describe_codes,
    number_words,
    parse_codes,
)
from samplerbench.models.loading.program import find_near, find_whole
from samplerbench.models.loading.program_signature import Signature
from samplerbench.options import parse_names
from samplerbench.text import is_number_text


@dataclass(frozen=True)
class Reading:
    """The options that say how a table is read."""

    columns: Mapping[str, str] = field(default_factory=dict)  # parameter -> column, by name, number
    codes: Mapping[str, str] = field(default_factory=dict)  # parameter -> as of ``parse_codes``
    missing: str = ""  # drop or nan
    left_out: tuple[str, ...] = ()  # parameters that the table does not hold, on purpose

    def to_dict(self) -> dict[str, Any]:
        """Those options that were given."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class ProgramData:
    """What a program is called with, and how it came from the table."""

    arrays: dict[str, np.ndarray]
    note: str = ""  # what was guessed or left out, in one line
    labels: Mapping[str, list[str]] = field(default_factory=dict)  # parameter -> word of each code


def parse_reading(
    columns: Sequence[str], codes: Sequence[str], missing: str, without: Sequence[str]
) -> Reading:
    """The options as they were written. Raises UsageError."""
    names = parse_names("columns", columns)
    left_out = tuple(word.strip() for text in without for word in text.split(","))
    return Reading(names, parse_codes(codes), missing, left_out)


def fit(table: Table, signature: Signature | None, reading: Reading) -> ProgramData:
    """What the program of ``signature`` takes of ``table``. Raises UsageError.

    None: what the program takes is known once its file is run. It gets all columns, and its worker
    leaves out those that it does not take (``models.loading.program.keep_taken``).
    """
    notes = list(table.notes)
    columns = _rename(table, signature, reading)
    # of one column `--columns data=y` tells whether it is meant
    whole = find_whole(signature.names, columns) if signature and len(columns) > 1 else ""
    if signature and whole:
        _refuse_lacking(table, [*columns, whole], signature, reading)
        notes.append(f"handed over whole, as {whole}: a dict of columns")
    elif signature:
        _refuse_lacking(table, columns, signature, reading)
        columns, words = _keep_taken(columns, signature)
        notes += words
    elif table.is_table:
        notes += _describe_untold(columns, reading)
    columns = {name: c for name, c in columns.items() if name not in reading.left_out}
    _refuse_unknown(columns, signature, reading)
    if table.is_table:
        _refuse_infinite(table, columns)
        columns, words = _fill_missing(table, columns, reading)
        notes += words
    arrays, labels = _encode(table, columns, reading, words_pass=signature is None or bool(whole))
    notes += describe_codes(labels)
    return ProgramData(arrays, "; ".join(notes), labels)


def _rename(table: Table, signature: Signature | None, reading: Reading) -> dict[str, Column]:
    """Columns under the program's names."""
    if table.looks_headless:
        names = list(signature.names if signature else "xy")
        advice = ",".join(f"{name}={i}" for i, name in enumerate(names[: len(table.columns)]))
        raise UsageError(
            f"the first line of {table.source!r} looks like numbers: {', '.join(table.columns)}\n"
            f"  expected: names on top; or say which column is which: --columns {advice}"
        )
    chosen: dict[str, Column] = {}
    used: set[str] = set()
    for name, text in reading.columns.items():
        if signature and not signature.open_ended and name not in signature.names:
            raise unknown_name(f"parameter of {signature.program}", name, signature.names)
        parts = [text] if text in table.columns else split_columns(text)
        found = [_find_column(table, part) for part in parts]
        chosen[name] = table.columns[found[0]] if len(found) == 1 else stack_columns(table, found)
        used.update(found)
    rest = {n: c for n, c in table.columns.items() if n not in {*chosen, *used}}
    return {**rest, **chosen}


def _find_column(table: Table, column: str) -> str:
    """The name of a column that is asked for by its name or number."""
    known = list(table.columns)
    if column not in known and column.isdigit() and int(column) < len(known):
        return known[int(column)]
    if column not in known:
        raise unknown_name(f"column of {table.source}", column, known)
    return column


def _refuse_lacking(
    table: Table, held: Collection[str], signature: Signature, reading: Reading
) -> None:
    """Refuse a table that lacks what the program needs, or what it would sample instead."""
    lacking = [n for n in signature.names if n not in held and n not in reading.left_out]
    missing = [name for name in signature.required_names if name not in held]
    others = [name for name in held if name not in signature.names]
    likely = find_near(lacking, others)
    exact = {name for name, other in likely.items() if name.lower() == other.lower()}
    example = ",".join(f"{name}={likely[name]}" for name in lacking if name in likely)
    example = example or f"{(lacking or ['x'])[0]}=NAME"
    if missing:
        untaken = f"; not taken: {', '.join(others)}" if others and not signature.open_ended else ""
        raise UsageError(
            f"the data do not fit {signature.program}({', '.join(signature.names)}): "
            f"missing: {', '.join(missing)}{untaken}\n  {table.source} holds: "
            f"{', '.join(table.columns)}\n  expected: what the program takes; say which column is "
            f"which with --columns {example}{_advise_matrix(missing, others, likely)}"
            f"{_advise_number(signature, missing, exact)}"
        )
    sampled = [name for name in signature.observed_names if name in lacking]
    if sampled:
        names = ", ".join(sampled)
        raise UsageError(
            f"`{names}` is observed where given and would be sampled: {table.source} holds "
            f"{', '.join(table.columns)}\n  expected: a column for it, as --columns {example}; "
            f"--without {names} to mean it"
        )


def _advise_matrix(missing: Sequence[str], others: Sequence[str], likely: Mapping[str, str]) -> str:
    """How several columns are handed over in one argument; "" where none is left for that."""
    lacking = [name for name in missing if name not in likely]
    free = [name for name in others if name not in likely.values()]
    if not lacking or len(free) < 2:
        return ""
    return f"; of several columns --columns {lacking[0]}={free[0]}+{free[1]} makes a matrix"


def _advise_number(signature: Signature, missing: Sequence[str], meant: Collection[str]) -> str:
    """How a program gets what is no column, as a size; "" where all have a column by their name."""
    filled = ", ".join(f"{name}=..." for name in missing if name not in meant)
    if not filled:
        return ""
    return (
        f"\n  a size or another value that no column holds: program = functools.partial("
        f"{signature.program}, {filled}) in the file, and that as the model"
    )


def _keep_taken(
    columns: Mapping[str, Column], signature: Signature
) -> tuple[dict[str, Column], list[str]]:
    """The columns that the program takes, and a note on the others."""
    if signature.open_ended:
        return dict(columns), []
    kept = {name: c for name, c in columns.items() if name in signature.names}
    others = [name for name in columns if name not in kept]
    plural = "s" if len(others) > 1 else ""
    note = f"column{plural} {', '.join(others)} left out, which {signature.program} does not take"
    return kept, [note] if others else []


def _describe_untold(columns: Mapping[str, Column], reading: Reading) -> list[str]:
    """A note on what happens to columns where the program's parameters are not known yet."""
    words = [name for name, c in columns.items() if c.holds_words and name not in reading.codes]
    note = "columns that the program does not take are left out"
    if words:
        names = ", ".join(words)
        note += f"; {names}: words, handed over as they are (--codes NAME makes integers of them)"
    return [note]


def _refuse_unknown(
    columns: Mapping[str, Column], signature: Signature | None, reading: Reading
) -> None:
    for name in reading.codes:
        if name not in columns:
            raise unknown_name("column to code", name, columns)
    for name in reading.left_out:
        if signature and not signature.open_ended and name not in signature.names:
            raise unknown_name(f"parameter of {signature.program}", name, signature.names)


def _refuse_infinite(table: Table, columns: Mapping[str, Column]) -> None:
    for name, column in columns.items():
        if column.values.dtype.kind == "f" and np.isinf(column.values).any():
            place = tuple(np.argwhere(np.isinf(column.values))[0])
            row = int(place[0])
            raise UsageError(
                f"{column.values[place]} in row {row + table.first_row} of column {name!r} of "
                f"{table.source!r}\n  expected: finite numbers; take that row out"
            )


def _fill_missing(
    table: Table, columns: dict[str, Column], reading: Reading
) -> tuple[dict[str, Column], list[str]]:
    """Columns without missing cells, or with NaN for them, as asked; and what was done."""
    gaps = {n: c.missing for n, c in columns.items() if c.missing is not None and c.missing.any()}
    if not gaps:
        return columns, []
    counts = ", ".join(f"{int(gap.sum())} in {name!r}" for name, gap in gaps.items())
    if reading.missing == "drop":
        kept = ~np.logical_or.reduce(list(gaps.values()))
        if not kept.any():
            raise UsageError(f"no row of {table.source!r} is complete: missing cells: {counts}")
        dropped = f"{int((~kept).sum())} of {len(kept)} rows dropped, with missing cells: {counts}"
        return {name: _choose_rows(column, kept) for name, column in columns.items()}, [dropped]
    words = [name for name in gaps if columns[name].holds_words or name in reading.codes]
    if reading.missing == "nan" and not words:
        return columns, [f"missing cells are NaN: {counts}"]
    raise UsageError(
        f"missing cells in {table.source!r}: {counts}\n  expected: none; --missing drop leaves "
        "their rows out, --missing nan hands NaN to a program that imputes (numbers only)"
    )


def _choose_rows(column: Column, kept: np.ndarray) -> Column:
    """These rows, none of which has a missing cell in any column."""
    values = column.values[kept]
    if column.holds_words:  # they may be truth values, which no missing cell can be
        cells = parse_cells(values.tolist(), np.zeros(len(values), bool))
        return replace(cells, levels=column.levels)
    return Column(values.astype(np.int64) if column.is_whole else values)


def _encode(
    table: Table, columns: Mapping[str, Column], reading: Reading, words_pass: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Arrays by name, and the labels of those that were made integers.

    ``words_pass``: words of which nothing is said are handed over, not refused.
    """
    for name, column in columns.items():
        if column.holds_words and name not in reading.codes and not words_pass:
            raise _words_error(table, name, column)
    numbers, labels = number_words(columns, reading.codes)
    return {name: numbers.get(name, c.values) for name, c in columns.items()}, labels


def _words_error(table: Table, name: str, column: Column) -> UsageError:
    """The refusal of words; in a column of numbers, of the first word among them."""
    cells = column.values.ravel()
    words = [i for i, cell in enumerate(cells) if not is_number_text(cell)]
    row = words[0] if words else 0
    order = "by their order in the file" if column.levels else "by sorted order"
    codes = (
        f"--codes {name} makes integers of words, {order}, and --codes {name}={WORDS} hands them "
        "over"
    )
    start = f"{str(cells[row])!r} in row {row + table.first_row} of column {name!r} is no number"
    if has_thousands(str(cells[row])):
        codes = "a point as decimal sign and thousands not set apart"
        return UsageError(f"{start}\n  expected: numbers in {table.source!r} with {codes}")
    if all(map(is_date, cells)):
        codes = (
            f"of a date, its days since the first one, say; --codes {name}={WORDS} hands dates "
            "over as text"
        )
        return UsageError(f"{start}\n  expected: numbers in {table.source!r}: {codes}")
    if unit := find_unit(cells):
        return UsageError(
            f"{start}\n  expected: numbers in {table.source!r} without {unit}; if they are words, "
            f"{codes}"
        )
    if len(words) < len(cells):
        start += f"; {len(cells) - len(words):,} of {len(cells):,} cells are"
        codes = f"mend those cells, or take their rows out; if all are words, {codes}"
    return UsageError(f"{start}\n  expected: numbers in {table.source!r}; {codes}")
