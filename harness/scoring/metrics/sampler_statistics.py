"""What a sampler itself reports of its runs, and what nested sampling's points show of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric, no_score, number
from samplerbench.harness.scoring.needs import birth_contours, weights
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics.nested_checks import NestedChecks, check_nested

Array = np.ndarray


def average_reported(
    data: TrialData, name: str, average: Callable[[Array], float] = np.mean
) -> Score:
    """Average over replicates of the number ``name`` that the sampler gives with its draws."""
    values = data.file.get(name)
    known = None if values is None else values[np.isfinite(values)]
    value = float(average(known)) if known is not None and known.size else None
    return number(value, "this sampler gives none")


@metric("claimed", "divergent transitions, mean over replicates", "zero")
def divergences(data: TrialData) -> Score:
    """Transitions whose energy error ran away."""
    return average_reported(data, "divergences")


@metric("claimed", "acceptance probability, mean")
def accept_prob(data: TrialData) -> Score:
    """Acceptance probability over kept draws."""
    return average_reported(data, "accept_prob")


@metric("claimed", "why nested sampling stopped, most common", is_text=True)
def termination(data: TrialData) -> Score:
    """The most common reason to stop over replicates."""
    words = data.file.get("termination")
    if words is None:
        return no_score("only nested sampling stops by itself")
    counts = Counter(filter(None, map(str, words)))  # a run that failed has none
    return Score(counts.most_common(1)[0][0]) if counts else no_score("no run ended")


@metric(
    "claimed",
    "insertion-index test of nested sampling: smallest p over replicates times their number",
    "higher",
    needs=[birth_contours, weights],
)
def insertion_p(data: TrialData) -> Score:
    """Whether new points fell where they should (Fowlie, Handley and Su 2020), Bonferroni."""
    each = data.compute_once(check_points).insertion_p
    p_values = each[np.isfinite(each)]
    smallest = min(1.0, float(p_values.min()) * len(p_values)) if len(p_values) else None
    return number(smallest, "no point was drawn above a contour")


def check_points(data: TrialData) -> NestedChecks:
    """What the points of nested sampling show in each replicate."""
    assert data.log_w is not None, "only nested sampling has such points"
    return check_nested(data.file.stats(), data.log_w, data.file.get("ess"))
