"""What a trial's draws claim about themselves, as columns: medians over replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from samplerbench.harness.scoring.metrics.base import Score, metric, no_score, number, score_of
from samplerbench.harness.scoring.needs import equal_weights, weights
from samplerbench.harness.scoring.trial_data import TrialData
from samplerbench.harness.statistics import ess_rhat, nested_rhat
from samplerbench.harness.statistics.ess_rhat import Claims
from samplerbench.harness.statistics.intervals import median_interval, simultaneous_level
from samplerbench.harness.statistics.weighted import kish_ess, weighted_moments
from samplerbench.text import format_count

Array = np.ndarray
Pick = Callable[[Sequence[float]], np.intp]  # index of the worst of several medians
_claimed_ess = partial(metric, "claimed", better="higher", unit="draws", interval=True)


def no_claim_reason(x: Array, log_w: Array | None) -> str:
    """Why draws give no claim: the reason that stands in the cell."""
    bad = int((~np.isfinite(x)).sum())
    if bad:
        return f"draws hold {bad} NaN or infinite values"
    if log_w is not None and not np.isfinite(log_w).any():
        return "all weights are zero"
    if x.shape[2] < 4:
        return f"{format_count(x.shape[2], 'draw')} a chain; a claim needs at least 4"
    return "a parameter's draws are constant"


def _reason(data: TrialData) -> str:
    return no_claim_reason(data.x, data.log_w)


def _claims(data: TrialData) -> Claims:
    assert data.claims is not None, "only weighted draws have none"
    return data.claims


def _worst_of(data: TrialData, values: Array, pick: Pick) -> Score:
    """Median over replicates of ``values[replicate, component]``, the worst parameter's.

    Its interval is simultaneous over all, as of any that is picked for being extreme.
    """
    estimates = [median_interval(column) for column in values.T]
    medians = [estimate.value for estimate in estimates if estimate.value is not None]
    if len(medians) < len(estimates) or not medians:
        return Score(None, reason=data.compute_once(_reason), by_parameter=estimates)
    level = simultaneous_level(len(estimates), of_extreme=True)
    return score_of(median_interval(values[:, pick(medians)], level), estimates)


def _least_ess(data: TrialData) -> Array:
    """Effective draws that each replicate claims for its worst parameter, [replicate]."""
    if data.log_w is None:
        return np.fmin(_claims(data).ess_bulk, _claims(data).ess_tail).min(axis=1)
    own = data.file.get("ess")
    return own if own is not None else np.full(len(data.x), np.nan)


@_claimed_ess(
    "effective draws a replicate, least over parameters, bulk and tail;"
    " nested sampling's own for weighted draws; median over replicates"
)
def ess(data: TrialData) -> Score:
    """Median over replicates of the least claimed ESS."""
    estimate = median_interval(data.compute_once(_least_ess))
    each = []
    if data.log_w is None:
        tighter = np.fmin(_claims(data).ess_bulk, _claims(data).ess_tail)
        each = [median_interval(column) for column in tighter.T]
    if estimate.value is None:
        return Score(None, reason=data.compute_once(_reason), by_parameter=each)
    return score_of(estimate, each)


@_claimed_ess(
    "effective draws for the mean, (sd / claimed standard error)^2, worst parameter, median"
    " over replicates: what realised_ess is compared with"
)
def ess_mean(data: TrialData) -> Score:
    """What a run claims that its draws are worth for a mean (Vehtari et al. 2021)."""
    if data.log_w is None:
        return _worst_of(data, _claims(data).ess_mean, np.argmin)
    return replace(data.score("ess"), by_parameter=())


@_claimed_ess("bulk ESS, worst parameter, median over replicates", needs=[equal_weights])
def ess_bulk(data: TrialData) -> Score:
    """Bulk effective sample size (Vehtari et al. 2021)."""
    return _worst_of(data, _claims(data).ess_bulk, np.argmin)


@_claimed_ess("tail ESS, worst parameter, median over replicates", needs=[equal_weights])
def ess_tail(data: TrialData) -> Score:
    """Tail effective sample size (ibid.)."""
    return _worst_of(data, _claims(data).ess_tail, np.argmin)


@metric(
    "claimed",
    "Kish's ESS of weighted draws, about twice too high",
    "higher",
    "draws",
    needs=[weights],
)
def ess_kish(data: TrialData) -> Score:
    """Kish's effective sample size."""
    assert data.log_w is not None
    values = kish_ess(data.log_w)
    finite = values[np.isfinite(values)]
    return number(float(np.median(finite)) if finite.size else None, data.compute_once(_reason))


@_claimed_ess(
    "effective draws that an ensemble would claim by mistake, its walkers taken for chains;"
    " least over parameters, bulk and tail, median over replicates"
)
def ess_walkers(data: TrialData) -> Score:
    """The claim of who takes walkers, which move by one another's places, for chains."""
    walkers = data.file.get("walkers")
    if walkers is None:
        return no_score("not an ensemble of walkers")
    paths = _split_paths(data.x, int(np.nanmax(walkers)))
    mistaken = ess_rhat.claims(paths)
    return score_of(median_interval(np.fmin(mistaken.ess_bulk, mistaken.ess_tail).min(axis=1)))


def _split_paths(x: Array, walkers: int) -> Array:
    """Draws [replicate, chain, draw, component] with each walker's path, where whole, a chain."""
    replicates, chains, draws, components = x.shape
    steps = -(-draws * chains // walkers)  # of each path; the last one may be cut
    whole = x[:, :, : draws // steps * steps]
    return whole.reshape(replicates, -1, steps, components)


@metric(
    "claimed", "rank-normalised split R-hat, worst parameter, median", "one", needs=[equal_weights]
)
def rhat(data: TrialData) -> Score:
    """R-hat (ibid.)."""
    return _worst_of(data, _claims(data).rhat, np.argmax)


def has_superchains(data: TrialData) -> str:
    """Chains in groups that start at one point each: why not, or ""."""
    is_set = data.log_w is None and data.trial.settings.get("superchains")
    return "" if is_set else "each chain starts at a point of its own (superchains)"


def compute_nested_rhat(data: TrialData) -> Array:
    """Nested R-hat, [replicate, component]."""
    return nested_rhat.nested_rhat(data.x, int(data.trial.settings["superchains"] or 0))


@metric(
    "claimed",
    "nested R-hat of superchains, worst parameter, median",
    "one",
    needs=[equal_weights, has_superchains],
)
def rhat_nested(data: TrialData) -> Score:
    """R-hat for many short chains (Margossian et al. 2024)."""
    return _worst_of(data, data.compute_once(compute_nested_rhat), np.argmax)


@metric("claimed", "standard error of the mean, in posterior sds, worst", "lower", "sd")
def mcse(data: TrialData) -> Score:
    """Claimed standard error of the mean over the exact sd; over the draws' own without one."""
    if data.log_w is not None:
        sd = weighted_moments(data.x, data.log_w)[1]
        se = sd / np.sqrt(data.compute_once(_least_ess))[:, None]
    else:
        se, sd = _claims(data).mcse_mean, _claims(data).sd
    with np.errstate(all="ignore"):
        return _worst_of(data, se / (data.exact.sd if data.exact else sd), np.argmax)
