"""Which samplers can take a model, and why the others can't, before anything is run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness import launcher
from samplerbench.harness.campaign import programs
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.model_data import read_model_data, use_stored
from samplerbench.harness.campaign.run import make_plan
from samplerbench.harness.environments import environments
from samplerbench.harness.environments.attribute_search import advise_environment
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.records import Trial
from samplerbench.harness.worker_files import read_facts
from samplerbench.samplers.base import samplers

LONGEST_S = 300.0  # of all samplers of one environment
CAN, CANNOT, UNKNOWN = "yes", "no", "unknown"


@dataclass(frozen=True)
class Answer:
    """Whether a sampler can take the model."""

    sampler: str
    environment: str  # the sampler's own, or the one that was asked for
    takes: str  # CAN, CANNOT or UNKNOWN
    reason: str = ""  # why it can't, or why nothing is known


def ask_samplers(**options: Any) -> list[Answer]:
    """The answer of every registered sampler on one model; options are those of a plan.

    One worker for each environment that is made already; none is made. Raises UsageError for what
    is no model.
    """
    plan, shipped, memory = make_plan({**options, "sampler": samplers.all_names()})
    data = read_model_data(plan, memory)
    trials = expand(plan, data)
    if len({trial.model_label for trial in trials}) > 1 or len(plan.env) > 1:
        raise UsageError("several models or environments are named\n  expected: one of each")
    answers: dict[str, Answer] = {}
    with tempfile.TemporaryDirectory(prefix="samplerbench-") as name:
        folder = Path(name)
        data.save(folder, trials)
        programs.save_programs(folder, shipped)
        for environment in dict.fromkeys(trial.environment for trial in trials):
            here = [trial for trial in trials if trial.environment == environment]
            answers.update({answer.sampler: answer for answer in _ask_environment(here, folder)})
    return [answers[trial.sampler] for trial in trials]


def _ask_environment(trials: Sequence[Trial], folder: Path) -> list[Answer]:
    """The answers of the samplers of one environment."""
    name, asked = trials[0].environment, [trial.sampler for trial in trials]
    try:
        if not environments.is_ready(name):
            reason = f"needs environment {name}: not made yet"
            return [Answer(sampler, name, UNKNOWN, reason) for sampler in asked]
        python = environments.resolve(name).python
    except EnvironmentFailed as error:
        return [Answer(sampler, name, UNKNOWN, str(error)) for sampler in asked]
    job = programs.with_path(folder, use_stored(folder, trials[0]))
    scratch = folder / "scratch"
    task = "inspection.preflight"
    result = launcher.launch(job, python, scratch, LONGEST_S, task=task, names=asked)
    if result.status == "failed":
        advice = advise_environment(result.reason, name)
        raise UsageError(result.reason + (advice and f"\n  {advice}"))
    if result.status != "ok":
        reason = f"{result.status}: {result.reason}"
        return [Answer(sampler, name, UNKNOWN, reason) for sampler in asked]
    reasons = read_facts(scratch)
    return [Answer(each, name, CANNOT if why else CAN, why) for each, why in reasons.items()]
