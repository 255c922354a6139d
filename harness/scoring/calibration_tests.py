"""Tests of claims: errors over claimed ones, larger and smaller than they should be.

``harness.scoring.verdict`` says why the margins and the levels are what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import special

from samplerbench.harness.scoring.complaint import ALPHA, Complaint, truth_error
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics.estimates import estimate_typical, z_scores
from samplerbench.harness.statistics.intervals import rms_bounds
from samplerbench.harness.statistics.pairs import PairWidths
from samplerbench.rounding import format_all_rounded

Array = np.ndarray

SHARE_BELOW = "the place (share below the exact median)"


def z_values(e: ReplicateSummary) -> Array:
    """Errors over claimed ones: of the mean, or where it is wild of the share below the median.

    A ground truth with an error of its own is moved, within that, to where the errors are smallest:
    no sampler is blamed for it.
    """
    return z_scores(*find_location(e))


def find_location(e: ReplicateSummary, cautious: bool = False) -> tuple[Array, Array, Array]:
    """What stands for each component's place: estimate, claimed error, exact value.

    A ground truth with an error of its own is moved to where the errors are smallest, or with
    ``cautious`` to where they are largest.
    """
    est, se = np.where(e.mean_tame, e.est, e.below_median), np.where(e.mean_tame, e.se, e.below_se)
    truth = np.where(e.mean_tame, e.mean, e.below_exact)
    error = np.where(e.mean_tame, e.mean_se, 0.5 * truth_error(e))
    return est, se, _shift_truth(est, se, truth, error, cautious)


def _shift_truth(
    est: Array, se: Array, truth: Array, error: Array, cautious: bool = False
) -> Array:
    """``truth`` within its own error: nearest to the replicates' weighted mean, or farthest."""
    if not np.any(error):
        return truth
    reach = -special.ndtri(ALPHA / (2 * len(truth))) * error
    with np.errstate(all="ignore"):
        weight = np.where(np.isfinite(est) & (se > 0), 1 / np.square(se), 0.0)
        centre = np.nansum(weight * est, axis=0) / weight.sum(axis=0)
    centre = np.where(np.isfinite(centre), centre, truth)
    if cautious:
        return np.where(centre > truth, truth - reach, truth + reach)
    return np.clip(centre, truth - reach, truth + reach)


def place_z(e: ReplicateSummary) -> Array:
    """Errors of the share below the exact median over claimed ones, [replicate, component]."""
    return _share_z(e, e.below_median, e.below_se, e.below_exact)


def spread_z(e: ReplicateSummary) -> Array:
    """Errors of the share in the exact central half over claimed ones, [replicate, component]."""
    return _share_z(e, e.half, e.half_se, e.half_exact)


def _share_z(e: ReplicateSummary, share: Array, se: Array, exact: Array | float) -> Array:
    truth = np.zeros(len(e.names)) + exact
    return z_scores(share, se, _shift_truth(share, se, truth, 0.5 * truth_error(e)))


def pair_z(pairs: PairWidths) -> Iterator[tuple[str, Array]]:
    """Of each of the few pairs that claim errors: its name, errors over claimed ones."""
    values, error = pairs.values[:, pairs.few], pairs.error[pairs.few]
    z = z_scores(values, pairs.se, _shift_truth(values, pairs.se, np.ones(len(error)), error))
    for i, column in zip(pairs.few, z.T, strict=True):
        yield f"errors of the variance of {pairs.labels[i]}, each in its sd,", column


def location_name(e: ReplicateSummary, i: int) -> str:
    """What stands for the place of component ``i``, in words."""
    what = "the mean" if e.mean_tame[i] else SHARE_BELOW
    return f"{what} of '{e.names[i]}'"


def check_overconfidence(e: ReplicateSummary) -> Iterator[Complaint]:
    """Errors larger than claimed: of means, shares of the draws and log Z."""
    z, below, half, margin = z_values(e), place_z(e), spread_z(e), e.margins.accused_calibration
    # Half for means or what stands for them, a quarter for shares and modes, a quarter for log Z.
    modes = [(k, e.modes.errors(k)) for k in e.modes.testable] if e.modes else []
    alpha, minor = ALPHA / 2 / len(e.names), ALPHA / 4 / (2 * len(e.names) + len(modes))
    for i, name in enumerate(e.names):
        yield _above_margin(z[:, i], margin, alpha, f"errors of {location_name(e, i)}")
        if e.mean_tame[i]:
            yield _above_margin(below[:, i], margin, minor, f"errors of {SHARE_BELOW} of '{name}'")
        spread = f"errors of the spread (share in the exact central half) of '{name}'"
        yield _above_margin(half[:, i], margin, minor, spread)
    if e.log_z is not None and e.log_z_err is not None:
        yield _above_margin(log_z_errors(e), margin, ALPHA / 4, "errors of log Z")
    for k, errors in modes:
        yield _above_margin(errors, margin, minor, f"errors of the weight of mode {k}")
    if e.pairs is not None and e.pairs.few.size:  # with a level of their own, as for their bias
        for what, errors in pair_z(e.pairs):
            yield _above_margin(errors, margin, ALPHA / len(e.pairs.labels), what)


