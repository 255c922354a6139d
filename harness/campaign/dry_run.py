"""What a run would do: its trials, the environments to make, and a guess of its minutes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from samplerbench.errors import StoreError
from samplerbench.harness.campaign import durations
from samplerbench.harness.campaign.campaign import load
from samplerbench.harness.campaign.campaign_folder import (
    find_folder,
    refuse_other_content,
    require_writable,
)
from samplerbench.harness.campaign.execution import order_trials
from samplerbench.harness.campaign.expand import default_folder, expand
from samplerbench.harness.campaign.model_data import read_model_data
from samplerbench.harness.campaign.run import find_lost_draws, make_plan
from samplerbench.harness.campaign.trial_names import TrialNames
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.harness.run_cost import describe_seconds
from samplerbench.harness.scoring.ci_gate import refuse_unknown_rows
from samplerbench.models.loading.model_names import is_registered


def describe_run(out: Path | None, options: dict[str, Any], retry: bool = False) -> list[str]:
    """Lines that say what ``run`` would do with ``options``; nothing is run, and nothing left.

    Raises UsageError for what ``run`` refuses before its first trial.
    """
    plan, _, memory = make_plan(options)
    data = read_model_data(plan, memory, out)
    trials = expand(plan, data)
    folder = out or default_folder(trials)
    finished, labels = _read_finished(folder, trials, retry)
    refuse_unknown_rows(plan.gate, labels)
    require_writable(find_folder(folder))
    waiting = order_trials([trial for trial in trials if trial.id not in finished], plan.seed)
    guesses = durations.guess_all(waiting, plan, folder)
    total = sum(each.total for each in guesses.values()) / plan.jobs
    done = len(trials) - len(waiting)
    own = any(
        not (is_registered(trial.model) or trial.reference or trial.calibrate) for trial in waiting
    )
    more = ", and a long run of NUTS as a reference" if own and not plan.no_long_run else ""
    return [
        *data.list_notes(),
        f"campaign: {folder}" + (f", {done} of {len(trials)} trials finished" if done else ""),
        f"trials to run, in this order: {len(waiting)}",
        *_describe_trials(waiting, guesses),
        *_describe_environments(waiting),
        f"time: {describe_seconds(total)}, guessed from runs stored here or typical ones{more}",
    ]


def _read_finished(folder: Path, trials: Sequence[Trial], retry: bool) -> tuple[set[str], set[str]]:
    """The trials of the campaign in ``folder`` that stay as they are, none where there is none.

    And the labels of ``trials`` and of its trials.
    """
    labels = {trial.label for trial in trials}
    try:
        with load(folder) as campaign:
            statuses = campaign.store.statuses()
            lost = find_lost_draws(campaign.store, trials)
            labels |= {trial.label for trial in campaign.store.trials()}
        kept = {name for name in statuses if statuses[name] == "ok" or not retry}
        return kept.difference(lost), labels
    except StoreError:
        if folder.exists() and not folder.is_dir():
            refuse_other_content(folder)
        if folder.is_dir() and any(folder.iterdir()):
            raise
        return set(), labels


def _describe_trials(trials: Sequence[Trial], guesses: dict[str, durations.Guess]) -> list[str]:
    names = TrialNames(trials)
    cells = [(t.label, t.model_label, names.describe_setup(t), guesses[t.id].total) for t in trials]
    widths = [max((len(str(row[i])) for row in cells), default=0) for i in range(3)]
    return [
        f"  {label:<{widths[0]}}  {model:<{widths[1]}}  {setup:<{widths[2]}}  "
        f"{describe_seconds(seconds)}"
        for label, model, setup, seconds in cells
    ]


def _describe_environments(trials: Sequence[Trial]) -> list[str]:
    lines = []
    for name in dict.fromkeys(trial.environment for trial in trials):
        try:
            ready = environments.is_ready(name)
            words = "is made" if ready else "is to be made: uv installs it, once"
        except environments.EnvironmentFailed as error:
            words = f"can't be made: {error}"
        lines.append(f"environment {name} {words}")
    return lines
