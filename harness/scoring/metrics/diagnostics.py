"""What a user could have seen without the ground truth, and what was wrong all the same."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.scoring.metrics.base import Column, Score, metric, score_of
from samplerbench.harness.scoring.needs import ground_truth
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import self_diagnostics
from samplerbench.harness.statistics.estimates import estimate_share
from samplerbench.harness.statistics.self_diagnostics import SelfDiagnostics

Array = np.ndarray


def self_diagnosis(data: TrialData) -> SelfDiagnostics:
    """Which replicates fail their own diagnostics."""
    summary = data.summary
    return self_diagnostics.diagnose(
        data.claims,
        data.trial.chains,
        summary.finite,
        summary.moves,
        data.file.get("divergences"),
        data.file.get("cut_short"),
    )


def find_wrong_replicates(data: TrialData) -> Array:
    """[replicate] bool: some mean is off by more than half an sd."""
    summary = data.summary
    return self_diagnostics.find_wrong(summary.est, summary.mean, summary.sd, summary.mean_se)


@metric(
    Column(
        "failed_diagnostics",
        "realised",
        "share of replicates that fail their own diagnostics",
        "lower",
        interval=True,
    ),
    ground_truth,
)
def failed_diagnostics(data: TrialData) -> Score:
    """How often the sampler itself warns."""
    fails = data.compute_once(self_diagnosis).fails
    return score_of(estimate_share(int(fails.sum()), len(fails)))


@metric(
    Column(
        "failure_rate",
        "realised",
        "share of replicates with a mean off by over half an sd, or not finite",
        "lower",
        interval=True,
    ),
    ground_truth,
)
def failure_rate(data: TrialData) -> Score:
    """How often the result is of no use."""
    return score_of(
        self_diagnostics.failure_rate(data.compute_once(find_wrong_replicates), data.summary.finite)
    )


@metric(
    Column(
        "silent_failures",
        "realised",
        "share that passes its own diagnostics and is wrong",
        "lower",
        interval=True,
    ),
    ground_truth,
)
def silent_failures(data: TrialData) -> Score:
    """How often the result is wrong with nothing to warn of it."""
    fails, wrong = data.compute_once(self_diagnosis).fails, data.compute_once(find_wrong_replicates)
    return score_of(self_diagnostics.silent_failures(fails, wrong))
