"""The tests behind a verdict: statistics, simultaneous intervals, and margins of tolerance.

``harness.scoring.verdict`` says why the margins and the levels are what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics.between_processes import t_quantile
from samplerbench.harness.statistics.curves import CurveProducts
from samplerbench.harness.statistics.estimates import estimate_typical, rms_bounds, z_scores
from samplerbench.harness.statistics.pairs import PairWidths

Array = np.ndarray

ALPHA = 0.01  # of each kind of complaint: broken, biased, overconfident, overcautious
LOG_Z = 0.1  # natural log
SHARE_BELOW = "the place (share below the exact median)"
W1 = 0.1  # sds, on top of twice what independent draws score: a net for what means and shares miss


@dataclass(frozen=True)
class Complaint:
    """One statistic: how far its interval lies outside what is tolerated (above 1: a complaint)."""

    excess: float
    reason: str
    value: float
    lo: float
    hi: float
    tolerance: float = 0.0  # of a mean: how far off it may be


def check_bias(e: ReplicateSummary) -> Iterator[Complaint]:
    """Means, shares and distances whose interval lies outside its margin."""
    margins, alpha = e.margins, bias_level(e)
    shares = (
        (e.below_median, e.below_exact, margins.place, "below the exact median", False),
        (e.half, e.half_exact, margins.width, "inside the exact central half", True),
        (e.ninety, e.ninety_exact, margins.width, "inside the exact central 90 %", True),
        (e.most, e.most_exact, margins.tails, "inside the exact central 98 %", True),
    )
    truth_errors, claimed = truth_error(e), _claimed_error(e.half_se, e.half_exact)
    for i, name in enumerate(e.names):
        error = (e.est[:, i] - e.mean[i]) / e.sd[i]
        yield _describe_mean(name, _compare_mean(error, 0.0, margins.bias, alpha, truth_errors[i]))
        for values, exact, margin, place, central in shares:
            truth = float(np.broadcast_to(exact, e.sd.shape)[i])
            unit = float(np.sqrt(truth * (1 - truth)))  # sd of whether a draw is in it
            errors = (truth_errors[i] * unit, claimed[i] * unit)
            test = _compare_mean(values[:, i], truth, margin, alpha, *errors)
            yield _describe_share(name, place, truth, test, central)
        yield _compare_distance(e.w1[:, i], W1 + 2 * e.w1_iid[i], alpha, name, truth_errors[i])
        if e.sd_tame[i]:
            scale_error = np.broadcast_to(e.sd_se, e.sd.shape)[i] / e.sd[i]
            ratio = e.sd_hat[:, i] / e.sd[i]
            yield _describe_sd(name, _compare_mean(ratio, 1.0, margins.sd, alpha, scale_error))
    if e.log_z is not None and e.log_z_true is not None:
        test = _compare_mean(e.log_z, e.log_z_true, LOG_Z, alpha, part=margins.log_z)
        what = f"mean log Z is {_interval(test)}, not {e.log_z_true:.2f}"
        yield replace(test, reason=f"{what}; {test.tolerance:.2f} is tolerated")
    if e.modes is not None:
        for k, truth in enumerate(e.modes.weights):
            least = np.sqrt(truth * (1 - truth) / np.nanmedian(e.modes.ess[:, k]))
            test = _compare_mean(e.modes.share[:, k], truth, margins.width, alpha, 0.0, least)
            yield _describe_share(f"mode {k}", "in it", truth, test)
    if e.pairs is not None:
        yield _compare_pairs(e.pairs, 2 * margins.sd)
    if e.curves is not None and e.curves.labels:
        yield _compare_curves(e.curves, 2 * margins.sd)


def _compare_pairs(pairs: PairWidths, margin: float) -> Complaint:
    """The sum or difference of two parameters whose variance lies farthest outside its margin."""
    worst, test = _compare_farthest(pairs.values, 1.0, margin, pairs.error)
    value, lo, hi = (float(np.sqrt(max(n, 0.0))) for n in (test.value, test.lo, test.hi))
    reason = (
        f"sd of {pairs.labels[worst]}, each in its sd, is {value:.2f} ({lo:.2f} to {hi:.2f}) times"
        " the exact one: a correlation is wrong"
    )
    return replace(test, reason=reason, value=value, lo=lo, hi=hi)


def _compare_curves(curves: CurveProducts, margin: float) -> Complaint:
    """The square that goes with another parameter otherwise than it should, farthest off."""
    worst, test = _compare_farthest(curves.values, 0.0, margin, curves.error)
    reason = (
        f"the correlation of {curves.labels[worst]} is off by {_interval(test)};"
        f" {test.tolerance:.2f} is tolerated"
    )
    return replace(test, reason=reason)


def _compare_farthest(
    values: Array, truth: float, margin: float, error: Array
) -> tuple[int, Complaint]:
    """Which of ``values[replicate, one]`` lies farthest outside its margin, and by how much.

    They have a level ALPHA of their own: there may be many, and few parameters have hardly any.
    """
    alpha = ALPHA / (2 * values.shape[1])
    mean, spread, half = t_intervals(values, alpha)
    half = np.hypot(half, -special.ndtri(alpha) * error)
    excess = (np.abs(mean - truth) - half) / np.maximum(margin, 0.5 * spread)
    worst = int(np.argmax(np.nan_to_num(excess, nan=-np.inf)))
    return worst, _compare_mean(values[:, worst], truth, margin, alpha, float(error[worst]))


def bias_level(e: ReplicateSummary) -> float:
    """Level of each bound of a mean, a share or a distance: ALPHA over all of them."""
    count = len(e.modes.weights) if e.modes else 0
    return ALPHA / (2 * (2 + 4) * len(e.names) + 2 + len(e.names) + 2 * count)


def _claimed_error(half_se: Array, exact: Array | float) -> Array:
    """Error that the typical replicate claims of a mean in sds, [component]; 0 for none.

    It is that of the share in the exact central half, 1 / sqrt(ESS) times the sd of whether a draw
    is in it.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        each = half_se / np.sqrt(exact * (1 - exact))
    known = np.where(np.isfinite(each), each, np.nan)
    return np.array([np.nanmedian(c) if np.isfinite(c).any() else 0.0 for c in known.T])


