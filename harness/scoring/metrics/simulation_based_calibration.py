"""Simulation-based calibration as a column, where replicates have truths of their own."""

from __future__ import annotations

from samplerbench.harness.scoring.metrics.base import Score, metric
from samplerbench.harness.scoring.needs import simulated_truths
from samplerbench.harness.scoring.rank_verdict import rank_tests
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics.intervals import Estimate


@metric(
    "realised",
    "simulation-based calibration: p of uniform ranks, smallest over"
    " parameters and the log likelihood, times their number",
    "higher",
    needs=[simulated_truths],
)
def sbc_p(data: TrialData) -> Score:
    """Whether the ranks of the truths are uniform (Talts et al. 2018), Bonferroni."""
    tests = data.compute_once(rank_tests)
    each = [Estimate(test.p, None, None) for test in tests.tests[: len(data.names)]]
    return Score(tests.p, reason=tests.reason, by_parameter=each)
