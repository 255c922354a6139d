"""What a sampler itself reports of its runs, and what nested sampling's points show of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from samplerbench.harness.scoring.metrics.base import Column, Score, metric, no_score, number
from samplerbench.harness.scoring.needs import birth_contours
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics.insertion_index import insertion_index

Array = np.ndarray


def average_reported(
    data: TrialData, name: str, average: Callable[[Array], float] = np.mean
) -> Score:
    """Average over replicates of the number ``name`` that the sampler gives with its draws."""
    values = data.file.get(name)
    known = None if values is None else values[np.isfinite(values)]
    value = float(average(known)) if known is not None and known.size else None
    return number(value, "this sampler gives none")


@metric(Column("divergences", "claimed", "divergent transitions, mean over replicates", "zero"))
def divergences(data: TrialData) -> Score:
    """Transitions whose energy error ran away."""
    return average_reported(data, "divergences")


@metric(Column("accept_prob", "claimed", "acceptance probability, mean"))
def accept_prob(data: TrialData) -> Score:
    """Acceptance probability over kept draws."""
    return average_reported(data, "accept_prob")


@metric(Column("termination", "claimed", "why nested sampling stopped, most common", is_text=True))
def termination(data: TrialData) -> Score:
    """The most common reason to stop over replicates."""
    words = data.file.get("termination")
    if words is None:
        return no_score("only nested sampling stops by itself")
    return Score(Counter(map(str, words)).most_common(1)[0][0])


@metric(
    Column(
        "insertion_p",
        "claimed",
        "insertion-index test of nested sampling: smallest p over replicates times their number",
        "higher",
    ),
    birth_contours,
)
def insertion_p(data: TrialData) -> Score:
    """Whether new points fell where they should (Fowlie, Handley and Su 2020), Bonferroni."""
    stats, weights = data.file.stats(), data.file.get("log_weights")
    p_values = []
    for replicate in range(len(weights)):
        real = np.isfinite(weights[replicate, 0])
        rng = np.random.default_rng([replicate, 0x1D])
        log_l = stats["log_l"][replicate, 0][real]
        birth = stats["log_l_birth"][replicate, 0][real]
        p, _ = insertion_index(log_l, birth, rng)
        if p is not None:
            p_values.append(p)
    smallest = min(1.0, min(p_values) * len(p_values)) if p_values else None
    return number(smallest, "no point was drawn above a contour")
