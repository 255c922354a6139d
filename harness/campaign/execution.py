"""Trials of a campaign run on a backend, each result stored and scored as it comes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace

from samplerbench.harness.campaign.blocks import join_block
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.dispatch import ExecutionBackend, run_trials
from samplerbench.harness.campaign.model_data import read_note
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.run_cost import RunCost
from samplerbench.samplers.base import samplers

MOST_BYTES_BESIDE = 2**27  # of draws that are scored while a worker runs


def order_trials(trials: Sequence[Trial], seed: int) -> list[Trial]:
    """Controls first, then the rest in a random order, both by the seed.

    So slow drifts of the machine hit every sampler alike. Controls, whose speed is ranked against
    nobody's, need no part in that; they take a second or two, so that a first row comes soon.
    """
    shuffled = list(trials)
    random.Random(seed).shuffle(shuffled)
    return sorted(shuffled, key=lambda trial: not samplers.get(trial.sampler).control)


def run_and_commit(
    campaign: Campaign,
    backend: ExecutionBackend,
    trials: Sequence[Trial],
    watcher: Watcher,
    cost: RunCost | None = None,
) -> None:
    """Run ``trials``, and store and score each result as it comes.

    A result is scored beside the next trial, as soon as no clock runs there; at the latest when
    that has ended, and at once where the draws are so large that a worker may need the memory. So
    is the first, for which somebody waits.
    """
    store, waiting = campaign.store, list[tuple[Trial, Result, float]]()
    is_first = True

    def score() -> None:
        while waiting:
            trial, result, seconds = waiting.pop(0)
            campaign.trial_scores.get(trial)
            watcher.on_result(trial, result, seconds)

    for trial, result, seconds in run_trials(backend, trials, score):
        score()
        if note := read_note(store.folder, trial):
            result.warnings.append(note)
        stale = campaign.trial_scores.list_stale(trial) if result.status == "ok" else []
        store.commit(trial, result, store.scratch(trial.id), seconds, stale)
        if cost:
            cost.add(result, seconds)
        waiting.append((trial, result, seconds))
        draws = store.draws_path(trial.id)
        if result.status != "ok" or is_first or draws.stat().st_size > MOST_BYTES_BESIDE:
            score()
        is_first = False
    score()


def run_blocks(
    campaign: Campaign,
    backend: ExecutionBackend,
    blocks: Sequence[Trial],
    watcher: Watcher,
    cost: RunCost,
) -> None:
    """Run one round of ``blocks``, and put what each has measured into the result of its trial."""
    watcher.on_round(blocks)
    for block, ended, seconds in run_trials(backend, blocks):
        trial = replace(block, block=0)
        result = campaign.store.result(trial.id)
        assert result is not None, "blocks are of finished trials"
        join_block(result, block.block, ended)
        cost.add(ended, seconds)
        renewed = campaign.trial_scores.renew_seconds(trial, result)
        campaign.store.add_block(trial, result, seconds, renewed)
        shutil.rmtree(campaign.store.scratch(block.id), ignore_errors=True)
        watcher.on_block(block, ended, seconds)
