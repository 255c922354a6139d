"""What a campaign shows to lie inside its margin: the limit of each statistic, exceeded with 1 %.

A row is honest where *every* limit lies inside its margin. For that no level is split over the
statistics: a sampler at the edge of any one margin passes that one with 1 %, and all of them with
no more (the intersection-union principle, Berger 1982, Technometrics 24:295). What it costs is
replicates. For normal errors the limit of an rms over R of them is ``sqrt(R / chi2_R(0.01))`` times
it: 1.114 at 256, 1.38 at 32. The margin 1.35 is so far from 1 that of a hundred parameters of an
exact sampler at 256 replicates, whose rms scatters by 4.4 %, one in a few thousand campaigns has
one above 1.35 / 1.114 = 1.21; at a margin of 1.25 that would be one campaign in four. Errors are
taken for normal: with tails like t with 10 degrees of freedom, as at an ESS of 25, the limit is
exceeded with 3 %, and with 4 % where half of the runs have a quarter of the others' errors. What
accuses allows for such tails; here that would leave noisy claims undecided.

Rare disasters are no part of an rms, since no interval of an rms holds what was not drawn. They are
counted: none of 256 leaves a rate of up to 1.78 %, one leaves 2.56 %, and the margin is 2 %.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from samplerbench.harness.scoring.calibration_tests import (
    SHARE_BELOW,
    find_location,
    location_name,
    log_z_errors,
    pair_z,
    place_z,
    rms,
    spread_z,
    z_values,
)
from samplerbench.harness.scoring.complaint import LOG_Z, t_interval, t_intervals, truth_error
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.statistics.combinations import CombinationWidths
from samplerbench.harness.statistics.intervals import clopper_pearson, rms_bounds
from samplerbench.harness.statistics.pairs import PairWidths
from samplerbench.rounding import format_beside, format_percents

Array = np.ndarray

LEVEL = 0.01  # chance that a limit is exceeded by what is true
NORMAL = float(stats.norm.isf(LEVEL))  # standard errors of a limit
RATE = 0.02  # of disasters
MATTERS = 0.05  # sds: what is off by less is none, whatever it claims
DISASTER = 5.0  # times what the median replicate claims
MOST = 100_000  # replicates: what would take more is not shown by more of them
MOST_PAIRS = 3  # limits of sums and differences that are told apart, those farthest out


@dataclass(frozen=True)
class Limit:
    """One statistic with its limit, and the replicates that would show it inside its margin."""

    reason: str  # the statistic with its limit, as "... are at most 1.42 times the claimed ones"
    value: float
    limit: float  # in the statistic's units
    margin: float
    count: int  # replicates that it rests on
    replicates: float  # for a limit inside the margin, as things are; inf: none would do

    @property
    def is_inside(self) -> bool:
        """Whether the statistic is shown to lie inside its margin; NaN is not."""
        return self.limit < self.margin


def list_limits(e: ReplicateSummary, disasters: int, total: int) -> Iterator[Limit]:
    """The limits of all statistics of ``e``, without its disasters, which are of ``total`` runs."""
    z, spread, errors, place = z_values(e), spread_z(e), truth_error(e), place_z(e)
    most = e.margins.calibration
    for i, name in enumerate(e.names):
        yield _limit_rms(z[:, i], most, f"errors of {location_name(e, i)}")
        if e.mean_tame[i] and np.isfinite(place[:, i]).any():
            yield _limit_rms(place[:, i], most, f"errors of {SHARE_BELOW} of '{name}'")
        if np.isfinite(spread[:, i]).any():  # of moments alone there is none
            yield _limit_rms(spread[:, i], most, f"errors of the spread of '{name}'")
        yield from _limit_place(e, i, float(errors[i]))
        yield from _limit_width(e, i, float(errors[i]))
    if e.log_z is not None and np.isfinite(e.log_z).any():
        yield from _limit_evidence(e)
    if e.modes is not None:
        for k in e.modes.testable:
            yield _limit_rms(e.modes.errors(k), most, f"errors of the weight of mode {k}")
    if e.pairs is not None:
        yield from _limit_pairs(e.pairs, 2 * e.margins.sd)
        if e.pairs.few.size:
            yield from (_limit_rms(errors, most, what) for what, errors in pair_z(e.pairs))
    if e.combinations is not None:
        for i in range(len(e.combinations.labels)):
            yield _limit_variance(e.combinations, i, 2 * e.margins.sd)
    yield _limit_rate(disasters, total)


def find_open(limits: Iterator[Limit]) -> Limit | None:
    """The limit that is farthest from being decided; None where all lie inside their margins."""
    outside = [limit for limit in limits if not limit.is_inside]
    return max(
        outside, key=lambda limit: (limit.replicates, limit.limit / limit.margin), default=None
    )


def _limit_place(e: ReplicateSummary, i: int, error: float) -> Iterator[Limit]:
    name = e.names[i]
    if e.mean_tame[i]:
        off = (e.est[:, i] - e.mean[i]) / e.sd[i]
        yield _limit_mean(off, 0.0, e.margins.bias, f"the mean of '{name}'", " sd", error)
    else:
        what = f"the share of '{name}' below the exact median"
        exact = float(np.broadcast_to(e.below_exact, e.sd.shape)[i])
        yield _limit_mean(e.below_median[:, i], exact, e.margins.place, what, error=error / 2)


def _limit_width(e: ReplicateSummary, i: int, error: float) -> Iterator[Limit]:
    name, margins = e.names[i], e.margins
    shares = []
    if e.sd_tame[i]:
        own = float(np.broadcast_to(e.sd_se, e.sd.shape)[i] / e.sd[i])
        ratio = e.sd_hat[:, i] / e.sd[i]
        yield _limit_mean(ratio, 1.0, margins.sd, f"the sd of '{name}'", " of it", own)
    else:
        shares += [(e.half, e.half_exact, margins.width, "half")]
        shares += [(e.ninety, e.ninety_exact, margins.width, "90 %")]
    if np.isfinite(e.most[:, i]).any():  # of moments alone there is none
        shares += [(e.most, e.most_exact, margins.tails, "98 %")]
    for values, exact, margin, part in shares:
        truth = float(np.broadcast_to(exact, e.sd.shape)[i])
        what = f"the share of '{name}' inside the exact central {part}"
        own = error * float(np.sqrt(truth * (1 - truth)))
        yield _limit_mean(values[:, i], truth, margin, what, error=own)


def _limit_pairs(pairs: PairWidths, margin: float) -> Iterator[Limit]:
    """Limits of the few variances whose own are the largest: there may be thousands."""
    mean, _, half = t_intervals(pairs.values, LEVEL)
    limits = np.abs(mean - 1.0) + np.hypot(half, NORMAL * pairs.error)
    for i in np.argsort(np.where(np.isnan(limits), np.inf, limits))[-MOST_PAIRS:]:
        yield _limit_variance(pairs, i, margin)


def _limit_variance(widths: PairWidths | CombinationWidths, i: int, margin: float) -> Limit:
    what = f"the variance of {widths.labels[i]}, each in its sd,"
    return _limit_mean(widths.values[:, i], 1.0, margin, what, " of it", float(widths.error[i]))


def _limit_evidence(e: ReplicateSummary) -> Iterator[Limit]:
    """Limits of log Z's errors over claimed ones, and of its bias in them.

    Where none is claimed the bias is held against how much runs differ, as it is for a complaint.
    """
    assert e.log_z is not None and e.log_z_true is not None
    if e.log_z_err is not None and np.isfinite(z := log_z_errors(e)).any():
        yield _limit_rms(z, e.margins.calibration, "errors of log Z")
        bias = z * e.log_z_err / np.median(e.log_z_err[np.isfinite(z)])
        yield _limit_mean(bias, 0.0, e.margins.log_z, "log Z", " claimed errors")
        return
    values = np.where(np.isfinite(e.log_z), e.log_z, np.nan)
    tolerated = max(LOG_Z, e.margins.log_z * t_interval(values, LEVEL)[1])
    yield _limit_mean(values, e.log_z_true, tolerated, "log Z", " nat")


def _limit_rms(z: Array, most: float, what: str) -> Limit:
    value, limit = float(rms(z[:, None])[0]), rms_bounds(z, LEVEL, normal=True)[1]
    count = int(np.isfinite(z).sum())
    counts, factors = _list_factors(count)
    inside = value * factors < most
    needed = float(counts[inside.argmax()]) if inside.any() else np.inf
    shown = format_beside(limit, most)
    reason = f"{what} are at most {shown} times the claimed ones; honest is below {most:g}"
    return Limit(reason, value, limit, most, count, needed)


@functools.cache
def _list_factors(least: int) -> tuple[Array, Array]:
    """Numbers of replicates from ``least`` up, and by what the limit of an rms exceeds it."""
    counts = np.unique(np.geomspace(max(2, least), MOST, 200).astype(int))
    return counts, np.sqrt(counts / stats.chi2.ppf(LEVEL, counts))


def _limit_mean(
    values: Array, truth: float, margin: float, what: str, unit: str = "", error: float = 0.0
) -> Limit:
    """Limit of |mean - truth|; ``error`` is the truth's own standard error."""
    mean, _, half = t_interval(values, LEVEL)
    count, value = int(np.isfinite(values).sum()), abs(mean - truth)
    if np.isnan(mean):
        reason = f"{what} is known of fewer than two runs"
        return Limit(reason, np.nan, np.nan, margin, count, np.inf)
    own = NORMAL * error
    limit = value + float(np.hypot(half, own))
    room = np.square(margin - value) - own**2 if value < margin else -1.0
    needed = max(count + 1.0, count * half**2 / room) if room > 0 else np.inf
    needed = needed if needed <= MOST else np.inf
    part = f", of which the answer's own error makes {own:.3f}" if room <= 0 < own else ""
    shown = format_beside(limit, margin, form=".3f")
    reason = f"{what} is off by at most {shown}{unit}{part}; honest is below {margin:g}"
    return Limit(reason, value, limit, margin, count, needed)


