"""What a campaign could have seen, as columns: from its own replicates and the spread of its runs.

The smallest flaw that would have been shown to be wrong with 95 % probability. What is smaller may
be there, whatever the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from samplerbench.harness.scoring.bias_tests import bias_level
from samplerbench.harness.scoring.calibration_tests import z_values
from samplerbench.harness.scoring.complaint import ALPHA, LOG_Z
from samplerbench.harness.scoring.metrics.accuracy import AGAINST_TRUTH
from samplerbench.harness.scoring.metrics.base import Compute, Need, Score, metric, no_score
from samplerbench.harness.scoring.metrics.evidence import known_evidence
from samplerbench.harness.scoring.power import (
    detect_calibration,
    detect_mean,
    detect_rate,
    detect_shift,
)
from samplerbench.harness.scoring.rank_verdict import rank_tests
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.scoring.verdict_words import LEAST
from samplerbench.harness.statistics import sbc
from samplerbench.harness.statistics.intervals import Estimate
from samplerbench.rounding import format_percents
from samplerbench.text import format_count

Array = np.ndarray


def has_replicates(data: TrialData) -> str:
    """Replicates enough for a verdict: why not, or ""."""
    if len(data.x) < LEAST:
        return f"{format_count(len(data.x), 'replicate')}; a verdict needs {LEAST}"
    return ""


def can_convict(data: TrialData) -> str:
    """A ground truth that can convict: why not, or ""."""
    if data.exact is not None and data.exact.error_unknown:
        return "the reference's own errors are not known"
    single = data.exact.single_source if data.exact else ""
    return f"only the {single} to judge by, unconfirmed" if single else ""


NEEDS = (*AGAINST_TRUTH, has_replicates)
#: of flaws that replicates don't show of one another
BY_TRUTH = (*NEEDS, can_convict)


def _detectable(
    flaw: str, unit: str = "", needs: Sequence[Need] = NEEDS
) -> Callable[[Compute], Compute]:
    text = f"{flaw} that this campaign would have shown to be wrong with 95 % probability"
    return metric("realised", text, "lower", unit, needs=needs)


def _finished(data: TrialData) -> ReplicateSummary:
    """What the verdict is made of: finished runs, with the directions of the joint posterior."""
    return data.joint_summary.select(data.summary.has_ended)


def _claimed(e: ReplicateSummary) -> tuple[int, float, float]:
    """Replicates that claim an error, level, and what is tolerated of errors over claimed ones."""
    count = int(np.isfinite(z_values(e)).sum(axis=0).min())
    return count, ALPHA / 2 / len(e.names), e.margins.accused_calibration


@_detectable("smallest factor of errors over claimed ones")
def detectable_calibration(data: TrialData) -> Score:
    """How much larger than claimed errors would have to be.

    Where no ground truth can convict, they are about the replicates' mean, which costs one of them.
    """
    count, *rest = _claimed(_finished(data))
    if count < LEAST:
        claims = f"{count} of {len(data.x)} replicates claim a standard error"
        return no_score(f"{claims}; a verdict needs {LEAST}")
    return Score(detect_calibration(count - bool(can_convict(data)), *rest))


@_detectable("smallest bias of any mean", unit="sd", needs=BY_TRUTH)
def detectable_bias(data: TrialData) -> Score:
    """How far off a mean would have to be: by its average, or by errors that are too large."""
    e, count = _finished(data), len(data.names)
    if len(e.est) < LEAST or not e.mean_tame[:count].any():
        return no_score("no mean has normal errors, or too few runs finished")
    spread = e.est[:, :count].std(axis=0, ddof=1) / e.sd[:count]
    level, margin = bias_level(e), e.margins.bias
    by_mean = [detect_mean(len(e.est), one, level, margin) for one in spread.tolist()]
    by_claims = np.median(e.se[:, :count], axis=0) / e.sd[:count] * _detect_shift(e)
    found = np.where(e.mean_tame[:count], np.fmin(by_mean, by_claims), np.nan)
    each = [
        Estimate(float(one), None, None) if tame else Estimate(None, None, None, "heavy tails")
        for one, tame in zip(found, e.mean_tame[:count], strict=True)
    ]
    return Score(float(np.nanmax(found)), by_parameter=each)


def _detect_shift(e: ReplicateSummary) -> float:
    count, *rest = _claimed(e)
    return detect_shift(count, *rest) if count >= LEAST else np.nan


@_detectable("smallest bias of log Z", needs=[*BY_TRUTH, known_evidence], unit="nat")
def detectable_log_z_bias(data: TrialData) -> Score:
    """How far off log Z would have to be."""
    e = _finished(data)
    assert e.log_z is not None
    known = e.log_z[np.isfinite(e.log_z)]
    count = len(known)
    if count < LEAST:
        return no_score(f"fewer than {LEAST} replicates give a log Z")
    spread = float(known.std(ddof=1))
    found = detect_mean(count, spread, bias_level(e), LOG_Z, e.margins.log_z)
    if e.log_z_err is not None and np.isfinite(e.log_z_err).all():
        shift = detect_shift(count, ALPHA / 4, e.margins.accused_calibration)
        found = min(found, shift * float(np.median(e.log_z_err)))
    return Score(found)


@_detectable("smallest rate of runs that are far off")
def detectable_failure_rate(data: TrialData) -> Score:
    """How often a run would have to be far off."""
    count = int(data.summary.has_ended.sum())
    return Score(detect_rate(count)) if count > 1 else no_score("no two runs finished")


@metric(
    "status",
    "what this campaign would have shown to be wrong with 95 % probability, in words",
    is_text=True,
)
def power(data: TrialData) -> Score:
    """The detectable flaws in one sentence."""
    if data.trial.calibrate:
        return Score(_describe_ranks(data))
    words = (
        ("detectable_calibration", "errors {:.2f} times those claimed".format),
        ("detectable_bias", "a mean off by {:.2g} sd".format),
        ("detectable_log_z_bias", "log Z off by {:.2g}".format),
        ("detectable_failure_rate", lambda share: f"{format_percents(share)} of runs far off"),
    )
    found = [(data.score(name).value, say) for name, say in words]
    known = [say(value) for value, say in found if isinstance(value, float) and np.isfinite(value)]
    reason = "" if known else data.score("detectable_calibration").reason
    return Score(", ".join(known) or None, reason=reason)


def _describe_ranks(data: TrialData) -> str | None:
    """What ranks of the truths would have shown."""
    ranks = data.compute_once(rank_tests)
    if not ranks.tests:
        return None
    shift, narrow = sbc.detect_flaws(ranks.usable, ranks.draws, len(ranks.names))
    parts = [
        f"draws off by {shift:.2g} sd" if shift is not None else "",
        f"draws {narrow:.2f} times too narrow" if narrow is not None else "",
    ]
    return ", ".join(filter(None, parts)) or "not even draws ten times too narrow"


@metric("status", "what the verdict tolerates; see --margin", is_text=True)
def margins(data: TrialData) -> Score:
    """The margins that a verdict of honest is shown inside of."""
    return Score(str(data.margins))
