"""What a comparison comes to, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.judge.compare import QUANTITIES, Ratio
from reports.cells import comparable, label
from reports.comparison import EMPTY, Comparison

MOST = 2  # pairs named for each quantity, the largest ratios first
HEADS = {"time": "Time", "error": "Error", "efficiency": "Efficiency"}
COUNTED = {"a tie within 5 %": "tied within 5 %", "not compared": "not compared",
           "indistinguishable at this budget": "not told apart at this budget"}  # fmt: skip


def sentence(found: Comparison) -> str:
    """What changed, quantity by quantity; speeds that are not comparable are named as such."""
    if not found.ratios:
        return f"{EMPTY[0].upper()}{EMPTY[1:]}."
    if all(one.value is None for one in found.ratios):
        return f"Nothing could be compared: {found.ratios[0].reason}."
    said = [_lead(found)]
    said += [_of_quantity(found, name) for name in QUANTITIES]
    return " ".join(filter(None, [*said, _verdicts(found), _distrusted(found)]))


def shared_reference(found: Comparison) -> str:
    """The one reference of all ratios, or nothing where there are several."""
    names = {one.reference for one in found.ratios}
    return names.pop() if len(names) == 1 else ""


def name_of(found: Comparison, ratio: Ratio) -> str:
    """The pair in few words: what the lead says already is left out."""
    if found.names:
        shown = ratio.row.removesuffix(f" in {found.names[0]}")
    elif shared_reference(found):
        shown = ratio.row
    else:
        shown = f"{ratio.row} against {ratio.reference}"
    models = {row["model"] for row in found.rows.values()}
    return f"{shown}, {found.ends(ratio)[0]['model']}" if len(models) > 1 else shown


def _lead(found: Comparison) -> str:
    if found.names:
        return f"{found.names[0]} against {found.names[1]}."
    shared = shared_reference(found)
    return f"Against {shared}." if shared else ""


def _of_quantity(found: Comparison, quantity: str) -> str:
    fair = [r for r in found.ratios if r.quantity == quantity and not found.marked(r)]
    told = sorted((r for r in fair if " times " in r.answer), key=_size, reverse=True)
    parts = [f"{name_of(found, r)} is {r.answer}" for r in told[:MOST]]
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
    for one in found.ratios:
        new, old = found.ends(one)
        if label(new) == label(old) and new["verdict"] != old["verdict"]:
            was, now = (row["verdict"] or row["status"] for row in (old, new))
            said[f"{name_of(found, one)} was {was} and is {now}"] = None
    return _joined("Verdicts that changed", list(said))


def _distrusted(found: Comparison) -> str:
    told = [one for one in found.ratios if one.value is not None and found.marked(one)]
    rows = [row for one in told for row in found.ends(one)]
    said = [f"{label(r)} ({r['verdict'] or r['status']})" for r in rows if not comparable(r)]
    return _joined("Speeds not comparable", list(dict.fromkeys(said)))


def _joined(head: str, said: Sequence[str]) -> str:
    more = [f"and {len(said) - MOST} more"] if len(said) > MOST else []
    return f"{head}: {', '.join([*said[:MOST], *more])}." if said else ""
