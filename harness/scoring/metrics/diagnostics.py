"""What a user could have seen without the ground truth, and what was wrong all the same."""

from __future__ import annotations

from functools import partial

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric, score_of
from samplerbench.harness.scoring.metrics.claimed import compute_nested_rhat, has_superchains
from samplerbench.harness.scoring.metrics.sampler_statistics import check_points
from samplerbench.harness.scoring.needs import ground_truth
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import self_diagnostics
from samplerbench.harness.statistics.intervals import estimate_share
from samplerbench.harness.statistics.self_diagnostics import SelfDiagnostics

Array = np.ndarray
_rate = partial(metric, "realised", better="lower", needs=[ground_truth], interval=True)


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
        data.compute_once(check_points) if data.log_w is not None else None,
        data.compute_once(compute_nested_rhat) if has_superchains(data) == "" else None,
    )


def find_wrong_replicates(data: TrialData) -> Array:
    """[replicate] bool: some mean is off by more than half an sd."""
    summary = data.summary
    return self_diagnostics.find_wrong(summary.est, summary.mean, summary.sd, summary.mean_se)


def _find_misleading(data: TrialData) -> Array:
    """[replicate] bool: wrong in any way that a user would mind."""
    e = data.joint_summary
    wrong = self_diagnostics.find_wrong(e.est, e.mean, e.sd, e.mean_se)
    wrong |= self_diagnostics.find_wrong_width(e.sd_hat, e.sd, e.sd_tame)
    if e.log_z is not None and e.log_z_err is not None and e.log_z_true is not None:
        wrong |= self_diagnostics.find_wrong_log_z(e.log_z, e.log_z_err, e.log_z_true)
    tolerated = e.margins.accused_calibration
    return wrong | e.modes.misses_surprisingly(tolerated) if e.modes else wrong


@_rate("share of replicates that fail their own diagnostics")
def failed_diagnostics(data: TrialData) -> Score:
    """How often the sampler itself warns."""
    fails = data.compute_once(self_diagnosis).fails
    return score_of(estimate_share(int(fails.sum()), len(fails)))


@_rate("share of replicates with a mean off by over half an sd, or not finite")
def failure_rate(data: TrialData) -> Score:
    """How often the result is of no use."""
    return score_of(
        self_diagnostics.failure_rate(data.compute_once(find_wrong_replicates), data.summary.finite)
    )


@_rate(
    "share that passes its own diagnostics and is wrong: a mean or a joint direction off by"
    " half an sd, an sd by half, log Z by 1 and three claimed errors, or a mode missed"
)
def silent_failures(data: TrialData) -> Score:
    """How often the result is wrong with nothing to warn of it."""
    fails, wrong = data.compute_once(self_diagnosis).fails, data.compute_once(_find_misleading)
    return score_of(self_diagnostics.silent_failures(fails, wrong))
