"""Blocks of trials: their clocked phases once more, in processes of their own.

A first round runs the trials themselves; each further round runs one block of every trial in an
order of its own, drawn from the campaign's seed, so that what drifts on the machine hits all
samplers alike. With the trials' own processes these are randomised complete blocks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from samplerbench.harness.records import AUTO, Result, Trial

MACHINE = ("host", "cpu", "cores", "device_kind")  # what all blocks of a trial must share
AUTO_BLOCKS, AUTO_COLD_S = 3, 10.0  # blocks of a trial whose first run took less seconds than that


def count_blocks(asked: int, result: Result, alone: bool) -> int:
    """How many processes are to run the clocked phases; ``alone``: one trial at a time, here."""
    if result.status != "ok":
        return 1
    return choose_blocks(asked, result.timings.get("cold_s"), alone)


def choose_blocks(asked: int, cold: float | None, alone: bool) -> int:
    """The same of a trial whose first run took ``cold`` seconds; None: unknown."""
    if asked != AUTO:
        return asked
    return AUTO_BLOCKS if alone and cold is not None and cold < AUTO_COLD_S else 1


def plan_rounds(
    trials: Sequence[Trial], results: Mapping[str, Result], asked: int, alone: bool, seed: int
) -> Iterator[list[Trial]]:
    """Each round of blocks that are missing: at most one of each trial, in an order of its own."""
    finished = [trial for trial in trials if trial.id in results]
    counts = {trial.id: count_blocks(asked, results[trial.id], alone) for trial in finished}
    for block in range(2, max(counts.values(), default=1) + 1):
        lacking = [
            replace(trial, block=block)
            for trial in finished
            if 1 + len(results[trial.id].blocks) < block <= counts[trial.id]
        ]
        random.Random(f"{seed} {block}").shuffle(lacking)
        if lacking:
            yield lacking


def join_block(result: Result, block: int, ended: Result) -> None:
    """Put what the process of a block measured into the trial's result, and what was unusual."""
    warning = ""
    if ended.status != "ok":
        warning = f"block {block} is {ended.status}: {ended.reason}"
    elif any(ended.machine.get(name) != result.machine.get(name) for name in MACHINE):
        warning = f"block {block} ran on another machine and is left out"
    else:
        result.blocks.append(ended.timings)
        warning = f"{ended.disturbance} in block {block}" if ended.disturbance else ""
    if warning and warning not in result.warnings:  # one that failed before is tried again
        result.warnings.append(warning)
