"""Paired ratios as a table for the terminal and as JSON."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from harness.judge.compare import MEANING, Ratio
from reports.comparison import EMPTY


def as_json(ratios: Sequence[Ratio]) -> str:
    """A list of objects; a ratio that was not made, or an end without bound, is null."""
    bounded = [
        {k: None if v in (math.inf, -math.inf) else v for k, v in asdict(ratio).items()}
        for ratio in ratios
    ]
    return json.dumps(bounded, indent=1, allow_nan=False) + "\n"


def terminal(ratios: Sequence[Ratio], width: int = 120) -> str:
    """One line a ratio, one block a pair of rows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not ratios:
        return f"{EMPTY}\n"
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    for pair in dict.fromkeys((ratio.row, ratio.reference) for ratio in ratios):
        console.print(Text(f"{pair[0]} against {pair[1]}"))
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for ratio in ratios:
            if (ratio.row, ratio.reference) == pair:
                table.add_row(*map(Text, _cells(ratio)))
        console.print(table)
    console.print(
        Text(
            "Ratios with 95 % intervals from paired replicates; words after Holm's correction over"
            " all of them. Seconds vary between processes and days by more than within one."
        )
    )
    return "\n".join(line.rstrip() for line in console.export_text().splitlines()) + "\n"


def _cells(ratio: Ratio) -> tuple[str, ...]:
    name = f"  {ratio.quantity} ({MEANING[ratio.quantity]})"
    if ratio.value is None:
        return name, "-", "", f"not compared: {ratio.reason}"
    interval = f"{ratio.lo:.3g} to {ratio.hi:.3g}"
    note = f"; {ratio.reason}" if ratio.reason else ""
    return name, f"{ratio.value:.3g}", interval, f"{ratio.answer} ({ratio.pairs} pairs{note})"
