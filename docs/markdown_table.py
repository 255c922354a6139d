"""Tables in markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def make_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [" | ".join(heads), " | ".join(":--" for _ in heads)]
    lines += [" | ".join(_escape(cell) for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _escape(cell: object) -> str:
    return str(cell).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
