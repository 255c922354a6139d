"""What changed between two stacks for the same sampler: its draws, its claims, its seconds.

Beside the paired ratios of ``harness.comparison.paired_ratios``: whether the same key gives the
same draws, else whether they are of one distribution; and the seconds that a user waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from samplerbench.harness.comparison.ratio import Conclusion, Ratio, not_compared
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.weighted import weighted_moments
from samplerbench.models.base import Sites
from samplerbench.rounding import format_column

Array = np.ndarray

ALPHA = 0.01  # of a false "another distribution", over all components of a pair
#: sds that draws of one key are apart by rounding, at the most; chains that part are soon sds apart
ROUNDING = 1e-3
LEAST = 8  # replicates on either side: below, only samples that do not overlap would differ
#: columns that are compared side by side; `harness.scoring.columns` describes them
SECONDS = ("import_s", "cold_s", "compile_s", "rerun_s", "warm_s")
COUNTS = ("compiles", "compiles_per_rerun")
CLAIMS = ("calibration", "mean_error")
ONE_PROCESS = "one process: no interval; another day differs by more than this machine's load"


@dataclass(frozen=True)
class StackRun:
    """A trial that ended ok on one stack."""

    trial: Trial
    row: Mapping[str, Any]
    draws: Path  # its draws file


def compare_stacks(old: Sequence[StackRun], new: Sequence[StackRun] | None = None) -> list[Ratio]:
    """Each sampler that ran on two stacks: ``new`` against ``old``, or those of ``old`` alone.

    ``value`` is a ratio where both have a number; ``answer`` shows both.
    """
    if new is None:
        pairs = list(_pairs(old))
    else:
        pairs = [(before, after) for before in old for after in new if _alike(before, after)]
    return [ratio for before, after in pairs for ratio in _compare(before, after)]


def _pairs(runs: Sequence[StackRun]) -> Iterator[tuple[StackRun, StackRun]]:
    """Runs that differ in the environment alone, each against the first one of its kind."""
    for i, before in enumerate(runs):
        if not any(_alike(before, run) for run in runs[:i]):
            yield from ((before, after) for after in runs[i + 1 :] if _alike(before, after))


def _alike(a: StackRun, b: StackRun) -> bool:
    """The same question on another stack."""
    x, y = (asdict(run.trial) for run in (a, b))
    places = [(v.pop("environment"), v.pop("environment_digest")) for v in (x, y)]
    return x == y and places[0][1] != places[1][1]


def _compare(old: StackRun, new: StackRun) -> Iterator[Ratio]:
    label, count = new.trial.label, min(old.row["replicates"], new.row["replicates"])
    here, there = (f"{label} on {one.trial.environment_label}" for one in (new, old))
    ends = here, there
    p, words, conclusion = compare_draws(old.draws, new.draws)
    verdicts = old.row["verdict"], new.row["verdict"]
    same_verdict = Conclusion.IDENTICAL if verdicts[0] == verdicts[1] else Conclusion.DIFFERENT
    for ratio in (
        _without_value(ends, "draws", count, p, words, conclusion),
        *(_number(ends, name, old.row, new.row, count) for name in (*SECONDS, *COUNTS, *CLAIMS)),
        _without_value(ends, "verdict", count, None, "{} -> {}".format(*verdicts), same_verdict),
    ):
        yield replace(ratio, trial=new.trial.id, reference_trial=old.trial.id)


def _without_value(
    ends: tuple[str, str],
    quantity: str,
    count: int,
    p: float | None,
    words: str,
    conclusion: Conclusion,
) -> Ratio:
    ratio = Ratio(*ends, quantity, None, None, None, count, p, words)
    return replace(ratio, conclusion=conclusion)


def _number(
    ends: tuple[str, str], name: str, old: Mapping[str, Any], new: Mapping[str, Any], count: int
) -> Ratio:
    a, b = old[name], new[name]
    if a is None or b is None:
        reason = (old if a is None else new)["missing"].get(name, "not measured")
        return not_compared(*ends, name, reason)
    ratio = b / a if a and name not in CLAIMS else None
    alone = name in SECONDS and min(old["blocks"] or 1, new["blocks"] or 1) == 1
    reason = ONE_PROCESS if alone else ""
    pairs = count if name in CLAIMS else 1
    answer = f"{format_column(old, name)} -> {format_column(new, name)}"
    return Ratio(*ends, name, ratio, None, None, pairs, None, answer, reason)


def compare_draws(old: Path, new: Path) -> tuple[float | None, str, Conclusion]:
    """p, words, conclusion: the same draws for the same key, else the same distribution?"""
    with DrawsFile(old, "plain") as a, DrawsFile(new, "plain") as b:
        both = _common_runs(a.sites(), b.sites())
        if are_identical(*both):
            return None, "the same draws for the same key, bit by bit", Conclusion.IDENTICAL
        if (gap := measure_gap(*both)) < ROUNDING:
            words = f"the same draws for the same key, but for rounding: up to {gap:.1g} sd apart"
            return None, words, Conclusion.IDENTICAL
    other = "other draws for the same key"
    (names, first), (other_names, second) = (_moments(path) for path in (old, new))
    if min(len(first), len(second)) < LEAST:
        words = f"{other}; fewer than {LEAST} replicates to say more"
        return None, words, Conclusion.NOT_TESTED
    p = one_distribution_p(first, second) if names == other_names else None
    if p is None:
        words = f"{other}, which are not all finite or of other sites"
        return None, words, Conclusion.NOT_TESTED
    if p < ALPHA:
        return p, f"another distribution (p {p:.2g})", Conclusion.DIFFERENT
    words = f"{other}, of one distribution as far as can be told (p {p:.2g})"
    return p, words, Conclusion.INDISTINGUISHABLE


def are_identical(a: Mapping[str, Array], b: Mapping[str, Array]) -> bool:
    """Whether two sets of sites hold the same numbers, bit by bit."""
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype
        and a[name].shape == b[name].shape
        and a[name].tobytes() == b[name].tobytes()
        for name in a
    )


def measure_gap(a: Mapping[str, Array], b: Mapping[str, Array]) -> float:
    """The largest distance of two draws of one place, in sds of their component; inf: no pairs."""
    if a.keys() != b.keys() or any(a[name].shape != b[name].shape for name in a):
        return np.inf
    gap = 0.0
    for name in a:
        x, y = (np.asarray(sites[name], np.float64) for sites in (a, b))
        apart, sd = np.abs(x - y).max(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            gaps = np.where(apart == 0, 0.0, apart / sd)  # one number in all draws has no sd
        gap = max(gap, float(np.max(gaps, initial=0.0)))
    return gap if np.isfinite(gap) else np.inf


def _common_runs(a: Mapping[str, Array], b: Mapping[str, Array]) -> tuple[Sites, Sites]:
    """The first runs of each, as many as both have: one may have met its limit of time."""
    count = min((len(draws) for sites in (a, b) for draws in sites.values()), default=0)
    first, second = ({name: x[:count] for name, x in sites.items()} for sites in (a, b))
    return first, second


def _moments(path: Path) -> tuple[tuple[str, ...], Array]:
    """Names of the components, and [replicate, 2 * component]: mean and log sd of their draws.

    Replicates are independent, so that tests of samples hold; draws of one chain are not.
    """
    with DrawsFile(path) as file:
        names = tuple(sorted(file.component_names()[0]))  # releases order sites apart
        x, log_w = file.components(names), file.get("log_weights")
    if log_w is None:
        mean, sd = x.mean(axis=(1, 2), dtype=np.float64), x.std(axis=(1, 2), dtype=np.float64)
    else:
        mean, sd = weighted_moments(x, log_w)
    with np.errstate(divide="ignore"):
        return names, np.concatenate([mean, np.log(sd)], axis=1)


def one_distribution_p(a: Array, b: Array) -> float | None:
    """p that two samples ``[replicate, component]`` are of one distribution; None for NaN.

    Two-sample Kolmogorov-Smirnov, the least p over components times their number (Bonferroni),
    without those that are one number in both, as what a model fixes is.
    """
    if a.shape[1] != b.shape[1] or np.isnan(a).any() or np.isnan(b).any():
        return None
    pairs = [(x, y) for x, y in zip(a.T, b.T, strict=True) if np.unique(np.r_[x, y]).size > 1]
    least = min((float(stats.ks_2samp(x, y).pvalue) for x, y in pairs), default=1.0)
    return min(1.0, least * max(1, len(pairs)))
