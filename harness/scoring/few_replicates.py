"""What replicates too few for a verdict can tell: how far off they are, and what chance makes."""

from __future__ import annotations

import numpy as np
from scipy import stats

from samplerbench.harness.scoring.calibration_tests import location_name, z_values
from samplerbench.harness.scoring.complaint import ALPHA
from samplerbench.harness.scoring.lost_replicates import describe_lost
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.rounding import format_percents


def describe_few(summary: ReplicateSummary, least: int) -> str:
    """How many there are of ``least``, and the largest error among them, in sds and as claimed."""
    count = len(summary.est)
    lost = describe_lost(summary)
    text = f"{count} replicate{'s' * (count > 1)}{', ' * bool(lost)}{lost}; a verdict needs {least}"
    z = z_values(summary)
    if not np.isfinite(z).any():
        return text
    replicate, at = np.unravel_index(np.nanargmax(np.abs(z)), z.shape)
    if summary.mean_tame[at]:
        error = (summary.est[replicate, at] - summary.mean[at]) / summary.sd[at]
        off = f"{abs(error):.2g} sd"
    else:
        exact = np.broadcast_to(summary.below_exact, summary.sd.shape)[at]
        off = f"by {format_percents(abs(summary.below_median[replicate, at] - exact))} of the draws"
    chance = stats.norm.isf(ALPHA / (2 * np.isfinite(z).sum()))
    return (
        f"{text}, each with a seed of its own: fewer can't show whether claimed errors are right."
        f" Farthest off is {location_name(summary, int(at))}: {off},"
        f" {abs(z[replicate, at]):.1f} claimed errors, where chance makes up to {chance:.1f}"
    )
