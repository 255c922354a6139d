"""An answer from the other samplers of a campaign, where nothing better is known.

**The rule.** A row may speak for others when at least LEAST of its replicates, and SHARE of all,
pass their own diagnostics (``harness.statistics.self_diagnostics``); only those replicates count. A
row is judged by the pooled draws of all such rows of *other* samplers, never its own nor the same
sampler's with other settings, which may share a flaw. Standard errors come from the spread of the
means (and sds) of replicates, not from claims, and are widened by what the rows differ beyond it
(Birge 1932, Physical Review 40:207). There is no answer where those rows disagree, or where there
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

from samplerbench.components import all_component_names
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.ground_truth import reference_files
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics import ess_rhat, self_diagnostics
from samplerbench.harness.statistics.weighted import weighted_moments, weights
from samplerbench.models.base import Exact

Array = np.ndarray

LEAST = 8  # replicates: a spread of fewer is not known to a third
SHARE = 0.75
ALPHA = 0.01  # chance that rows that agree are taken for unlike, over all parameters
MEAN, SD = 0.1, 0.12  # tolerated difference of means in sds, of sds as a share
BANK = 100_000  # draws that stand for the answer's distribution
SEED = 20260702


@dataclass(frozen=True)
class Voice:
    """What one row has to say: its replicates that pass their own diagnostics."""

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


def voice(trial: Trial, path: Path, sites: Collection[str] | None) -> Voice | str:
    """What the draws in ``path`` say, or why they say nothing. ``sites``: of these alone."""
    with DrawsFile(path) as file:
        every = all_component_names(file.sites())
        names = tuple(n for n in every if sites is None or n.partition("[")[0] in sites)
        x, log_w = file.components(names), file.get("log_weights")
        divergences, termination = file.get("divergences"), file.get("termination")
    free = reference_files.varying(names, x.reshape(-1, len(names)))
    names, x = tuple(np.array(names)[free].tolist()), x[..., free]
    claims = ess_rhat.claims(x) if log_w is None else None
    if claims is not None:
        mean, sd, finite, moves = claims.mean, claims.sd, claims.finite, claims.moves
    else:
        mean, sd = weighted_moments(x, log_w)
        finite, moves = np.isfinite(mean), sd > 0
    ended = None if termination is None else [str(word) for word in termination]
    own = self_diagnostics.own_diagnostics(claims, trial.chains, finite, moves, divergences, ended)
    passed = ~own.fails
    count = int(passed.sum())
    if count < max(LEAST, SHARE * len(passed)):
        return f"{count} of {len(passed)} replicates pass their own diagnostics"
    mean, sd = mean[passed], sd[passed]
    centre = mean.mean(axis=0)
    log_w = None if log_w is None else log_w[passed]
    return Voice(
        trial,
        names,
        mean=centre,
        mean_se=mean.std(axis=0, ddof=1) / np.sqrt(count),
        sd=np.sqrt((np.square(sd) + np.square(mean - centre)).mean(axis=0)),
        sd_se=sd.std(axis=0, ddof=1) / np.sqrt(count),
        runs=count,
        draws=_thinned(x[passed], log_w),
    )


def _thinned(x: Array, log_w: Array | None) -> Array:
    """Equal-weight draws of all replicates alike, about BANK in all, [draw, component]."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    each = BANK // len(x)
    if log_w is None:
        return flat[:, :: max(1, flat.shape[1] // each)].reshape(-1, x.shape[-1])
    rng = np.random.default_rng(SEED)
    picks = [rng.choice(len(w), size=each, p=w) for w in weights(log_w)]
    return np.concatenate([draws[taken] for draws, taken in zip(flat, picks, strict=True)])


def answer(trial: Trial, voices: Sequence[Voice | str]) -> tuple[Exact | None, str]:
    """The answer that ``trial`` is judged by, or None and the reason."""
    heard = [one for one in voices if isinstance(one, Voice)]
    others = [one for one in heard if one.trial.sampler != trial.sampler]
    if not others:
        return None, (
            "no other sampler's row passes its own diagnostics, to make a consensus of; name one "
            "with --sampler, give --reference, or judge with --calibrate prior"
        )
    for i, one in enumerate(others):
        for other in others[:i]:
            apart = unlike(other, one)
            if apart:
                return None, f"the other samplers disagree: {apart}"
    if len({one.trial.sampler for one in others}) == 1:
        own = [one for one in heard if one.trial.id == trial.id]
        apart = unlike(own[0], others[0]) if own else ""
        if apart:
            return None, f"two samplers disagree, and no third one tells which is right: {apart}"
    return _pooled(others), ""


def unlike(a: Voice, b: Voice) -> str:
    """How two rows disagree, in words; nothing where they agree."""
    if a.names != b.names:
        return f"{a.trial.label} and {b.trial.label} have other parameters"
    t = float(stats.t.isf(ALPHA / (4 * len(a.names)), min(a.runs, b.runs) - 1))
    scale = np.sqrt(a.sd * b.sd)
    tests = (
        ("mean", a.mean, b.mean, np.hypot(a.mean_se, b.mean_se), MEAN),
        ("sd", a.sd, b.sd, np.hypot(a.sd_se, b.sd_se), SD),
    )
    for what, one, other, error, margin in tests:
        excess = (np.abs(one - other) - t * error) / scale
        worst = int(np.argmax(excess))
        if excess[worst] > margin:
            return (
                f"{what} of {a.names[worst]!r} is {one[worst]:.4g} by {a.trial.label} and "
                f"{other[worst]:.4g} by {b.trial.label}"
            )
    return ""


def _pooled(voices: Sequence[Voice]) -> Exact:
    share = np.array([one.precision for one in voices])
    share /= share.sum()
    mean, mean_se = _combined(share, [v.mean for v in voices], [v.mean_se for v in voices])
    _, sd_se = _combined(share, [v.sd for v in voices], [v.sd_se for v in voices])
    rng = np.random.default_rng(SEED)
    parts = [v.draws[rng.integers(len(v.draws), size=int(BANK * s))]
             for v, s in zip(voices, share, strict=True)]  # fmt: skip
    bank = np.concatenate(parts).astype(np.float64)
    off = sum(s * (np.square(v.sd) + np.square(v.mean - mean))
              for v, s in zip(voices, share, strict=True))  # fmt: skip
    sd = np.sqrt(off)
    correlation = np.corrcoef(bank, rowvar=False).reshape(len(sd), len(sd))
    names = voices[0].names
    return Exact(
        names,
        mean,
        correlation * np.outer(sd, sd),
        lambda p: np.quantile(bank, p, axis=0),
        reference_files.drawer(names, bank),
        source=_named(voices),
        mean_se=mean_se,
        sd_se=sd_se,
    )


def _combined(share: Array, values: list[Array], errors: list[Array]) -> tuple[Array, Array]:
    """Weighted mean and its standard error, widened where rows differ by more than theirs."""
    mean = share @ np.array(values)
    error = np.sqrt(np.square(share) @ np.square(errors))
    if len(values) == 1:
        return mean, error
    chi2 = (np.square(np.array(values) - mean) / np.square(errors)).sum(axis=0)
    return mean, error * np.sqrt(np.maximum(1, chi2 / (len(values) - 1)))


def _named(voices: Sequence[Voice]) -> str:
    said = [f"{one.runs} runs of {one.trial.label}" for one in voices]
    return f"consensus of {' and '.join(said)}"
