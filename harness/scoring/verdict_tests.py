"""What a verdict can complain of: statistics, simultaneous intervals, and what is tolerated.

``harness.scoring.verdict`` says why the margins and the levels are what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from samplerbench.harness.scoring.replicate_summary import Evidence
from samplerbench.harness.statistics.estimates import z_scores

Array = np.ndarray

ALPHA = 0.01  # of each kind of complaint: broken, biased, overconfident, overcautious
CALIBRATION = 1.15  # factor of a claimed standard error, either way
TYPICAL = 2.0  # factor of the median replicate's claim
SHIFT = 0.05  # sds, of a mean
SHARE = 0.025  # of the draws
LOG_Z = 0.1  # natural log
SCALE = 0.06  # of an sd, where no share is known: what SHARE is for a Gaussian
W1 = 0.1  # sds, on top of twice what independent draws score: a net for what means and shares miss


@dataclass(frozen=True)
class Complaint:
    """One statistic: how far its interval lies outside what is tolerated (above 1: a complaint)."""

    excess: float
    reason: str
    value: float
    lo: float
    hi: float


def biased(e: Evidence) -> Iterator[Complaint]:
    """Means, shares and distances whose interval lies outside its margin."""
    shares = (
        (e.below, 0.5, "below the exact median"),
        (e.half, 0.5, "inside the exact central half"),
        (e.ninety, 0.9, "inside the exact central 90 %"),
    )
    count = len(e.modes.weights) if e.modes else 0
    alpha = ALPHA / (2 * (1 + len(shares)) * len(e.names) + 2 + len(e.names) + 2 * count)
    own = own_error(e)
    for i, name in enumerate(e.names):
        error = (e.est[:, i] - e.mean[i]) / e.sd[i]
        yield _told_mean(name, _off(error, 0.0, SHIFT, alpha, own[i]))
        for values, truth, where in shares:
            off = _off(values[:, i], truth, SHARE, alpha, own[i] * np.sqrt(truth * (1 - truth)))
            yield _told_share(name, where, truth, off)
        yield _far(e.w1[:, i], W1 + 2 * e.w1_iid[i], alpha, name, own[i])
        if np.isnan(e.below[:, i]).all():  # moments alone: the sd itself stands for the shares
            scale = np.broadcast_to(e.sd_se, e.sd.shape)[i] / e.sd[i]
            yield _told_sd(name, _off(e.sd_hat[:, i] / e.sd[i], 1.0, SCALE, alpha, scale))
    if e.log_z is not None and e.log_z_true is not None:
        found = _off(e.log_z, e.log_z_true, LOG_Z, alpha)
        interval = f"{found.value:.2f} ({found.lo:.2f} to {found.hi:.2f})"
        yield replace(found, reason=f"mean log Z is {interval}, not {e.log_z_true:.2f}")
    for k in range(count):
        share, truth = e.modes.share[:, k], e.modes.weights[k]
        yield _told_share(f"mode {k}", "in it", truth, _off(share, truth, SHARE, alpha))


def own_error(e: Evidence) -> Array:
    """Standard error of the answer's means in sds, [component]. With n independent draws behind it
    that is 1 / sqrt(n), so that a share p of them is known to sqrt(p (1 - p)) times it.
    """
    return np.broadcast_to(e.mean_se, e.sd.shape) / e.sd


def _told_sd(name: str, found: Complaint) -> Complaint:
    interval = f"{found.value:.2f} ({found.lo:.2f} to {found.hi:.2f})"
    return replace(found, reason=f"sd of '{name}' is {interval} times the reference's")


def _told_mean(name: str, found: Complaint) -> Complaint:
    interval = f"{found.value:.2f} sd ({found.lo:.2f} to {found.hi:.2f})"
    return replace(found, reason=f"mean of '{name}' off by {interval}")


def _told_share(name: str, where: str, truth: float, found: Complaint) -> Complaint:
    interval = f"{100 * found.value:.1f} % ({100 * found.lo:.1f} to {100 * found.hi:.1f})"
    width = "too wide: " if found.value < truth else "too narrow: "
    verb = f"{width if where.startswith('inside') else ''}{interval}"
    reason = f"draws of '{name}' {verb} are {where}, not {100 * truth:.0f} %"
    return replace(found, reason=reason)


def _off(values: Array, truth: float, margin: float, alpha: float, error: float = 0.0) -> Complaint:
    """A mean over replicates against its exact value; tolerated: the margin or half the spread.

    ``error``: standard error of that value, which widens the interval.
    """
    mean, spread, half = _t_interval(values, alpha)
    half = float(np.hypot(half, stats.norm.isf(alpha) * error))
    # The shortest distance that the interval allows, in margins.
    excess = (abs(mean - truth) - half) / max(margin, spread / 2)
    return Complaint(excess, "", mean, mean - half, mean + half)


def _far(values: Array, limit: float, alpha: float, name: str, error: float) -> Complaint:
    mean, _, half = _t_interval(values, alpha)
    # n draws put a Gaussian's quantiles some 1.1 / sqrt(n) sds off on average
    half = float(np.hypot(half, stats.norm.isf(alpha) * 1.1 * error))
    reason = (
        f"draws of '{name}' lie {mean:.2f} sd ({mean - half:.2f} to {mean + half:.2f}) from the "
        f"exact distribution (1-Wasserstein); {limit:.2f} is tolerated"
    )
    return Complaint((mean - half) / limit, reason, mean, mean - half, mean + half)


def _t_interval(values: Array, alpha: float) -> tuple[float, float, float]:
    kept = values[np.isfinite(values)]
    if kept.size < 2:
        return np.nan, np.nan, np.nan
    spread = float(kept.std(ddof=1))
    half = float(stats.t.isf(alpha, kept.size - 1)) * spread / np.sqrt(kept.size)
    return float(kept.mean()), spread, half


def z_values(e: Evidence, cautious: bool = False) -> Array:
    """Errors over claimed ones: of the mean, or where it is wild of the share below the median.

    An answer with an error of its own is moved, within that, to where the errors are smallest, or
    where they are largest with ``cautious``: no sampler is blamed for the answer.
    """
    return z_scores(*_place(e, cautious))


def _place(e: Evidence, cautious: bool = False) -> tuple[Array, Array, Array]:
    """What stands for each component's place: estimate, claimed error, exact value."""
    est, se = np.where(e.mean_tame, e.est, e.below), np.where(e.mean_tame, e.se, e.below_se)
    error = np.where(e.mean_tame, e.mean_se, 0.5 * own_error(e))
    return est, se, _moved(est, se, np.where(e.mean_tame, e.mean, 0.5), error, cautious)


