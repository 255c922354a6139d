"""How the draws share themselves out among the modes that a model names, as columns."""

from __future__ import annotations

from functools import partial

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric, score_of
from samplerbench.harness.scoring.needs import ground_truth, named_modes, replicates
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics.intervals import estimate_share, index_of_worst, mean_interval

_of_modes = partial(
    metric, "realised", needs=[ground_truth, replicates, named_modes], interval=True
)


@_of_modes(
    "mean share of the draws in a mode less its exact weight, of the mode that is farthest off",
    "zero",
)
def mode_error(data: TrialData) -> Score:
    """Bias of the mode weights."""
    modes = data.summary.modes
    assert modes is not None
    errors = [mean_interval(column) for column in (modes.share - modes.weights).T]
    return score_of(errors[index_of_worst(errors, 0.0)])


@_of_modes("share of replicates that never visit a mode of more than 5 % weight", "lower")
def modes_missed(data: TrialData) -> Score:
    """How often a large mode is not found."""
    modes = data.summary.modes
    assert modes is not None
    known = np.isfinite(modes.share).all(axis=1)
    missed = modes.never_visited[known].any(axis=1)
    return score_of(estimate_share(int(missed.sum()), len(missed)))