def truth_error(e: ReplicateSummary) -> Array:
    """Standard error of the ground truth's means in sds, [component].

    With n independent draws behind it that is 1 / sqrt(n), so that a share p of them is known to
    sqrt(p (1 - p)) times it.
    """
    return np.broadcast_to(e.mean_se, e.sd.shape) / e.sd


def _interval(test: Complaint, unit: str = "") -> str:
    return f"{test.value:.2f}{unit} ({test.lo:.2f} to {test.hi:.2f})"


def _describe_sd(name: str, test: Complaint) -> Complaint:
    return replace(test, reason=f"sd of '{name}' is {_interval(test)} times the exact one")


def _describe_mean(name: str, test: Complaint) -> Complaint:
    reason = f"mean of '{name}' off by {_interval(test, ' sd')}; {test.tolerance:.2f} is tolerated"
    return replace(test, reason=reason)


def _describe_share(
    name: str, place: str, truth: float, test: Complaint, central: bool = False
) -> Complaint:
    lo, hi = max(test.lo, 0.0), min(test.hi, 1.0)
    interval = f"{100 * test.value:.1f} % ({100 * lo:.1f} to {100 * hi:.1f})"
    width = "too far out: " if test.value < truth else "too narrow: "
    share = f"{width if central else ''}{interval}"
    reason = f"draws of '{name}' {share} are {place}, not {100 * truth:.0f} %"
    return replace(test, reason=reason, lo=lo, hi=hi)


def _compare_mean(
    values: Array,
    truth: float,
    margin: float,
    alpha: float,
    error: float = 0.0,
    least: float = 0.0,
    part: float = 0.5,
) -> Complaint:
    """A mean over replicates against its exact value; tolerated: margin, or part of the spread.

    ``error``: standard error of that value, which widens the interval. ``least``: what values
    differ by from one replicate to another where the exact value is theirs. Shares that few draws
    are in, or all but few, may hardly differ by chance.
    """
    mean, spread, half = t_interval(values, alpha)
    if spread < least:
        count = int(np.isfinite(values).sum())
        half = t_quantile(count, alpha) * least / np.sqrt(count)
    half = float(np.hypot(half, -special.ndtri(alpha) * error))
    tolerated = max(margin, part * spread)
    # The shortest distance that the interval allows, in margins.
    excess = (abs(mean - truth) - half) / tolerated
    return Complaint(excess, "", mean, mean - half, mean + half, tolerated)


