"""Why replicates can't be judged: they depend on one another, or their numbers are too coarse."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.verdict_words import LEAST
from samplerbench.harness.statistics.duplicates import find_duplicates, find_succession
from samplerbench.rounding import format_percents

COARSE = 0.1  # sds between neighbouring numbers, up to which draws are taken for continuous


def find_relation(summary: ReplicateSummary) -> str:
    """How replicates depend on one another, in words; "" for none.

    Of the parameters alone: a distance is the same in the mirror. Counts, whose means agree by
    chance, show no run that comes twice.
    """
    own = summary.parameters()
    apart = ~np.broadcast_to(own.is_tied, own.sd.shape)
    est, sd = own.est[:, apart], own.sd_hat[:, apart]
    if apart.any() and (pair := find_duplicates(est, sd, own.mean[apart], own.sd[apart])):
        return f"{_name_pair(summary, *pair)} are the same run, or mirror images"
    if shared := summary.shared_draws:
        first, second, share = shared
        return f"{_name_pair(summary, first, second)} share {format_percents(share)} of the draws"
    if common := summary.common_noise:
        first, second, value = common
        names = _name_pair(summary, first, second)
        return f"draws of {names} go together, place by place (correlation {value:.2f})"
    if len(own.est) < LEAST or not (found := find_succession(own.est)):
        return ""
    at, lag, value = found
    before = "the run before" if lag == 1 else f"the run {lag} before"
    return f"means of '{own.names[at]}' follow those of {before} (rank correlation {value:.2f})"


def _name_pair(summary: ReplicateSummary, first: int, second: int) -> str:
    labels = summary.labels or range(len(summary.est))
    return f"{labels[first]} and {labels[second]}"


def find_coarse(summary: ReplicateSummary) -> str:
    """The parameter that numbers of the draws' precision can't tell from its mean; "" for none."""
    spacing = np.broadcast_to(summary.spacing, summary.sd.shape)
    worst = int(np.argmax(spacing))
    if spacing[worst] <= COARSE:
        return ""
    name, mean = summary.names[worst], summary.mean[worst]
    return (
        f"the draws' precision can't hold '{name}': numbers near its mean {mean:.6g} are"
        f" {spacing[worst]:.2g} of its sd apart; --precision 64, a file with more digits,"
        " or draws less that mean would do"
    )
