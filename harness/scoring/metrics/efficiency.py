"""What the draws cost: claimed and realised ESS against seconds and evaluations, as columns."""

from __future__ import annotations

from functools import partial

from samplerbench.harness.scoring.metrics.base import IF_NONE_WORSE, Score, metric, no_score
from samplerbench.harness.scoring.metrics.sampler_statistics import average_reported
from samplerbench.harness.scoring.needs import NO_TRUTH, ground_truth
from samplerbench.harness.scoring.process_seconds import (
    score_draws_per_second,
    score_seconds_per_pass,
    score_time_to_5pct,
)
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.scoring.verdict_words import UNUSABLE

#: registers realised ESS over a cost
realised_efficiency = partial(
    metric, "cost", better="higher", unit="draws/evaluation", interval=True, condition=IF_NONE_WORSE
)


@metric("cost", "gradient evaluations a replicate, warm-up included", "lower", "evaluations")
def gradients(data: TrialData) -> Score:
    """Gradient evaluations as the sampler counts them."""
    return average_reported(data, "gradients")


@metric("cost", "log-density evaluations without gradient a replicate", "lower", "evaluations")
def likelihoods(data: TrialData) -> Score:
    """Log-density evaluations as the sampler counts them."""
    return average_reported(data, "likelihoods")


def _count(data: TrialData, name: str) -> float:
    value = data.score(name).value
    return value if isinstance(value, float) else 0.0


@metric("cost", "claimed ess / warm_s", "higher", "draws/s", interval=True)
def ess_per_s(data: TrialData) -> Score:
    """Claimed effective draws a second of a warm run."""
    return score_draws_per_second(data.score("ess"), data.result)


def divide_realised_ess(data: TrialData, cost: float | None, reason: str) -> Score:
    """realised_ess over a cost, its interval along with it; ``reason``: why there is no cost."""
    ess = data.score("realised_ess")
    if not isinstance(ess.value, float):
        return no_score(ess.reason)
    if not cost:
        return no_score(reason)
    lo, hi = (None if end is None else end / cost for end in (ess.lo, ess.hi))
    return Score(ess.value / cost, lo, hi)


@realised_efficiency("realised_ess / warm_s", unit="draws/s")
def realised_ess_per_s(data: TrialData) -> Score:
    """Realised effective draws a second of a warm run."""
    return score_draws_per_second(data.score("realised_ess"), data.result)


@realised_efficiency("realised_ess / gradients")
def realised_ess_per_gradient(data: TrialData) -> Score:
    """Realised effective draws a gradient evaluation."""
    return divide_realised_ess(data, _count(data, "gradients"), "this sampler uses no gradients")


@realised_efficiency("realised_ess / (gradients + likelihoods)")
def realised_ess_per_evaluation(data: TrialData) -> Score:
    """Realised effective draws an evaluation of any kind."""
    count = _count(data, "gradients") + _count(data, "likelihoods")
    return divide_realised_ess(data, count, "no evaluations were counted")


@metric(
    "cost",
    "seconds of warm runs for one that passes its own diagnostics; a run that failed or never"
    " ended counts with the time after which it is given up",
    "lower",
    "s",
    needs=[ground_truth],
    interval=True,
)
def seconds_per_pass(data: TrialData) -> Score:
    """What a run that may be kept takes, where one is repeated until its diagnostics pass."""
    shares = data.score("pass_rate"), data.score("unfinished_rate")
    return score_seconds_per_pass(*shares, data.result)


@metric(
    "cost",
    "import + cold until every mean is known to 5 % of its sd",
    "lower",
    "s",
    interval=True,
    condition=IF_NONE_WORSE,
)
def seconds_to_5pct(data: TrialData) -> Score:
    """What a user waits for from nothing until 400 realised draws.

    The first run gives ``realised_ess``. MCMC goes on, or stops earlier, at the pace of its
    sampling phase; nested sampling adds whole runs, which cannot be cut short.
    """
    if data.score("verdict").value in UNUSABLE:
        return no_score(f"never: {data.score('verdict_reason').value}")
    if data.exact is not None and data.exact.single_source:
        return no_score(f"only the {data.exact.single_source} to judge by, unconfirmed")
    ess = data.score("realised_ess")
    score = score_time_to_5pct(ess, data.result, whole_runs=data.log_w is not None)
    return score if score.value is not None else no_score(score.reason or _untimed_reason(data))


def _untimed_reason(data: TrialData) -> str:
    untimed = [name for name in ("cold_s", "warm_s") if name in data.result.missing]
    return data.result.missing[untimed[0]] if untimed else NO_TRUTH
