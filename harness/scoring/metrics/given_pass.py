"""What a user has who keeps a run only where its own diagnostics pass: the scores of such runs.

R-hat, effective draws, divergences and what a sampler itself says of a run are seen without an
exact answer, and nobody keeps a run that they warn of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from samplerbench.harness.scoring.metrics.accuracy import (
    estimate_calibration,
    estimate_mean_error,
    estimate_realised_ess,
    estimate_sd_ratio,
    pick_farthest,
)
from samplerbench.harness.scoring.metrics.base import (
    IF_NONE_WORSE,
    Better,
    Compute,
    Need,
    Score,
    metric,
    score_of,
)
from samplerbench.harness.scoring.metrics.diagnostics import find_wrong_replicates, self_diagnosis
from samplerbench.harness.scoring.metrics.evidence import (
    NO_CLAIM,
    known_evidence,
    score_calibration,
    score_error,
)
from samplerbench.harness.scoring.needs import ground_truth
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics.intervals import Estimate, estimate_share
from samplerbench.rounding import format_percents, format_with_interval

Array = np.ndarray
NONE_LEFT = "fewer than two replicates pass their own diagnostics"


def _passes(data: TrialData) -> Array:
    """[replicate] bool."""
    return ~data.compute_once(self_diagnosis).fails


def passing_runs(data: TrialData) -> str:
    """Two replicates that pass their own diagnostics: why not, or ""."""
    return "" if data.compute_once(_passes).sum() > 1 else NONE_LEFT


def _passing_summary(data: TrialData) -> ReplicateSummary:
    return data.summary.select(data.compute_once(_passes))


NEEDS = (ground_truth, passing_runs)


def _given_pass(
    of: str, better: Better, unit: str = "", *, needs: Sequence[Need] = NEEDS, condition: str = ""
) -> Callable[[Compute], Compute]:
    text = f"{of} of the runs that pass their own diagnostics, see pass_rate"
    return metric("realised", text, better, unit, needs=needs, interval=True, condition=condition)


def _worst(
    data: TrialData, of: Callable[[ReplicateSummary, float], list[Estimate]], ideal: float
) -> Score:
    return pick_farthest(partial(of, data.compute_once(_passing_summary)), ideal)


@metric(
    "realised",
    "share of runs that pass their own diagnostics",
    "higher",
    needs=[ground_truth],
    interval=True,
)
def pass_rate(data: TrialData) -> Score:
    """How often a run may be kept."""
    passes = data.compute_once(_passes)
    return score_of(estimate_share(int(passes.sum()), len(passes)))


@_given_pass("realised_ess", "higher", "draws", condition=IF_NONE_WORSE)
def realised_ess_given_pass(data: TrialData) -> Score:
    """What the draws of a run that is kept are worth."""
    return _worst(data, estimate_realised_ess, np.inf)


@_given_pass("calibration", "one", condition=IF_NONE_WORSE)
def calibration_given_pass(data: TrialData) -> Score:
    """Whether the claims of a run that is kept may be believed."""
    return _worst(data, estimate_calibration, -np.inf)


@_given_pass("mean_error", "zero", "sd")
def mean_error_given_pass(data: TrialData) -> Score:
    """Bias of runs that are kept: choosing runs can make one."""
    return _worst(data, estimate_mean_error, 0.0)


@_given_pass("sd_ratio", "one")
def sd_ratio_given_pass(data: TrialData) -> Score:
    """Width of runs that are kept."""
    estimate = partial(estimate_sd_ratio, data.compute_once(_passing_summary))
    return pick_farthest(estimate, 1.0, ratio=True)


@_given_pass("log_z_error", "zero", "nat", needs=[*NEEDS, known_evidence])
def log_z_error_given_pass(data: TrialData) -> Score:
    """Bias of log Z of runs that are kept."""
    return score_error(data.compute_once(_passing_summary))


@_given_pass("log_z_calibration", "one", needs=[*NEEDS, known_evidence], condition=IF_NONE_WORSE)
def log_z_calibration_given_pass(data: TrialData) -> Score:
    """Whether the claimed error of log Z holds in runs that are kept."""
    summary = data.compute_once(_passing_summary)
    return score_calibration(summary, summary.log_z_err, NO_CLAIM)


@_given_pass("share with a mean off by over half an sd", "lower")
def failure_rate_given_pass(data: TrialData) -> Score:
    """How often a run that is kept is of no use."""
    wrong = data.compute_once(find_wrong_replicates)[data.compute_once(_passes)]
    return score_of(estimate_share(int(wrong.sum()), len(wrong)))


@metric(
    "status",
    "how often a run passes its own diagnostics, and what its errors then are, in words",
    needs=NEEDS,
    is_text=True,
)
def given_pass(data: TrialData) -> Score:
    """What a user with one run has, in a sentence."""
    rate, errors = data.score("pass_rate").value, data.score("calibration_given_pass")
    if not isinstance(rate, float) or not isinstance(errors.value, float):
        return Score(None)
    passes = f"its own diagnostics pass in {format_percents(rate)} of runs"
    factor = format_with_interval(errors.value, errors.lo, errors.hi)
    return Score(f"{passes}; of those, errors are {factor} times the claimed")