def _limit_rate(count: int, total: int) -> Limit:
    limit = clopper_pearson(count, total, LEVEL)[1]
    needed = _count_for_rate(count, total)
    what = f"{count} of {total} runs off by more than {DISASTER:g} median claimed errors"
    shown = format_percents(limit, bound=RATE)
    reason = f"{what}, a rate of up to {shown}; honest is below {100 * RATE:g} %"
    return Limit(reason, count / total, limit, RATE, total, needed)


@functools.cache
def _count_for_rate(count: int, least: int) -> float:
    """Replicates that would show a rate below RATE, if no more than ``count`` had disasters."""
    counts = np.unique(np.geomspace(least, MOST, 400).astype(int))
    inside = stats.beta.isf(LEVEL, count + 1, counts - count) < RATE
    return float(counts[inside.argmax()]) if inside.any() else np.inf


def find_disasters(e: ReplicateSummary) -> Array:
    """[replicate] bool: off by more than DISASTER median claimed errors, and by what matters.

    Honest normal errors show such a run once in a million. A run that is lost is so whether it
    admits it or not; but weights differ from run to run of an honest sampler, and so do its claims:
    there the run's own claim counts where it is larger, and so it does of log Z.
    """
    est, se, truth = find_location(e)
    margin = np.where(e.mean_tame, MATTERS * e.sd, MATTERS / 2)
    with np.errstate(invalid="ignore"):
        off = np.abs(est - truth)
        typical = np.nanmedian(se, axis=0)
        typical = np.fmax(typical, se) if e.weighted else typical
        far = ((off > DISASTER * typical) & (off > margin)).any(axis=1)
    return far | _is_evidence_far(e)


def _is_evidence_far(e: ReplicateSummary) -> Array:
    """[replicate] bool: log Z is off by so much; what claims no error, or gives none, is not."""
    if e.log_z is None or e.log_z_err is None or e.log_z_true is None:
        return np.zeros(len(e.est), dtype=bool)
    z, error = np.abs(log_z_errors(e)), np.where(e.log_z_err > 0, e.log_z_err, np.nan)
    typical = np.fmax(error, np.nanmedian(error[np.isfinite(z)])) if np.isfinite(z).any() else error
    with np.errstate(invalid="ignore"):
        return z * error > np.maximum(DISASTER * typical, LOG_Z)