def _compare_distance(
    values: Array, limit: float, alpha: float, name: str, error: float
) -> Complaint:
    mean, _, half = t_interval(values, alpha)
    # n draws put a Gaussian's quantiles some 1.1 / sqrt(n) sds off on average
    half = float(np.hypot(half, -special.ndtri(alpha) * 1.1 * error))
    reason = (
        f"draws of '{name}' lie {mean:.2f} sd ({mean - half:.2f} to {mean + half:.2f}) from the "
        f"exact distribution (1-Wasserstein); {limit:.2f} is tolerated"
    )
    return Complaint((mean - half) / limit, reason, mean, mean - half, mean + half)


def t_interval(values: Array, alpha: float) -> tuple[float, float, float]:
    """Mean, sd and half-width over finite ``values``, each side wrong with ``alpha``; else NaN."""
    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return np.nan, np.nan, np.nan
    spread = float(finite.std(ddof=1))
    half = t_quantile(finite.size, alpha) * spread / np.sqrt(finite.size)
    return float(finite.mean()), spread, half


def t_intervals(values: Array, alpha: float) -> tuple[Array, Array, Array]:
    """The same of each column of ``values``, [column] each."""
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    if finite.all() and len(values) > 1:
        mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
        return mean, spread, t_quantile(len(values), alpha) * spread / np.sqrt(count)
    columns = [t_interval(column, alpha) for column in values.T]
    mean, spread, half = np.array(columns).T
    return mean, spread, half


def z_values(e: ReplicateSummary, cautious: bool = False) -> Array:
    """Errors over claimed ones: of the mean, or where it is wild of the share below the median.

    A ground truth with an error of its own is moved, within that, to where the errors are smallest,
    or where they are largest with ``cautious``: no sampler is blamed for it.
    """
    return z_scores(*find_location(e, cautious))


def find_location(e: ReplicateSummary, cautious: bool = False) -> tuple[Array, Array, Array]:
    """What stands for each component's place: estimate, claimed error, exact value."""
    est, se = np.where(e.mean_tame, e.est, e.below_median), np.where(e.mean_tame, e.se, e.below_se)
    error = np.where(e.mean_tame, e.mean_se, 0.5 * truth_error(e))
    return (
        est,
        se,
        _shift_truth(est, se, np.where(e.mean_tame, e.mean, e.below_exact), error, cautious),
    )


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
    share = _shift_truth(
        e.below_median, e.below_se, np.zeros(len(e.names)) + e.below_exact, 0.5 * truth_error(e)
    )
    return z_scores(e.below_median, e.below_se, share)


def spread_z(e: ReplicateSummary) -> Array:
    """Errors of the share in the exact central half over claimed ones, [replicate, component]."""
    share = _shift_truth(
        e.half, e.half_se, np.zeros(len(e.names)) + e.half_exact, 0.5 * truth_error(e)
    )
    return z_scores(e.half, e.half_se, share)


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
    return replace(e, mean_se=np.full(len(e.names), np.inf), pairs=pairs)


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
    return Complaint(lo / margin, *_describe_rms(z, lo, hi, what))


def _below_margin(z: Array, margin: float, alpha: float, what: str) -> Complaint:
    lo, hi = rms_bounds(z, alpha)
    excess = np.inf if hi == 0 else 1 / (margin * hi)
    return Complaint(excess, *_describe_rms(z, lo, hi, what))


def _typically_below(z: Array, margin: float, alpha: float, what: str) -> Complaint:
    """The median error over the claimed one; order statistics bound it whatever the claims are."""
    found = estimate_typical(z, 1 - 2 * alpha)
    value, lo, hi = (np.nan if n is None else n for n in (found.value, found.lo, found.hi))
    excess = np.inf if hi == 0 else 1 / (margin * hi)
    text = (
        f"{what} are in the typical run {value:.2f} times the claimed ones ({lo:.2f} to {hi:.2f})"
    )
    return Complaint(excess, text, value, lo, hi)


def _describe_rms(z: Array, lo: float, hi: float, what: str) -> tuple[str, float, float, float]:
    value = float(rms(z[:, None])[0])
    return f"{what} are {value:.2f} times the claimed ones ({lo:.2f} to {hi:.2f})", value, lo, hi


def rms(z: Array) -> Array:
    """Root mean square over replicates, [component], of ``z[replicate, component]``."""
    with np.errstate(invalid="ignore"):  # no z at all gives NaN
        return np.sqrt(np.nansum(np.square(z), axis=0) / np.isfinite(z).sum(axis=0))
