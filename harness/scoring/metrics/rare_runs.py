"""Rare runs that are far off, or never end, apart from the ordinary ones: as columns.

No interval of an average of squares holds disasters that were not drawn, and one that was drawn
rules it. So there are two numbers: what ordinary runs are worth, and how often a run is none.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from samplerbench.harness.scoring.equivalence import DISASTER, find_disasters
from samplerbench.harness.scoring.lost_replicates import NO_END
from samplerbench.harness.scoring.metrics.accuracy import (
    AGAINST_TRUTH,
    accuracy_metric,
    estimate_realised_ess,
    least_accurate,
    pick_farthest,
)
from samplerbench.harness.scoring.metrics.base import (
    IF_NONE_WORSE,
    Score,
    metric,
    no_score,
    number,
    score_of,
)
from samplerbench.harness.scoring.needs import ground_truth
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import intervals

Array = np.ndarray


def _disasters(data: TrialData) -> Array:
    """[replicate] bool: runs that end, and are far off."""
    return find_disasters(data.summary) & data.summary.has_ended


@accuracy_metric(
    "realised_ess of the runs that are no disasters, see disaster_rate", "higher", "draws"
)
def realised_ess_ordinary(data: TrialData) -> Score:
    """What the draws of an ordinary run are worth."""
    off = data.compute_once(_disasters)
    if off.all():
        return no_score(f"every run is off by more than {DISASTER:g} median claimed errors")
    score = pick_farthest(partial(estimate_realised_ess, data.summary.select(~off)), np.inf)
    return replace(score, by_parameter=())


@accuracy_metric(
    f"share of runs off by more than {DISASTER:g} times what the median run claims, and by what"
    " matters",
    "lower",
)
def disaster_rate(data: TrialData) -> Score:
    """How often a run ends and is far off, whether it admits that or not."""
    off, ended = data.compute_once(_disasters), data.summary.has_ended
    return score_of(intervals.estimate_share(int(off.sum()), int(ended.sum())))


@metric(
    "realised",
    f"share of runs that {NO_END}; realised columns are of the others",
    "lower",
    needs=[ground_truth],
    interval=True,
)
def unfinished_rate(data: TrialData) -> Score:
    """How often there is no result."""
    ended = data.summary.has_ended
    return score_of(intervals.estimate_share(int((~ended).sum()), len(ended)))


def _effective_replicates(data: TrialData) -> float:
    least, _ = data.compute_once(least_accurate)
    return intervals.effective_replicates(data.summary.est[:, least] - data.summary.mean[least])


@metric(
    "realised",
    "replicates that the rms error of the worst parameter rests on, (sum e^2)^2 / sum e^4; a"
    " third of them for normal errors",
    "higher",
    needs=AGAINST_TRUTH,
)
def effective_replicates(data: TrialData) -> Score:
    """How many runs decide on realised ESS."""
    return number(data.compute_once(_effective_replicates), "")


@metric(
    "status",
    "what intervals of the realised ESS hold on where a few runs have most of the error, and"
    " how many runs realised columns leave out",
    needs=AGAINST_TRUTH,
    is_text=True,
)
def caveat(data: TrialData) -> Score:
    """What the reader of a realised column must know that no interval says."""
    return Score("; ".join(filter(None, [_few_decide(data), _some_missing(data)])) or None)


def _few_decide(data: TrialData) -> str:
    count, least = data.compute_once(_effective_replicates), data.compute_once(least_accurate)[0]
    total = int(np.isfinite(data.summary.est[:, least]).sum())
    if not 0 < count < intervals.FEW_DECIDE * total:
        return ""
    return (
        f"realised ESS, and what is made of it, rests on {count:.1f} effective replicates of"
        f" {total} ('{data.names[least]}'); its lower end holds {IF_NONE_WORSE}"
    )


def _some_missing(data: TrialData) -> str:
    ended = data.summary.has_ended
    count, total = int((~ended).sum()), len(ended)
    if not 0 < count < total:
        return ""
    return f"{count} of {total} runs {NO_END}; realised columns are of the others"
