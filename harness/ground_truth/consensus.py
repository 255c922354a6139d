"""Ground truth by consensus of the other samplers of a campaign, where nothing better is known.

**The rule.** A row is part of a consensus when at least LEAST of its replicates, and SHARE of all,
pass their own diagnostics (``harness.statistics.self_diagnostics``); only those replicates count. A
row is judged by the pooled draws of all such rows of *other* samplers, never its own nor the same
sampler's with other settings, which may share a flaw. Standard errors come from the spread of the
means (and sds) of replicates, not from claims, and are widened by what the rows differ beyond it
(Birge 1932, Physical Review 40:207). There is none where those rows disagree, or where there
is one other sampler only, the row passes its own diagnostics too, and the two disagree: nothing
then tells which of them is right.

Rows agree where, for every parameter, intervals of their difference reach what is tolerated: twice
the verdict's margin of a mean, since either may be off by it, and of an sd.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth import reference_files
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics import ess_rhat, self_diagnostics
from samplerbench.harness.statistics.weighted import normalise_weights, weighted_moments
from samplerbench.models.base import Exact

Array = np.ndarray

LEAST = 8  # replicates: a spread of fewer is not known to a third
SHARE = 0.75
ALPHA = 0.01  # chance that rows that agree are taken for unlike, over all parameters
MEAN, SD = 0.1, 0.12  # tolerated difference of means in sds, of sds as a share
BANK = 100_000  # draws that stand for the answer's distribution
SEED = 20260702


@dataclass(frozen=True)
class ConsensusRow:
    """Moments and draws of one row, from its replicates that pass their own diagnostics."""

    trial: Trial
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
def summarise_row(trial: Trial, path: Path, sites: Collection[str] | None) -> ConsensusRow | str:
    """Moments of the draws in ``path``, or why they are no part of a consensus.

    ``sites``: of these alone.
    """
    with DrawsFile(path) as file:
        pairs = sorted(zip(*file.component_names(sites), strict=True))  # samplers order sites apart
        names, owners = zip(*pairs, strict=True)
        x, log_w = file.components(names), file.get("log_weights")
        divergences, termination = file.get("divergences"), file.get("termination")
    varies = reference_files.find_varying(owners, x.reshape(-1, len(names)))
    names, x = tuple(np.array(names)[varies].tolist()), x[..., varies]
    claims = ess_rhat.claims(x) if log_w is None else None
    if claims is not None:
        mean, sd, finite, moves = claims.mean, claims.sd, claims.finite, claims.moves
    else:
        mean, sd = weighted_moments(x, log_w)
        finite, moves = np.isfinite(mean), sd > 0
    words = None if termination is None else [str(word) for word in termination]
    passes = ~self_diagnostics.diagnose(
        claims, trial.chains, finite, moves, divergences, words
    ).fails
    count = int(passes.sum())
    if count < max(LEAST, SHARE * len(passes)):
        return f"{count} of {len(passes)} replicates pass their own diagnostics"
    mean, sd = mean[passes], sd[passes]
    centre = mean.mean(axis=0)
    log_w = None if log_w is None else log_w[passes]
    return ConsensusRow(
        trial,
        names,
        mean=centre,
        mean_se=mean.std(axis=0, ddof=1) / np.sqrt(count),
        sd=np.sqrt((np.square(sd) + np.square(mean - centre)).mean(axis=0)),
        sd_se=sd.std(axis=0, ddof=1) / np.sqrt(count),
        runs=count,
        draws=_thin(x[passes], log_w),
    )


def _thin(x: Array, log_w: Array | None) -> Array:
    """Equal-weight draws of all replicates alike, about BANK in all, [draw, component]."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    size = BANK // len(x)
    if log_w is None:
        return flat[:, :: max(1, flat.shape[1] // size)].reshape(-1, x.shape[-1])
    rng = np.random.default_rng(SEED)
    picks = [rng.choice(len(w), size=size, p=w) for w in normalise_weights(log_w)]
    return np.concatenate([draws[indices] for draws, indices in zip(flat, picks, strict=True)])


def find_consensus(trial: Trial, rows: Sequence[ConsensusRow | str]) -> tuple[Exact | None, str]:
    """The ground truth for ``trial`` from the other samplers' rows, or None and the reason."""
    usable = [row for row in rows if isinstance(row, ConsensusRow)]
    others = [row for row in usable if row.trial.sampler != trial.sampler]
    if not others:
        return None, (
            "no other sampler's row passes its own diagnostics, to make a consensus of; name one "
            "with --sampler, give --reference, or judge with --calibrate prior"
        )
    for i, row in enumerate(others):
        for earlier in others[:i]:
            difference = describe_disagreement(earlier, row)
            if difference:
                return None, f"the other samplers disagree: {difference}"
    if len({row.trial.sampler for row in others}) == 1:
        judged = [row for row in usable if row.trial.id == trial.id]
        difference = describe_disagreement(judged[0], others[0]) if judged else ""
        if difference:
            reason = f"two samplers disagree, and no third one tells which is right: {difference}"
            return None, reason
    return _pool(others), ""


def describe_disagreement(a: ConsensusRow, b: ConsensusRow) -> str:
    """How two rows disagree, in words; "" where they agree."""
    if a.names != b.names:
        return f"{a.trial.label} and {b.trial.label} have other parameters"
    t = float(stats.t.isf(ALPHA / (4 * len(a.names)), min(a.runs, b.runs) - 1))
    scale = np.sqrt(a.sd * b.sd)
    tests = (
        ("mean", a.mean, b.mean, np.hypot(a.mean_se, b.mean_se), MEAN),
        ("sd", a.sd, b.sd, np.hypot(a.sd_se, b.sd_se), SD),
    )
    for what, values, other_values, error, margin in tests:
        excess = (np.abs(values - other_values) - t * error) / scale
        worst = int(np.argmax(excess))
        if excess[worst] > margin:
            return (
                f"{what} of {a.names[worst]!r} is {values[worst]:.4g} by {a.trial.label} and "
                f"{other_values[worst]:.4g} by {b.trial.label}"
            )
    return ""


def _pool(rows: Sequence[ConsensusRow]) -> Exact:
    share = np.array([row.precision for row in rows])
    share /= share.sum()
    mean, mean_se = _combine(share, [row.mean for row in rows], [row.mean_se for row in rows])
    _, sd_se = _combine(share, [row.sd for row in rows], [row.sd_se for row in rows])
    rng = np.random.default_rng(SEED)
    sizes = [int(BANK * part) for part in share]
    parts = [
        row.draws[rng.integers(len(row.draws), size=size)]
        for row, size in zip(rows, sizes, strict=True)
    ]
    bank = np.concatenate(parts).astype(np.float64)
    variances = [np.square(row.sd) + np.square(row.mean - mean) for row in rows]
    sd = np.sqrt(sum(part * variance for part, variance in zip(share, variances, strict=True)))
    correlation = np.corrcoef(bank, rowvar=False).reshape(len(sd), len(sd))
    names = rows[0].names
    return Exact(
        names,
        mean,
        correlation * np.outer(sd, sd),
        lambda p: np.quantile(bank, p, axis=0),
        reference_files.make_drawer(names, bank),
        source=_source_name(rows),
        mean_se=mean_se,
        sd_se=sd_se,
    )


def _combine(share: Array, values: list[Array], errors: list[Array]) -> tuple[Array, Array]:
    """Weighted mean and its standard error, widened where rows differ by more than theirs."""
    mean = share @ np.array(values)
    error = np.sqrt(np.square(share) @ np.square(errors))
    if len(values) == 1:
        return mean, error
    chi2 = (np.square(np.array(values) - mean) / np.square(errors)).sum(axis=0)
    return mean, error * np.sqrt(np.maximum(1, chi2 / (len(values) - 1)))


def _source_name(rows: Sequence[ConsensusRow]) -> str:
    parts = [f"{row.runs} runs of {row.trial.label}" for row in rows]
    return f"consensus of {' and '.join(parts)}"
