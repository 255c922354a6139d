"""What a comparison comes to, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samplerbench.harness.comparison.paired_ratios import QUANTITIES, Ratio
from samplerbench.reports.comparison.comparison import EMPTY, Comparison
from samplerbench.reports.comparison.questions import Group, groups, is_control
from samplerbench.reports.tables.cells import comparable, label

MOST = 3  # pairs named for each quantity, the largest ratios first
HEADS = {"time": "Time", "error": "Error", "efficiency": "Efficiency"}
COUNTED = {"a tie within 5 %": "tied within 5 %", "not compared": "not compared",
           "indistinguishable at this budget": "not told apart at this budget"}  # fmt: skip


def sentence(found: Comparison) -> str:
    """What changed in the first group of ratios, and what is to be said of all."""
    return " ".join([lead(found), *remarks(found)])


def lead(found: Comparison) -> str:
    """What changed in the first group of ratios."""
    if not found.ratios:
        return f"{EMPTY[0].upper()}{EMPTY[1:]}."
    if all(one.value is None for one in found.ratios):
        return f"Nothing could be compared: {found.ratios[0].reason}."
    return _of_group(found, groups(found)[0])


def remarks(found: Comparison) -> list[str]:
    """Verdicts that changed, and speeds that are not comparable."""
    return list(filter(None, [_verdicts(found), _distrusted(found)]))


def others(found: Comparison) -> list[str]:
    """The same of each further group."""
    return [_of_group(found, group) for group in groups(found)[1:]]


def _of_group(found: Comparison, group: Group) -> str:
    first = group.title[0].upper() if group.title.startswith("against ") else group.title[0]
    said = [_of_quantity(found, group, quantity) for quantity in QUANTITIES]
    return " ".join(filter(None, [f"{first}{group.title[1:]}.", *said]))


def _of_quantity(found: Comparison, group: Group, quantity: str) -> str:
    all_of_it = [r for r in group.ratios if r.quantity == quantity and not found.marked(r)]
    fair = [r for r in all_of_it if not is_control(found, r)] or all_of_it
    told = sorted((r for r in fair if " times " in r.answer), key=_size, reverse=True)
    parts = [f"{group.name(r)} is {r.answer}" for r in told[:MOST]]
    if len(told) > MOST:
        parts.append(f"{len(told) - MOST} more differ{'s' * (len(told) == MOST + 1)}")
    for answer, words in COUNTED.items():
        count = sum(r.answer == answer for r in fair)
        if count:
            parts.append(f"{f'all {count}' if count == len(fair) > 1 else count} {words}")
    return f"{HEADS[quantity]}: {'; '.join(parts)}." if parts else ""


def _size(ratio: Ratio) -> float:
    value = ratio.value or 0.0
    return abs(math.log(value)) if 0 < value < math.inf else math.inf


def _verdicts(found: Comparison) -> str:
    """Verdicts of the same sampler that changed."""
    said: dict[str, None] = {}
    for group in groups(found):
        for one in group.ratios:
            new, old = found.ends(one)
            if label(new) == label(old) and new["verdict"] != old["verdict"]:
                was, now = (row["verdict"] or row["status"] for row in (old, new))
                said[f"{group.name(one)} was {was} and is {now}"] = None
    return _joined("Verdicts that changed", list(said))


def _distrusted(found: Comparison) -> str:
    told = [one for one in found.ratios if one.value is not None and found.marked(one)]
    rows = [row for one in told for row in found.ends(one)]
    said = [f"{label(r)} ({r['verdict'] or r['status']})" for r in rows if not comparable(r)]
    return _joined("Speeds not comparable", list(dict.fromkeys(said)))


def _joined(head: str, said: Sequence[str]) -> str:
    more = [f"and {len(said) - MOST} more"] if len(said) > MOST else []
    return f"{head}: {', '.join([*said[:MOST], *more])}." if said else ""
