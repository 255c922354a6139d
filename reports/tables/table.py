"""A table as every renderer takes it: title, columns, rows of cells, notes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

NOT_COMPARABLE = "*"  # behind a number that is marked


@dataclass(frozen=True)
class Cell:
    """What stands in one cell; a renderer puts the parts together."""

    text: str  # "\n" begins a new line
    spread: tuple[str, str] | None = None  # the ends of the 95 % interval
    half: str = ""  # half the interval, for the columns printed as number +- half
    unit: str = ""  # behind the number and its interval, where cells of a column differ in it
    marked: bool = False  # a speed that is not comparable
    reason: str = ""  # why there is no number
    key: str = ""  # what a page sorts by: a number as text, or text; "" sorts last
    kind: str = ""  # how a page colours it: the verdict, "missing" or "reference"

    @property
    def mark(self) -> str:
        """The sign behind a number that is not comparable, else ""."""
        return NOT_COMPARABLE if self.marked else ""

    @property
    def short(self) -> str:
        """Number, half interval and mark, for where there is no room for more."""
        half = f"±{self.half}" if self.half else ""
        return f"{self.text}{half}{self.unit and f' {self.unit}'}{self.mark}"

    @property
    def full(self) -> str:
        """The same with the interval: ``5.0 (4.1 to 5.9)*``."""
        if self.half or self.spread is None:
            return self.short
        unit = self.unit and f" {self.unit}"
        return f"{self.text} ({self.spread[0]} to {self.spread[1]}){unit}{self.mark}"


@dataclass(frozen=True)
class Column:
    """What stands above a column, and how its cells are set."""

    heading: str  # "\n" where a narrow renderer may begin a new line
    unit: str = ""  # behind the heading, or below it
    align: Literal["left", "right", ""] = "left"  # right: numbers, which are never folded
    name: str = ""  # of the row's value, where that is not the heading
    description: str = ""  # one sentence
    group: str = ""  # what stands above neighbouring columns of a page
    omit_rank: int = 0  # left out where there is no room, 1 first; 0: never

    @property
    def lines(self) -> list[str]:
        """The heading on the lines of a narrow renderer."""
        return [*self.heading.split("\n"), *([self.unit] if self.unit else [])]

    @property
    def label(self) -> str:
        """Heading and unit on one line."""
        return f"{self.heading} {self.unit}".rstrip().replace("-\n", "").replace("\n", " ")

    @property
    def is_numeric(self) -> bool:
        """Whether its cells are numbers."""
        return self.align == "right"


@dataclass(frozen=True)
class Table:
    """Rows of cells below their columns, with what stands above and below them."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    key: str = ""  # what its columns say, in one line below it

    def select(self, places: Collection[int]) -> Table:
        """The same table with only the columns at ``places``."""
        return replace(
            self,
            columns=[column for at, column in enumerate(self.columns) if at in places],
            rows=[[cell for at, cell in enumerate(row) if at in places] for row in self.rows],
        )

    def with_intervals(self) -> Table:
        """The same table with every interval in its cell's text, for where columns are few."""
        rows = [
            [
                replace(c, text=c.full.removesuffix(c.mark), spread=None, half="", unit="")
                for c in row
            ]
            for row in self.rows
        ]
        return replace(self, rows=rows)

    @property
    def has_marks(self) -> bool:
        """Whether a number in it is not comparable."""
        return any(cell.marked for row in self.rows for cell in row)

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Neighbouring columns of one group: its name, and how many columns."""
        groups = itertools.groupby(column.group for column in self.columns)
        return [(name, len(list(each))) for name, each in groups]


def text_rows(rows: Sequence[Sequence[str]]) -> list[list[Cell]]:
    """Rows of plain text as cells."""
    return [[Cell(text, key=text) for text in row] for row in rows]
