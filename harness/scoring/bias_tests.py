"""Tests of bias: means, sds, shares, distances and joint structure against the exact answer.

``harness.scoring.verdict`` says why the margins and the levels are what they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import special

from samplerbench.harness.scoring.complaint import (
    ALPHA,
    LOG_Z,
    Complaint,
    t_interval,
    t_intervals,
    truth_error,
)
from samplerbench.harness.scoring.far_draws import FAR, tolerate_far_share
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics.between_processes import t_quantile
from samplerbench.harness.statistics.combinations import CombinationWidths
from samplerbench.harness.statistics.curves import CurveProducts
from samplerbench.harness.statistics.pairs import PairWidths
from samplerbench.rounding import format_all_rounded, format_beside, format_with_interval

Array = np.ndarray

PART = 0.5  # of the spread over replicates, up to which a bias is tolerated whatever the margin is
W1 = 0.1  # sds, on top of twice what independent draws score: a net for what means and shares miss


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
            told = central and (test.value > truth or _is_even(e, i, truth - test.value))
            yield _describe_share(name, place, truth, test, told)
        yield _compare_distance(e.w1[:, i], W1 + 2 * e.w1_iid[i], alpha, name, truth_errors[i])
        if e.sd_tame[i]:
            scale_error = np.broadcast_to(e.sd_se, e.sd.shape)[i] / e.sd[i]
            ratio = e.sd_hat[:, i] / e.sd[i]
            yield _describe_sd(name, _compare_mean(ratio, 1.0, margins.sd, alpha, scale_error))
    if e.log_z is not None and e.log_z_true is not None:
        test = _compare_mean(e.log_z, e.log_z_true, LOG_Z, alpha, part=margins.log_z)
        # to a hundredth, however large: its errors are absolute
        interval = f"{test.value:.2f} ({test.lo:.2f} to {test.hi:.2f})"
        what = f"mean log Z is {interval}, not {e.log_z_true:.2f}"
        yield replace(test, reason=f"{what}; {test.tolerance:.3g} is tolerated")
    if e.modes is not None:
        for k, truth in enumerate(e.modes.weights):
            least = np.sqrt(truth * (1 - truth) / np.nanmedian(e.modes.ess[:, k]))
            test = _compare_mean(e.modes.share[:, k], truth, margins.width, alpha, 0.0, least)
            yield _describe_share(f"mode {k}", "in it", truth, test)
    pair = None if e.pairs is None else _compare_pairs(e.pairs, 2 * margins.sd)
    if pair is not None:
        yield pair
    if e.curves is not None and e.curves.labels:
        yield _compare_curves(e.curves, 2 * margins.sd)
    if e.combinations is not None and not (pair and pair.excess > 1):  # two say it more plainly
        yield _compare_combinations(e.combinations, 2 * margins.sd)


def _is_even(e: ReplicateSummary, i: int, outside: float) -> bool:
    """Whether the share ``outside`` that is missing in an interval lies on either side of it.

    Distances that are all too small are outside, and not too far out.
    """
    exact = float(np.broadcast_to(e.below_exact, e.sd.shape)[i])
    finite = e.below_median[np.isfinite(e.below_median[:, i]), i]
    return bool(finite.size) and abs(float(finite.mean()) - exact) < outside / 2


def check_far_draws(e: ReplicateSummary) -> Iterator[Complaint]:
    """Draws beyond far quantiles of each parameter, at a level ALPHA of their own.

    They tell least of what is wrong, and are for what no other test finds.
    Few runs may have most of them, so that the interval's lower end lies too low: Student's t of
    values that are skewed to the right exceeds its upper quantile too rarely.
    """
    if e.far is None:
        return
    tolerated = tolerate_far_share(e.margins.sd)
    for name, share in zip(e.names, e.far.T, strict=False):  # the names go on to directions
        mean, _, half = t_interval(share, ALPHA / e.far.shape[1])
        test = Complaint((mean - half) / tolerated, "", mean, mean - half, mean + half, tolerated)
        percents = (100 * test.value, 100 * test.lo, 100 * test.hi)
        most = format_beside(100 * tolerated, percents[1], form=".2g")
        value, lo, hi = format_all_rounded(percents, *percents[1:], float(most))
        ends = f"the exact {100 * FAR:g} % and {100 - 100 * FAR:g} % quantiles"
        reason = (
            f"{value} % ({lo} to {hi}) of the draws of '{name}' lie beyond {ends}, not"
            f" {200 * FAR:g} %; {most} % are tolerated"
        )
        yield replace(test, reason=reason)


def _compare_pairs(pairs: PairWidths, margin: float) -> Complaint:
    """The sum or difference of two parameters whose variance lies farthest outside its margin."""
    worst, test = _compare_farthest(pairs.values, 1.0, margin, pairs.error)
    return _describe_variance(f"{pairs.labels[worst]}, each in its sd,", test, "a correlation is")


def _compare_combinations(found: CombinationWidths, margin: float) -> Complaint:
    """The combination of all parameters that lies farther outside, of the two that were found."""
    worst, test = _compare_farthest(found.values, 1.0, margin, found.error)
    what = f"{found.labels[worst]}, each in its sd, in every other run,"
    return _describe_variance(what, test, "correlations are")


def _describe_variance(what: str, test: Complaint, wrong: str) -> Complaint:
    value, lo, hi = (float(np.sqrt(max(n, 0.0))) for n in (test.value, test.lo, test.hi))
    reason = (
        f"sd of {what} is {format_with_interval(value, lo, hi)} times the exact one: {wrong} wrong"
    )
    return replace(test, reason=reason, value=value, lo=lo, hi=hi)


def _compare_curves(curves: CurveProducts, margin: float) -> Complaint:
    """The square that goes with another parameter otherwise than it should, farthest off."""
    worst, test = _compare_farthest(curves.values, 0.0, margin, curves.error)
    what = f"the correlation of {curves.labels[worst]} is off by"
    return replace(test, reason=f"{what} {_beside_tolerance(test)}")


def _compare_farthest(
    values: Array, truth: float, margin: float, error: Array
) -> tuple[int, Complaint]:
    """Which of ``values[replicate, one]`` lies farthest outside its margin, and by how much.

    They have a level ALPHA of their own: there may be many, and few parameters have hardly any.
    """
    alpha = ALPHA / (2 * values.shape[1])
    mean, spread, half = t_intervals(values, alpha)
    half = np.hypot(half, -special.ndtri(alpha) * error)
    excess = (np.abs(mean - truth) - half) / np.maximum(margin, PART * spread)
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


def _interval(test: Complaint, unit: str = "", bound: float = math.nan) -> str:
    value, lo, hi = format_all_rounded((test.value, test.lo, test.hi), test.lo, test.hi, bound)
    return f"{value}{unit} ({lo} to {hi})"


def _beside_tolerance(test: Complaint, unit: str = "") -> str:
    """The interval of what should be 0 beside what is tolerated, on whose other side it lies."""
    nearest, sign = (test.lo, 1) if test.value > 0 else (-test.hi, -1)
    tolerated = format_beside(test.tolerance, nearest, form=".3g")
    return f"{_interval(test, unit, sign * float(tolerated))}; {tolerated} is tolerated"


def _describe_sd(name: str, test: Complaint) -> Complaint:
    return replace(test, reason=f"sd of '{name}' is {_interval(test)} times the exact one")


def _describe_mean(name: str, test: Complaint) -> Complaint:
    return replace(test, reason=f"mean of '{name}' off by {_beside_tolerance(test, ' sd')}")


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
    part: float = PART,
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
    test = Complaint((mean - half) / limit, "", mean, mean - half, mean + half)
    tolerated = format_beside(limit, test.lo, form=".3g")
    reason = (
        f"draws of '{name}' lie {_interval(test, ' sd', float(tolerated))} from the exact"
        f" distribution (1-Wasserstein); {tolerated} is tolerated"
    )
    return replace(test, reason=reason)
