"""What tuning costs, and what draws would cost without it, as columns."""

from __future__ import annotations

from samplerbench.harness.scoring.metrics.base import Score, metric, no_score
from samplerbench.harness.scoring.metrics.efficiency import divide_realised_ess, realised_efficiency
from samplerbench.harness.scoring.metrics.sampler_statistics import average_reported
from samplerbench.harness.scoring.trial_data import TrialData


@metric(
    "cost",
    "gradient evaluations of warm-up and tuning a replicate, part of gradients",
    "lower",
    "evaluations",
)
def tuning_gradients(data: TrialData) -> Score:
    """Gradient evaluations before the first kept draw, as the sampler counts them."""
    return average_reported(data, "tuning_gradients")


@realised_efficiency(
    "realised_ess / (gradients - tuning_gradients), as in papers that leave tuning out"
)
def realised_ess_per_gradient_tuning_free(data: TrialData) -> Score:
    """Realised effective draws a gradient evaluation of the kept draws alone."""
    every, tuning = (data.score(name).value for name in ("gradients", "tuning_gradients"))
    if not isinstance(every, float) or not isinstance(tuning, float):
        return no_score("this sampler does not count the gradients of tuning apart")
    return divide_realised_ess(data, every - tuning, "every gradient is of tuning")
