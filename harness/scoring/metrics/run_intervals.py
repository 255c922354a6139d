"""The standard errors that one run prints of means and quantiles, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import stats

from samplerbench.harness.scoring.metrics.accuracy import (
    AGAINST_TRUTH,
    accuracy_metric,
    add_truth_error,
    pick_farthest,
)
from samplerbench.harness.scoring.metrics.base import IF_NONE_WORSE, Score, metric
from samplerbench.harness.scoring.needs import equal_weights
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import ess_rhat, estimates, intervals
from samplerbench.harness.statistics.intervals import Estimate, estimate_share
from samplerbench.harness.statistics.wasserstein import MOMENTS_ALONE

Array = np.ndarray

REACH = float(stats.norm.ppf(0.975))  # standard errors of a 95 % interval
QUANTILES = (0.05, 0.5, 0.95)


def _holds(data: TrialData) -> Array:
    """Whether the 95 % interval of each run holds the exact mean; NaN where it claims no error."""
    summary = data.summary
    z = estimates.z_scores(summary.est, add_truth_error(summary), summary.mean)
    return np.where(np.isnan(z), np.nan, np.abs(z) <= REACH)


def _shares(holds: Array, level: float) -> list[Estimate]:
    counts = np.nansum(holds, axis=0), np.isfinite(holds).sum(axis=0)
    return [estimate_share(int(k), int(n), level) for k, n in zip(*counts, strict=True)]


@accuracy_metric(
    "share of runs whose mean +- 1.96 claimed standard errors holds the exact mean, least"
    " parameter; 0.95 is right"
)
def mcse_coverage(data: TrialData) -> Score:
    """Coverage of the 95 % interval that a run gives of a mean."""
    return pick_farthest(partial(_shares, _holds(data)), np.inf)


def quantiles_known(data: TrialData) -> str:
    """Exact quantiles of each parameter: why not, or ""."""
    known = data.exact is not None and data.exact.quantile is not None
    return "" if known else MOMENTS_ALONE


def _quantile_errors(data: TrialData) -> tuple[Array, Array, Array]:
    """Quantiles of the draws, claimed errors and exact ones, [replicate, component * quantile]."""
    assert data.exact is not None and data.exact.quantile is not None and data.claims is not None
    share = data.summary.below_exact
    with np.errstate(invalid="ignore", divide="ignore"):
        ess_median = share * (1 - share) / np.square(data.summary.below_se)
    sizes = (data.claims.ess_low, ess_median, data.claims.ess_high)
    probs = np.array(QUANTILES)
    value, error = (
        np.moveaxis(each, 1, 2).reshape(len(data.x), -1)
        for each in ess_rhat.quantile_errors(data.x, probs, sizes)
    )
    return value, error, data.exact.quantile(probs).T.ravel()


@metric(
    "realised",
    "calibration of the 5, 50 and 95 % quantiles, largest of all parameters",
    "one",
    needs=[*AGAINST_TRUTH, quantiles_known, equal_weights],
    interval=True,
    condition=IF_NONE_WORSE,
)
def calibration_quantiles(data: TrialData) -> Score:
    """Whether claimed standard errors of quantiles are as large as their errors."""
    errors = _quantile_errors(data)
    score = pick_farthest(partial(estimates.calibration, *errors), -np.inf)
    return replace(score, by_parameter=_largest(score.by_parameter))


def _largest(each: Sequence[Estimate]) -> list[Estimate]:
    """The largest of each parameter's quantiles."""
    count = len(QUANTILES)
    groups = [each[i : i + count] for i in range(0, len(each), count)]
    return [group[intervals.index_of_worst(group, -np.inf)] for group in groups]
