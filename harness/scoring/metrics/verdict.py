"""The verdict as columns, with what decided it and what the draws are held against."""

from __future__ import annotations

from samplerbench.harness.scoring import verdict as verdicts
from samplerbench.harness.scoring.metrics.accuracy import least_accurate
from samplerbench.harness.scoring.metrics.base import Score, metric
from samplerbench.harness.scoring.needs import ground_truth, replicates
from samplerbench.harness.scoring.rank_verdict import rank_tests, verdict_by_ranks
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.scoring.verdict_words import Verdict


def judge(data: TrialData) -> Verdict:
    """The verdict from the ground truth, or from the ranks of each replicate's own truth."""
    if data.trial.calibrate:
        return verdict_by_ranks(data.compute_once(rank_tests), data.margins)
    if data.exact is None:
        return verdicts.judge(None, data.no_truth)
    return verdicts.judge(data.joint_summary)


@metric("status", "what the intervals show of the claims")
def verdict(data: TrialData) -> Score:
    """One word."""
    return Score(data.compute_once(judge).verdict)


@metric("status", "the number and the interval that decided the verdict")
def verdict_reason(data: TrialData) -> Score:
    """Why it is that word, and by what where that is not the exact posterior."""
    reason = data.compute_once(judge).reason
    exact = data.exact
    inexact = exact is not None and exact.source not in ("exact", "quadrature")
    return Score(f"{reason}; against {exact.source}" if exact is not None and inexact else reason)


@metric(
    "status",
    "what the draws are compared with: exact, quadrature, a reference, a long run or"
    " a consensus of other samplers",
)
def answer(data: TrialData) -> Score:
    """Where the ground truth is from."""
    return Score(data.exact.source if data.exact else None)


@metric("status", "the parameter with the least realised (else claimed) ESS")
def worst_parameter(data: TrialData) -> Score:
    """The parameter that the columns of accuracy, or the ranks, are worst for."""
    if data.trial.calibrate:
        ranks = data.compute_once(rank_tests)
        return Score(ranks.names[ranks.worst] if ranks.tests else None)
    if ground_truth(data) or replicates(data):
        return Score(None)
    return Score(data.names[data.compute_once(least_accurate)[0]])
