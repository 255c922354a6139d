"""What changed between two stacks, as a section below the paired ratios."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.harness.comparison.paired_ratios import Ratio
from samplerbench.rounding import number


def text(found: Sequence[Ratio]) -> str:
    """One block a sampler and pair of stacks; nothing where no sampler ran on two."""
    lines: list[str] = []
    for pair in dict.fromkeys((one.row, one.reference) for one in found):
        lines.append(f"\n{pair[0]}, what changed since {pair[1].rpartition(' on ')[2]}")
        lines += [_line(one) for one in found if (one.row, one.reference) == pair]
    if lines:
        lines.append(
            "Seconds but warm_s are of one process each: no interval. Draws are compared bit by bit"
            " for the same key; else means and widths of all replicates (Kolmogorov-Smirnov)."
        )
    return "\n".join(lines) + "\n" if lines else ""


def _line(one: Ratio) -> str:
    ratio = f"  {number(one.value)} times" if one.value is not None else ""
    answer = f"not compared: {one.reason}" if one.answer == "not compared" else one.answer
    return f"  {one.quantity:<19} {answer}{ratio}"
