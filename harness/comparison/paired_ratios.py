"""Paired comparison: ratios of time, of error and of efficiency, with intervals.

Time is compared process by process: what two rows took in the same round of blocks makes a pair,
so that the interval holds what differs between processes, not what another day or machine would
give. It takes three processes a row, on a machine that nobody else used. Errors and efficiency are
compared replicate by replicate, over all that both finished: replicate r of both has the same data
and seed stream.

Runs that failed have infinite errors, so that of two samplers the one that loses more runs is never
called more accurate or more efficient, whatever the others say. How many each loses is a comparison
of its own, and so is the error of the median run, which rare runs do not rule. No answer on errors
rests on fewer effective replicates than ``FEW_DECIDE`` of them. None holds runs that were not
drawn, and an answer on errors says how many of those may be worse than all that were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.comparison.pair import compute_ratio, loses_any
from samplerbench.harness.comparison.ratio import QUANTITIES, Ratio, conclude
from samplerbench.harness.comparison.resampling import LEVEL
from samplerbench.harness.comparison.sides import Side, refuse_unlike_machines, with_places
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.holm import holm_rejections

#: what two trials of one comparison have in common -> what it is called
COMMON_FIELDS = {
    "model_label": "model",
    "device": "device",
    "precision": "precision",
    "chains": "chains",
    "warmup": "warm-up",
    "draws": "draws",
    "seed": "seed",
    "calibrate": "calibrate",
}


class NothingShared(UsageError):
    """Two campaigns without a trial in common; the text says what must agree."""


def compare_within(
    sides: Sequence[Side], reference: str | None = None, unlike: bool = False
) -> list[Ratio]:
    """Every row against the reference row of its model, device and budget.

    The reference row is of the same environment, unless each sampler ran in one only: its own. The
    same sampler is compared between environments too. ``reference`` is a sampler's label; None
    takes the first honest row. Raises UsageError for a label that is not there, UnlikeMachines for
    rows from machines that differ.
    """
    sides = with_places(sides)
    if not unlike:
        refuse_unlike_machines(sides)
    labels = [side.label for side in sides]
    if reference is not None and reference not in labels:
        raise unknown_name("sampler in this campaign", reference, set(labels))
    pairs = []
    # samplers that each ran in one environment only, their own, are of one group
    once_each = len({_key(side.trial, False, True) for side in sides}) == len(sides)
    for group in _groups(sides, with_environment=not once_each):
        base = _reference(group, reference)
        pairs += [(side, base) for side in group if side is not base]
    for group in _groups(sides, with_environment=False, by_sampler=True):
        pairs += [(side, group[0]) for side in group[1:]]
    return compare_pairs(pairs)


def compare_between(
    old: Sequence[Side], new: Sequence[Side], names: tuple[str, str], unlike: bool = False
) -> list[Ratio]:
    """Each trial of ``new`` against the same trial of ``old``, whatever its environment.

    ``names`` are those of the new and the old campaign. Raises UnlikeMachines where machines
    differ, NothingShared where no trial is in both.
    """
    if not unlike:
        refuse_unlike_machines([*old, *new])
    rows, bases = _with_environments(new), _with_environments(old)
    pairs = [(row, base) for row in rows for base in bases if _same(base.trial, row.trial)]
    if not pairs:
        raise NothingShared(
            f"no finished trial is in both campaigns{_describe_nearest(old, new)}\n  expected: the"
            " same model, sampler, settings, device, precision, budget and seed in each"
        )
    return compare_pairs(pairs, names)


def compare_pairs(
    pairs: Sequence[tuple[Side, Side]], names: tuple[str, str] | None = None
) -> list[Ratio]:
    """All ratios of a report, with their conclusions after Holm's correction over all of them."""
    ratios = []
    for row, base in pairs:
        compared = [name for name in QUANTITIES if name != "lost runs" or loses_any(row, base)]
        ratios += [
            replace(ratio, trial=row.trial.id, reference_trial=base.trial.id)
            for ratio in (compute_ratio(row, base, name, names) for name in compared)
        ]
    tested = [(i, ratio.p) for i, ratio in enumerate(ratios) if ratio.p is not None]
    rejections = holm_rejections([p for _, p in tested], 1 - LEVEL)
    significant = {i for (i, _), is_rejected in zip(tested, rejections, strict=True) if is_rejected}
    return [conclude(ratio, i in significant, len(tested)) for i, ratio in enumerate(ratios)]


# -- who is compared with whom ---------------------------------------------------------------------


def _key(trial: Trial, with_environment: bool, by_sampler: bool) -> tuple[Any, ...]:
    more = ["environment_digest"] * with_environment + ["label"] * by_sampler
    return tuple(getattr(trial, name) for name in (*COMMON_FIELDS, *more))


def _with_environments(sides: Sequence[Side]) -> list[Side]:
    """Sides with the environment, where it alone tells one from another of its campaign."""
    keys = [_key(side.trial, with_environment=False, by_sampler=True) for side in sides]
    counts = Counter(keys)
    return [
        replace(side, where=f" on {side.trial.environment_label}" * (counts[key] > 1))
        for side, key in zip(sides, keys, strict=True)
    ]


def _describe_nearest(old: Sequence[Side], new: Sequence[Side]) -> str:
    """What tells apart the two trials most alike, as ": the nearest differ in seed (0, 7)"."""
    names = {**COMMON_FIELDS, "label": "sampler", "model_digest": "digest of the model"}
    differences = [
        [
            f"{words} ({getattr(a.trial, name)}, {getattr(b.trial, name)})"
            for name, words in names.items()
            if getattr(a.trial, name) != getattr(b.trial, name)
        ]
        for a in old
        for b in new
    ]
    nearest = min(differences, key=len, default=[])
    return f": the nearest differ in {', '.join(nearest)}" if nearest else ""


def _same(a: Trial, b: Trial) -> bool:
    return _key(a, False, True) == _key(b, False, True) and a.model_digest == b.model_digest


def _groups(
    sides: Sequence[Side], with_environment: bool, by_sampler: bool = False
) -> list[list[Side]]:
    groups: dict[tuple[Any, ...], list[Side]] = {}
    for side in sides:
        groups.setdefault(_key(side.trial, with_environment, by_sampler), []).append(side)
    return list(groups.values())


def _reference(group: Sequence[Side], label: str | None) -> Side:
    for side in group:
        if side.label == label or (label is None and side.verdict == "honest"):
            return side
    return group[0]
