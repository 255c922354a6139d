"""Voices of a consensus: moments and draws of rows whose own runs do not speak against them.

A row has a voice where at least LEAST of its replicates, and SHARE of all, pass their own
diagnostics (``harness.statistics.self_diagnostics``); only those count. Their means may not scatter
about their own average by more than CONTRADICTION times what they claim: such a row contradicts
itself. Nor may their spread rest on a few runs, by Kish's effective number: an ensemble with a
stray walker in one run of ten has twice the sd that all its others agree on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import numpy as np
from scipy import stats

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth.varying_components import find_varying_in_runs
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics import ess_rhat, self_diagnostics
from samplerbench.harness.statistics.intervals import effective_replicates
from samplerbench.harness.statistics.nested_checks import check_nested
from samplerbench.harness.statistics.weighted import normalise_weights, weighted_moments

Array = np.ndarray

LEAST = 8  # replicates: a spread of fewer is not known to a third
SHARE = 0.75
ALPHA = 0.01  # chance that rows that agree are taken for unlike, over all parameters
CONTRADICTION = 1.5  # rms scatter of a row's means about their average, over the claimed errors
RESTS = 1 / 8  # of the runs, at least, that their pooled variance rests on
BANK = 100_000  # draws that stand for the answer's distribution
SEED = 20260702


class Silence(Enum):
    """Why a row has no voice."""

    DIAGNOSTICS = auto()  # too few of its replicates pass their own
    CONTRADICTION = auto()  # its replicates differ from one another by more than they claim
    FEW_RUNS = auto()  # the spread of its draws rests on a few of its runs


@dataclass(frozen=True)
class ConsensusRow:
    """Moments and draws of one row, from its replicates that pass their own diagnostics."""

    label: str
    family: str
    names: tuple[str, ...]
    mean: Array  # [component]
    mean_se: Array  # from the spread over replicates
    sd: Array
    sd_se: Array
    runs: int  # replicates that pass
    draws: Array  # [draw, component], equal weights

    @property
    def precision(self) -> float:
        """Independent draws that would know the means as well, averaged over parameters."""
        return float(1 / np.mean(np.square(self.mean_se / self.sd)))


@np.errstate(all="ignore")  # what overflows fails its diagnostics
def summarise_row(
    trial: Trial, path: Path, sites: Collection[str] | None, family: str
) -> ConsensusRow | Silence:
    """Moments of the draws in ``path`` of a sampler of ``family``, or why the row has no voice.

    ``sites``: of these alone.
    """
    with DrawsFile(path) as file:
        pairs = sorted(zip(*file.component_names(sites), strict=True))  # samplers order sites apart
        names, owners = zip(*pairs, strict=True)
        x, log_w = file.components(names), file.get("log_weights")
        divergences, cut_short = file.get("divergences"), file.get("cut_short")
        ess = file.get("ess")
        nested = check_nested(file.stats(), log_w, ess) if log_w is not None else None
    varies = find_varying_in_runs(owners, x, log_w)
    names, x = tuple(np.array(names)[varies].tolist()), x[..., varies]
    claims = ess_rhat.claims(x) if log_w is None else None
    if claims is not None:
        mean, sd, finite, moves = claims.mean, claims.sd, claims.finite, claims.moves
        claimed = claims.mcse_mean
    else:
        mean, sd = weighted_moments(x, log_w)
        finite, moves = np.isfinite(mean), sd > 0
        claimed = sd / np.sqrt(ess)[:, None]
    passes = ~self_diagnostics.diagnose(
        claims, trial.chains, finite, moves, divergences, cut_short, nested
    ).fails
    count = int(passes.sum())
    if count < max(LEAST, SHARE * len(passes)):
        return Silence.DIAGNOSTICS
    mean, sd = mean[passes], sd[passes]
    centre = mean.mean(axis=0)
    if _measure_contradiction(mean, claimed[passes]) > CONTRADICTION:
        return Silence.CONTRADICTION
    variance = np.square(sd) + np.square(mean - centre)
    if min(map(effective_replicates, np.sqrt(variance).T)) < RESTS * count:
        return Silence.FEW_RUNS
    log_w = None if log_w is None else log_w[passes]
    return ConsensusRow(
        trial.label,
        family,
        names,
        mean=centre,
        mean_se=mean.std(axis=0, ddof=1) / np.sqrt(count),
        sd=np.sqrt(variance.mean(axis=0)),
        sd_se=sd.std(axis=0, ddof=1) / np.sqrt(count),
        runs=count,
        draws=_thin(x[passes], log_w),
    )


def _measure_contradiction(mean: Array, claimed: Array) -> float:
    """Lower bound of the rms of ``mean[replicate, component]`` about its average, over claims.

    The largest over components, wrong with probability ALPHA in all for normal errors.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.square((mean - mean.mean(axis=0)) / claimed).sum(axis=0)
    quantile = stats.chi2.isf(ALPHA / mean.shape[1], len(mean) - 1)
    return float(np.sqrt(np.nanmax(total) / quantile))


def _thin(x: Array, log_w: Array | None) -> Array:
    """Equal-weight draws of all replicates alike, about BANK in all, [draw, component]."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    size = BANK // len(x)
    if log_w is None:
        return flat[:, :: max(1, flat.shape[1] // size)].reshape(-1, x.shape[-1])
    rng = np.random.default_rng(SEED)
    picks = [rng.choice(len(w), size=size, p=w) for w in normalise_weights(log_w)]
    return np.concatenate([draws[indices] for draws, indices in zip(flat, picks, strict=True)])
