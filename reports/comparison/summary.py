"""What a comparison comes to, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samplerbench.harness.comparison.ratio import QUANTITIES, Conclusion, Ratio
from samplerbench.reports.comparison.comparison import EMPTY, Comparison
from samplerbench.reports.comparison.questions import Group, group_ratios, is_control
from samplerbench.reports.tables.cells import is_comparable, label

MOST = 3  # pairs named for each quantity, the largest ratios first
HEADINGS = {
    "time": "Time",
    "error": "Error",
    "median error": "Error of the median run",
    "efficiency": "Efficiency",
    "lost runs": "Lost runs",
}
DIFFERENCES = (Conclusion.MORE, Conclusion.LESS)
#: conclusions that are counted, not named
COUNT_TEXTS = {
    Conclusion.TIE: "tied within 5 %",
    Conclusion.NOT_COMPARED: "not compared",
    Conclusion.INDISTINGUISHABLE: "not told apart at this budget",
}


def summarise(comparison: Comparison) -> str:
    """What changed in the first group of ratios, and what is to be said of all."""
    return " ".join([summarise_first(comparison), *list_remarks(comparison)])


def summarise_first(comparison: Comparison) -> str:
    """What changed in the first group of ratios."""
    if not comparison.ratios:
        return f"{EMPTY[0].upper()}{EMPTY[1:]}."
    if all(ratio.value is None for ratio in comparison.ratios):
        return f"Nothing could be compared: {comparison.ratios[0].reason}."
    return _summarise_group(comparison, group_ratios(comparison)[0])


def summarise_others(comparison: Comparison) -> list[str]:
    """What changed in each further group."""
    return [_summarise_group(comparison, group) for group in group_ratios(comparison)[1:]]


def list_remarks(comparison: Comparison) -> list[str]:
    """Verdicts that changed, and speeds that are not comparable."""
    return list(filter(None, [_changed_verdicts(comparison), _doubtful_speeds(comparison)]))


def _summarise_group(comparison: Comparison, group: Group) -> str:
    sentences = [_summarise_quantity(comparison, group, quantity) for quantity in QUANTITIES]
    return " ".join(filter(None, [f"{group.heading}.", *sentences]))


def _summarise_quantity(comparison: Comparison, group: Group, quantity: str) -> str:
    ratios = [r for r in group.ratios if r.quantity == quantity and not comparison.is_marked(r)]
    fair = [r for r in ratios if not is_control(comparison, r)] or ratios
    different = [r for r in fair if r.conclusion in DIFFERENCES]
    different.sort(key=_size, reverse=True)
    verb = "" if quantity == "lost runs" else "is "
    parts = [f"{group.get_name(r)} {verb}{r.answer}" for r in different[:MOST]]
    more = len(different) - MOST
    if more > 0:
        parts.append(f"{more} more differ{'s' * (more == 1)}")
    for conclusion, words in COUNT_TEXTS.items():
        count = sum(r.conclusion is conclusion for r in fair)
        if count:
            parts.append(f"{f'all {count}' if count == len(fair) > 1 else count} {words}")
    return f"{HEADINGS[quantity]}: {'; '.join(parts)}." if parts else ""


def _size(ratio: Ratio) -> float:
    value = ratio.value or 0.0
    return abs(math.log(value)) if 0 < value < math.inf else math.inf


def _changed_verdicts(comparison: Comparison) -> str:
    """Verdicts of the same sampler that changed."""
    texts: dict[str, None] = {}
    for group in group_ratios(comparison):
        for ratio in group.ratios:
            new, old = comparison.get_rows(ratio)
            if label(new) == label(old) and new["verdict"] != old["verdict"]:
                was, now = (row["verdict"] or row["status"] for row in (old, new))
                texts[f"{group.get_name(ratio)} was {was} and is {now}"] = None
    return _join("Verdicts that changed", list(texts))


def _doubtful_speeds(comparison: Comparison) -> str:
    marked = [r for r in comparison.ratios if r.value is not None and comparison.is_marked(r)]
    rows = [row for ratio in marked for row in comparison.get_rows(ratio)]
    texts = [f"{label(r)} ({r['verdict'] or r['status']})" for r in rows if not is_comparable(r)]
    return _join("Speeds not comparable", list(dict.fromkeys(texts)))


def _join(heading: str, texts: Sequence[str]) -> str:
    more = [f"and {len(texts) - MOST} more"] if len(texts) > MOST else []
    return f"{heading}: {', '.join([*texts[:MOST], *more])}." if texts else ""