def _moved(est: Array, se: Array, truth: Array, error: Array, cautious: bool = False) -> Array:
    """``truth`` within its own error: nearest to the replicates' weighted mean, or farthest."""
    if not np.any(error):
        return truth
    reach = stats.norm.isf(ALPHA / (2 * len(truth))) * error
    with np.errstate(all="ignore"):
        weight = np.where(np.isfinite(est) & (se > 0), 1 / np.square(se), 0.0)
        centre = np.nansum(weight * est, axis=0) / weight.sum(axis=0)
    centre = np.where(np.isfinite(centre), centre, truth)
    if cautious:
        return np.where(centre > truth, truth - reach, truth + reach)
    return np.clip(centre, truth - reach, truth + reach)


def _typical_z(e: Evidence) -> Array:
    """The same errors over what the median replicate claims."""
    est, se, truth = _place(e)
    return z_scores(est, np.broadcast_to(np.nanmedian(se, axis=0), se.shape), truth)


def _where(e: Evidence, i: int) -> str:
    what = "the mean" if e.mean_tame[i] else "the place (share below the exact median)"
    return f"{what} of '{e.names[i]}'"


def overconfident(e: Evidence) -> Iterator[Complaint]:
    """Errors larger than claimed: of the mean, of the share in the central half, and of log Z."""
    z, typical = z_values(e), _typical_z(e)
    share = _moved(e.half, e.half_se, np.full(len(e.names), 0.5), 0.5 * own_error(e))
    half = z_scores(e.half, e.half_se, share)
    # Half for place, a quarter for spread, typical claim and modes, a quarter for log Z.
    judged = e.modes.judged if e.modes else ()
    alpha, minor = ALPHA / 2 / len(e.names), ALPHA / 4 / (2 * len(e.names) + len(judged))
    for i, name in enumerate(e.names):
        yield _above(z[:, i], CALIBRATION, alpha, f"errors of {_where(e, i)}")
        spread = f"errors of the spread (share in the exact central half) of '{name}'"
        yield _above(half[:, i], CALIBRATION, minor, spread)
        what = f"against the typical replicate's claim, errors of {_where(e, i)}"
        yield _above(typical[:, i], TYPICAL, minor, what)
    if e.log_z is not None and e.log_z_err is not None:
        yield _above(_log_z(e), CALIBRATION, ALPHA / 4, "errors of log Z")
    for k in judged:
        yield _above(e.modes.errors(k), CALIBRATION, minor, f"errors of the weight of mode {k}")


def overcautious(e: Evidence) -> Iterator[Complaint]:
    """Errors of the mean, or of log Z, smaller than claimed."""
    z, alpha = z_values(e, cautious=True), ALPHA / 2 / len(e.names)
    for i in range(len(e.names)):
        yield _below(z[:, i], alpha, f"errors of {_where(e, i)}")
    if e.log_z is not None and e.log_z_err is not None:
        yield _below(_log_z(e), ALPHA / 2, "errors of log Z")


def _log_z(e: Evidence) -> Array:
    log_z, error = np.asarray(e.log_z)[:, None], np.asarray(e.log_z_err)[:, None]
    return z_scores(log_z, error, np.array([e.log_z_true]))[:, 0]


def _above(z: Array, margin: float, alpha: float, what: str) -> Complaint:
    lo, hi = rms_bounds(z, alpha)
    return Complaint(lo / margin, *_told(z, lo, hi, what))


def _below(z: Array, alpha: float, what: str) -> Complaint:
    lo, hi = rms_bounds(z, alpha)
    excess = np.inf if hi == 0 else 1 / (CALIBRATION * hi)
    return Complaint(excess, *_told(z, lo, hi, what))


def _told(z: Array, lo: float, hi: float, what: str) -> tuple[str, float, float, float]:
    value = float(rms(z[:, None])[0])
    return f"{what} are {value:.2f} times the claimed ones ({lo:.2f} to {hi:.2f})", value, lo, hi


def rms(z: Array) -> Array:
    """Root mean square over replicates, [component], of ``z[replicate, component]``."""
    with np.errstate(invalid="ignore"):  # no z at all gives NaN
        return np.sqrt(np.nansum(np.square(z), axis=0) / np.isfinite(z).sum(axis=0))


def rms_bounds(z: Array, alpha: float) -> tuple[float, float]:
    """Bounds of the true rms, each wrong with probability ``alpha`` for normal z; NaN without z."""
    kept = z[np.isfinite(z)]
    if kept.size == 0:
        return np.nan, np.nan
    total = float(np.square(kept).sum())
    lo, hi = stats.chi2.isf(alpha, kept.size), stats.chi2.ppf(alpha, kept.size)
    return float(np.sqrt(total / lo)), float(np.sqrt(total / hi))
