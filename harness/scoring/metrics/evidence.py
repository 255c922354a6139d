"""The evidence Z as columns: what a sampler says of log Z, and how far off that is."""

from __future__ import annotations

from functools import partial

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric, no_score, score_of
from samplerbench.harness.scoring.metrics.sampler_statistics import average_reported
from samplerbench.harness.scoring.needs import NO_TRUTH, ground_truth, replicates
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import estimates

Array = np.ndarray
NO_CLAIM = "this sampler claims no error of log Z"


@metric("claimed", "log evidence, natural, mean over replicates", unit="nat", section="evidence")
def log_z(data: TrialData) -> Score:
    """Log evidence against the normalised prior."""
    return average_reported(data, "log_z")


@metric("claimed", "claimed standard error of log_z, median", "lower", "nat", section="evidence")
def log_z_err(data: TrialData) -> Score:
    """What the sampler says log_z may be off by."""
    return average_reported(data, "log_z_err", np.median)


@metric(
    "claimed",
    "a second claimed standard error of log_z, as from simulated runs, median",
    "lower",
    "nat",
    section="evidence",
)
def log_z_err_simulated(data: TrialData) -> Score:
    """What log_z may be off by according to runs that the sampler simulates from its points."""
    return average_reported(data, "log_z_err_simulated", np.median)


def known_evidence(data: TrialData) -> str:
    """A sampler that gives an evidence, and a ground truth that knows it: why not, or ""."""
    if data.summary.log_z is not None:
        return ""
    unknown = data.score("log_z").value is None
    return "this sampler gives no evidence" if unknown else NO_TRUTH


_evidence_error = partial(
    metric,
    "realised",
    needs=[ground_truth, replicates, known_evidence],
    interval=True,
    section="evidence",
)


def score_error(summary: ReplicateSummary) -> Score:
    """Mean error of log Z over runs that give one."""
    assert summary.log_z is not None and summary.log_z_true is not None
    return score_of(estimates.log_z_error(summary.log_z, summary.log_z_true))


def score_calibration(summary: ReplicateSummary, claimed: Array | None, unclaimed: str) -> Score:
    """Rms of log Z's error over the ``claimed`` one; ``unclaimed`` says why there is none."""
    assert summary.log_z is not None and summary.log_z_true is not None
    if claimed is None:
        return no_score(unclaimed)
    return score_of(estimates.log_z_calibration(summary.log_z, claimed, summary.log_z_true))


@_evidence_error("mean error of log_z", "zero", "nat")
def log_z_error(data: TrialData) -> Score:
    """Bias of the log evidence."""
    return score_error(data.summary)


@_evidence_error("rms of log_z's error / claimed error", "one")
def log_z_calibration(data: TrialData) -> Score:
    """Whether the claimed error of log_z is as large as its errors are."""
    return score_calibration(data.summary, data.summary.log_z_err, NO_CLAIM)


@_evidence_error("rms of log_z's error / the second claimed error, log_z_err_simulated", "one")
def log_z_calibration_simulated(data: TrialData) -> Score:
    """Whether the second claimed error of log_z is as large as its errors are."""
    claimed = data.file.get("log_z_err_simulated")
    one = "this sampler claims one error of log Z at the most"
    return score_calibration(data.summary, claimed, one)
