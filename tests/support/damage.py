"""A small stored campaign, and damage done to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from samplerbench.harness import draws_file
from samplerbench.harness.campaign.campaign_folder import FILE
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.records import Trial
from samplerbench.models.base import build
from samplerbench.samplers.base import Draws
from tests.support import stored

REPLICATES, DRAWS = 16, 20


def make_trials(count: int = 3) -> list[Trial]:
    """Trials of independent exact draws that differ in their seeds."""
    return [
        stored.trial("exact_iid", seed=100 * i, draws=DRAWS, replicates=REPLICATES)
        for i in range(count)
    ]


def commit(store: Store, trial: Trial) -> None:
    """Commit a trial that ended ok, as the coordinator does."""
    exact = build("linear", {}).exact()
    rng = np.random.default_rng(trial.seed)
    sites = [exact.draw(rng, DRAWS) for _ in range(REPLICATES)]
    runs = [Draws({name: x[None] for name, x in each.items()}) for each in sites]
    scratch = store.scratch(trial.id)
    scratch.mkdir(parents=True)
    digest = draws_file.save_draws(scratch / "draws.npz", {"replicates": runs})
    store.commit(trial, stored.result(draws_digest=digest), scratch, 1.0)


def make_campaign(folder: Path, count: int = 3) -> list[Trial]:
    """A campaign of trials that all ended ok."""
    trials = make_trials(count)
    store = Store.create(folder)
    store.add_trials(trials)
    for trial in trials:
        commit(store, trial)
    store.close()
    return trials


def execute(folder: Path, statement: str, *values: object) -> None:
    """Change the database of the campaign in ``folder`` behind its back."""
    connection = sqlite3.connect(folder / FILE)
    with connection:
        connection.execute(statement, values)
    connection.close()
