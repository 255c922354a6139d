"""Errors against the ground truth, as columns: of means, of spreads, of whole distributions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from samplerbench.harness.scoring.metrics.base import (
    IF_NONE_WORSE,
    Score,
    metric,
    no_score,
    number,
    score_of,
)
from samplerbench.harness.scoring.needs import ground_truth, replicates
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import estimates, intervals, wasserstein
from samplerbench.harness.statistics.intervals import Estimate
from samplerbench.harness.statistics.wasserstein import MOMENTS_ALONE
from samplerbench.models.base import Exact

Array = np.ndarray


#: what a comparison with the ground truth needs to have an interval
AGAINST_TRUTH = (ground_truth, replicates)
#: registers such a comparison
accuracy_metric = partial(metric, "realised", needs=AGAINST_TRUTH, interval=True)


def _exact(data: TrialData) -> Exact:
    assert data.exact is not None, "asked for by `needs`"
    return data.exact


#: estimates of all parameters, with intervals of the level that is handed over
Estimator = Callable[[float], Sequence[Estimate]]


def pick_farthest(estimate: Estimator, ideal: float, ratio: bool = False) -> Score:
    """The parameter that is farthest from ``ideal``; its interval is simultaneous over all.

    An extreme of many needs one: the ordinary interval of the worst of fifty parameters of an exact
    sampler holds the truth in 7 % of campaigns (calibration, 32 replicates).
    """
    each = estimate(intervals.LEVEL)
    worst = intervals.index_of_worst(each, ideal, ratio)
    level = intervals.simultaneous_level(len(each), of_extreme=bool(np.isinf(ideal)))
    return score_of(estimate(level)[worst], each)


def estimate_realised_ess(summary: ReplicateSummary, level: float) -> list[Estimate]:
    """Realised ESS of each parameter."""
    values = (summary.est, summary.mean, summary.sd, summary.mean_se)
    return estimates.realised_ess(*values, level)


def _estimate_share_ess(
    summary: ReplicateSummary, share: Array, exact: Array | float, level: float
) -> list[Estimate]:
    """Realised ESS of the share of the draws in an interval that holds ``exact`` of the posterior.

    Draws are in it or not, so that independent ones have binomial errors, whatever their tails. A
    ground truth that is draws itself has as many of them for a share as for a mean.
    """
    p = np.broadcast_to(exact, summary.sd.shape)
    sd = np.where((p > 0) & (p < 1), np.sqrt(p * (1 - p)), np.nan)
    return estimates.realised_ess(share, p, sd, sd * summary.mean_se / summary.sd, level)


def estimate_calibration(summary: ReplicateSummary, level: float) -> list[Estimate]:
    """Calibration of each parameter's mean."""
    claimed = add_truth_error(summary)
    return estimates.calibration(summary.est, claimed, summary.mean, level)


def add_truth_error(summary: ReplicateSummary) -> Array:
    """Claimed error of a mean's difference from a ground truth that has an error of its own.

    Where none is claimed there is none.
    """
    return np.where(summary.se > 0, np.hypot(summary.se, summary.mean_se), summary.se)


def estimate_mean_error(summary: ReplicateSummary, level: float) -> list[Estimate]:
    """Mean error of each parameter's mean, in sds."""
    values = (summary.est, summary.mean, summary.sd, summary.mean_se)
    return estimates.mean_error(*values, level)


def estimate_sd_ratio(summary: ReplicateSummary, level: float) -> list[Estimate]:
    """Sd of the draws over the exact sd, of each parameter."""
    return estimates.sd_ratio(summary.sd_hat, summary.sd, summary.sd_se, level)


def least_accurate(data: TrialData) -> tuple[int, list[Estimate]]:
    """Index of the parameter with the least realised ESS, and each parameter's."""
    each = estimate_realised_ess(data.summary, intervals.LEVEL)
    return intervals.index_of_worst(each, np.inf), each


@accuracy_metric(
    "independent draws that would have had these errors, worst parameter",
    "higher",
    "draws",
    condition=IF_NONE_WORSE,
)
def realised_ess(data: TrialData) -> Score:
    """What the draws were worth, whatever they claim."""
    return pick_farthest(partial(estimate_realised_ess, data.summary), np.inf)


def _score_share(data: TrialData, share: Array, exact: Array | float) -> Score:
    if _exact(data).quantile is None:
        return no_score(MOMENTS_ALONE)
    return pick_farthest(partial(_estimate_share_ess, data.summary, share, exact), np.inf)