def center_truth(e: ReplicateSummary) -> ReplicateSummary:
    """The same with a ground truth that may lie anywhere: errors are about the replicates' mean."""
    pairs = e.pairs and replace(e.pairs, error=np.full(len(e.pairs.labels), np.inf))
    log_z = e.log_z_true
    if e.log_z is not None and e.log_z_err is not None:
        truth, anywhere = np.array([log_z], dtype=np.float64), np.array([np.inf])
        log_z = float(_shift_truth(e.log_z[:, None], e.log_z_err[:, None], truth, anywhere)[0])
    return replace(e, mean_se=np.full(len(e.names), np.inf), pairs=pairs, log_z_true=log_z)


def check_overcaution(e: ReplicateSummary) -> Iterator[Complaint]:
    """Errors of the mean, or of log Z, smaller than claimed: by their rms, or in the typical run.

    Claims that have little to do with a run's error can have the right rms by a few that are far
    too small: then most are far too large. Errors of rare counts are a few numbers, whose median
    says nothing of that; a share of few draws goes in steps, of which half is added to its error.
    """
    est, se, truth = find_location(e, cautious=True)
    z, alpha = z_scores(est, se, truth), ALPHA / 4 / len(e.names)
    stepped = np.abs(z) + z_scores(_half_steps(e) + 0 * est, se, np.zeros(len(e.names)))
    tied = np.broadcast_to(e.is_tied, e.sd.shape)
    errors = [
        (z[:, i], None if tied[i] else stepped[:, i], alpha, location_name(e, i))
        for i in range(len(e.names))
    ]
    if e.log_z is not None and e.log_z_err is not None:
        errors += [(log_z_errors(e), log_z_errors(e), ALPHA / 4, "log Z")]
    for values, typical, level, what in errors:
        margin, text = e.margins.accused_calibration, f"errors of {what}"
        yield _below_margin(values, margin, level, text)
        if typical is not None:
            yield _typically_below(typical, margin, level, text)


def _half_steps(e: ReplicateSummary) -> Array:
    """Half of the least distance between two shares that stand for a place, [component]; else 0.

    Of equal-weight draws they are multiples of one over their number.
    """
    shares = (np.unique(np.round(values[np.isfinite(values)], 12)) for values in e.below_median.T)
    steps = np.array([np.diff(each).min(initial=np.inf) / 2 for each in shares])
    return np.where(e.mean_tame | np.isinf(steps), 0.0, steps)


def log_z_errors(e: ReplicateSummary) -> Array:
    """Errors of log Z over claimed ones, [replicate]."""
    log_z, error = np.asarray(e.log_z)[:, None], np.asarray(e.log_z_err)[:, None]
    return z_scores(log_z, error, np.array([e.log_z_true]))[:, 0]


def _above_margin(z: Array, margin: float, alpha: float, what: str) -> Complaint:
    lo, hi = rms_bounds(z, alpha)
    return Complaint(lo / margin, *_describe_rms(z, lo, hi, what, margin))


def _below_margin(z: Array, margin: float, alpha: float, what: str) -> Complaint:
    lo, hi = rms_bounds(z, alpha)
    excess = np.inf if hi == 0 else 1 / (margin * hi)
    return Complaint(excess, *_describe_rms(z, lo, hi, what, 1 / margin))


def _typically_below(z: Array, margin: float, alpha: float, what: str) -> Complaint:
    """The median error over the claimed one; order statistics bound it whatever the claims are."""
    found = estimate_typical(z, 1 - 2 * alpha)
    value, lo, hi = (np.nan if n is None else n for n in (found.value, found.lo, found.hi))
    excess = np.inf if hi == 0 else 1 / (margin * hi)
    words = _describe_ratio(f"{what} are in the typical run", value, lo, hi, 1 / margin)
    return Complaint(excess, *words)


def _describe_rms(
    z: Array, lo: float, hi: float, what: str, bound: float
) -> tuple[str, float, float, float]:
    return _describe_ratio(f"{what} are", float(rms(z[:, None])[0]), lo, hi, bound)


def _describe_ratio(
    what: str, value: float, lo: float, hi: float, bound: float
) -> tuple[str, float, float, float]:
    """The ratio in words, no number on the other side of ``bound``, beyond which it complains."""
    shown, least, most = format_all_rounded((value, lo, hi), lo, hi, bound)
    return f"{what} {shown} times the claimed ones ({least} to {most})", value, lo, hi


def rms(z: Array) -> Array:
    """Root mean square over replicates, [component], of ``z[replicate, component]``."""
    with np.errstate(invalid="ignore"):  # no z at all gives NaN
        return np.sqrt(np.nansum(np.square(z), axis=0) / np.isfinite(z).sum(axis=0))
