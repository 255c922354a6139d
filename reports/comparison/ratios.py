"""Paired ratios as a table for the terminal and as JSON."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from samplerbench.harness.comparison.paired_ratios import MEANING, Ratio
from samplerbench.harness.records import visible
from samplerbench.reports.comparison.comparison import EMPTY, Comparison
from samplerbench.reports.tables.cells import MARK_SAYS, NOT_COMPARABLE
from samplerbench.rounding import number, rounded


def as_json(ratios: Sequence[Ratio]) -> str:
    """A list of objects, numbers in full; one that was not made, or has no bound, is null."""
    bounded = [
        {k: None if v in (math.inf, -math.inf) else v for k, v in asdict(ratio).items()}
        for ratio in ratios
    ]
    return json.dumps(bounded, indent=1, allow_nan=False) + "\n"


def shown(ratio: Ratio) -> tuple[str, str]:
    """The ratio to the digits that its interval supports, and the interval; "-" where none is."""
    if ratio.value is None:
        return "-", ""
    if ratio.lo is None or ratio.hi is None:
        return number(ratio.value), ""
    value, lo, hi = (rounded(v, ratio.lo, ratio.hi) for v in (ratio.value, ratio.lo, ratio.hi))
    return value, f"{lo} to {hi}"


def mark(found: Comparison, ratio: Ratio) -> str:
    """The mark of a ratio of speeds that are not comparable, else ""."""
    return NOT_COMPARABLE if ratio.value is not None and found.marked(ratio) else ""


def terminal(found: Comparison, width: int = 120) -> str:
    """One line a ratio, one block a pair of rows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found.ratios:
        return f"{EMPTY}\n"
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    for pair in dict.fromkeys((ratio.row, ratio.reference) for ratio in found.ratios):
        console.print(Text(visible(f"{pair[0]} against {pair[1]}")))
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for ratio in found.ratios:
            if (ratio.row, ratio.reference) == pair:
                table.add_row(*map(Text, _cells(found, ratio)))
        console.print(table)
    console.print(
        Text(
            "Ratios with 95 % intervals from paired replicates; words after Holm's correction over"
            " all of them. Seconds vary between processes and days by more than within one."
        )
    )
    if any(mark(found, ratio) for ratio in found.ratios):
        console.print(Text(MARK_SAYS))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines()) + "\n"


def _cells(found: Comparison, ratio: Ratio) -> tuple[str, ...]:
    name = f"  {ratio.quantity} ({MEANING[ratio.quantity]})"
    value, interval = shown(ratio)
    if ratio.value is None:
        return name, value, interval, visible(f"not compared: {ratio.reason}")
    note = f"; {ratio.reason}" if ratio.reason else ""
    answer = visible(f"{ratio.answer} ({ratio.pairs} pairs{note})")
    return name, value + mark(found, ratio), interval, answer