@accuracy_metric(
    "the same by errors of the share in the exact central half: the spread's",
    "higher",
    "draws",
    condition=IF_NONE_WORSE,
)
def realised_ess_spread(data: TrialData) -> Score:
    """What the draws were worth for the spread: chains that go from side to side flatter means."""
    return _score_share(data, data.summary.half, data.summary.half_exact)


@accuracy_metric(
    "the same by errors of the share in the exact central 90 %: the tails'",
    "higher",
    "draws",
    condition=IF_NONE_WORSE,
)
def realised_ess_tail(data: TrialData) -> Score:
    """What the draws were worth for the tails, which ``ess_tail`` claims."""
    return _score_share(data, data.summary.ninety, data.summary.ninety_exact)


@accuracy_metric(
    "rms over replicates of error / claimed standard error of the mean, largest parameter",
    "one",
    condition=IF_NONE_WORSE,
)
def calibration(data: TrialData) -> Score:
    """Whether claimed standard errors are as large as errors are."""
    return pick_farthest(partial(estimate_calibration, data.summary), -np.inf)


@accuracy_metric("the same of the parameter where it is smallest", "one", condition=IF_NONE_WORSE)
def calibration_least(data: TrialData) -> Score:
    """The most cautious parameter: the other end of the range beside ``calibration``."""
    score = pick_farthest(partial(estimate_calibration, data.summary), np.inf)
    return replace(score, by_parameter=())


@accuracy_metric("calibration from the median, blind to rare disasters", "one")
def calibration_robust(data: TrialData) -> Score:
    """Calibration of the typical replicate."""
    return pick_farthest(partial(_estimate_robust, data.summary), -np.inf)


def _estimate_robust(summary: ReplicateSummary, level: float) -> list[Estimate]:
    claimed = add_truth_error(summary)
    return estimates.calibration_robust(summary.est, claimed, summary.mean, level)


@accuracy_metric("calibration of the second moment", "one", condition=IF_NONE_WORSE)
def calibration_second(data: TrialData) -> Score:
    """Calibration of the mean square about the exact mean."""
    if data.log_w is not None:
        return no_score("weighted draws claim no error of it")
    exact = _exact(data)
    second, error = estimates.second_moment(data.x, exact.mean)
    error = np.hypot(error, 2 * exact.sd * data.summary.sd_se)
    return pick_farthest(partial(estimates.calibration, second, error, exact.sd**2), -np.inf)


@accuracy_metric("mean error of the posterior mean, in posterior sds, worst", "zero", "sd")
def mean_error(data: TrialData) -> Score:
    """Bias of the mean."""
    return pick_farthest(partial(estimate_mean_error, data.summary), 0.0)


@accuracy_metric("sd of the draws over the exact sd, worst", "one")
def sd_ratio(data: TrialData) -> Score:
    """Whether the draws are as wide as the posterior."""
    return pick_farthest(partial(estimate_sd_ratio, data.summary), 1.0, ratio=True)


@accuracy_metric("1-Wasserstein distance to the exact marginal, in sds, worst", "lower", "sd")
def w1(data: TrialData) -> Score:
    """Distance of the whole marginal distribution."""
    return pick_farthest(partial(wasserstein.estimate_w1, data.summary.w1), -np.inf)


@metric(
    "realised",
    "what independent draws, as many as drawn, score on w1",
    needs=AGAINST_TRUTH,
    unit="sd",
)
def w1_iid(data: TrialData) -> Score:
    """What an ideal sampler scores on the same parameter."""
    farthest = intervals.index_of_worst(wasserstein.estimate_w1(data.summary.w1), 0.0)
    count = data.x.shape[1] * data.x.shape[2]
    ideal = float(wasserstein.score_independent_draws(_exact(data), count).w1[farthest])
    return number(ideal if np.isfinite(ideal) else None, MOMENTS_ALONE)


def _coverages(data: TrialData) -> dict[float, Array]:
    return wasserstein.measure_coverage(data.x, _exact(data), data.log_w)


def _coverage(data: TrialData, share: float) -> Score:
    covered = data.compute_once(_coverages)[share]
    return pick_farthest(partial(wasserstein.estimate_coverage, covered), share)


@accuracy_metric(
    "how often the central 50 % of the draws holds a value from the exact posterior, worst"
)
def coverage_50(data: TrialData) -> Score:
    """Coverage of central half intervals."""
    return _coverage(data, 0.5)


@accuracy_metric("the same for the central 90 %")
def coverage_90(data: TrialData) -> Score:
    """Coverage of central 90 % intervals."""
    return _coverage(data, 0.9)


@accuracy_metric("the same for the central 95 %")
def coverage_95(data: TrialData) -> Score:
    """Coverage of central 95 % intervals."""
    return _coverage(data, 0.95)
