"""Verdicts on runs that fail, never end, never move or are far off, by how many there are."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.scoring.calibration_tests import z_values
from samplerbench.harness.scoring.complaint import ALPHA
from samplerbench.harness.scoring.equivalence import DISASTER
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.verdict_words import Verdict
from samplerbench.harness.statistics.intervals import clopper_pearson
from samplerbench.harness.statistics.mode_occupancy import MAJOR
from samplerbench.harness.statistics.self_diagnostics import find_wrong
from samplerbench.rounding import format_percents

Array = np.ndarray

# Of 256 runs two disasters have a lower limit of 0.058 %, eight that never end one of 1.1 %.
DISASTER_RATE, LOST_RATE = 5e-4, 0.01  # what the lower limit of a rate may be
NO_CLAIM = "claim no error, or give no log Z, where others do"
NO_END = "failed, never ended or are not finite"
STUCK_WORDS, UNFINISHED_WORDS = "with a chain that never moves", "failed or not finite"
LOST_Z = 4.0  # claimed errors that a lost replicate is off by, at least
LOST_SHARE = 0.05  # share of replicates that may be lost


def check_rates(summary: ReplicateSummary, disasters: int, origin: str = "") -> Verdict | None:
    """Rare disasters, and runs that fail or never end, at a rate that is surely too high.

    ``origin``: what disasters are off from, where that is not the ground truth.
    """
    total = len(summary.est)
    lost = int((~summary.has_ended).sum())
    kinds = (
        (disasters, DISASTER_RATE, f"off by more than {DISASTER:g} median claimed errors{origin}"),
        (lost, LOST_RATE, NO_END),
        (int(find_silent(summary).sum()), LOST_RATE, NO_CLAIM),
    )
    for count, rate, what in kinds:
        lo, hi = clopper_pearson(count, total, ALPHA)
        if count > 1 and lo > rate:
            reason = f"{count} of {total} runs {what} ({format_percents(lo, hi)})"
            return Verdict("unreliable", reason, count / total, lo, hi)
    return None


def find_silent(summary: ReplicateSummary) -> Array:
    """[replicate] bool: it ends and claims no error, or gives no log Z, where others do."""
    own = summary.parameters()
    told = [_is_claim(own.se) | (own.sd_hat == 0)]  # what never moves is counted apart
    if summary.log_z is not None:
        told.append(np.isfinite(summary.log_z)[:, None])
    if summary.log_z_err is not None:
        told.append(_is_claim(summary.log_z_err)[:, None])
    each = np.concatenate(told, axis=1)
    return (~each & each.any(axis=0)).any(axis=1) & summary.has_ended


def _is_claim(error: Array) -> Array:
    return np.isfinite(error) & (error > 0)


def find_stuck(summary: ReplicateSummary) -> Array:
    """[replicate] bool: it ends, and a chain of it is constant that can't well be."""
    moving: Array = (summary.moves | summary.may_rest).all(axis=1)
    return summary.has_ended & ~moving


def describe_lost(summary: ReplicateSummary) -> str:
    """How many replicates have no claim since they fail, are not finite or stuck; "" for none."""
    return _count_kinds((find_stuck(summary), STUCK_WORDS), (~summary.has_ended, UNFINISHED_WORDS))


def _count_kinds(*kinds: tuple[Array, str]) -> str:
    return ", ".join(f"{int(kind.sum())} {text}" for kind, text in kinds if kind.any())


def check_lost_replicates(summary: ReplicateSummary, off: bool = True) -> Verdict | None:
    """More than 5 % of replicates wrong, blind, not finite or stuck, by the exact lower bound.

    Without ``off`` only what needs no ground truth counts: not finite or stuck.
    """
    finite, stuck = summary.has_ended, find_stuck(summary)
    own = summary.parameters()
    biased = find_wrong(own.est, own.mean, own.sd, own.mean_se) & ~stuck & finite
    with np.errstate(invalid="ignore"):  # what admits so large an error is no disaster
        biased &= off & (np.abs(z_values(own)) > LOST_Z).any(axis=1)
    blind = np.zeros(len(finite), dtype=bool)
    if summary.modes:
        blind = summary.modes.misses_surprisingly(summary.margins.accused_calibration)
    count, total = int((~finite | stuck | biased | blind).sum()), len(finite)
    lo, hi = clopper_pearson(count, total, ALPHA)
    if lo <= LOST_SHARE:
        return None
    kinds = (
        (blind, f"never in a mode of more than {100 * MAJOR:.0f} %"),
        (biased, f"off by more than half an sd and {LOST_Z:g} claimed errors"),
        (stuck, STUCK_WORDS),
        (~finite, UNFINISHED_WORDS),
    )
    what = _count_kinds(*kinds)
    reason = f"{count} of {total} replicates are lost ({format_percents(lo, hi)}): {what}"
    return Verdict("broken", reason, count / total, lo, hi)


def check_stuck_chains(summary: ReplicateSummary) -> Verdict | None:
    """Any chain without variance: it claims no error, and no sound sampler gives one."""
    stuck = int((summary.finite & ~summary.moves & ~np.asarray(summary.may_rest)).any(axis=1).sum())
    total = len(summary.est)
    lo, hi = clopper_pearson(stuck, total, ALPHA)
    if stuck == 0:
        return None
    reason = (
        f"{stuck} of {total} replicates ({format_percents(lo, hi)}) "
        "have a chain that never moves, and so claims no error"
    )
    return Verdict("overconfident", reason, stuck / total, lo, hi)
