"""What changed between two stacks for the same sampler: its draws, its claims, its seconds.

Beside the paired ratios of ``harness.comparison.paired_ratios``: whether the same key gives the
same draws, else whether they are of one distribution; and the seconds that a user waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from samplerbench.components import all_component_names
from samplerbench.harness.comparison.paired_ratios import Ratio
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.weighted import weighted_moments
from samplerbench.rounding import with_interval

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign

Array = np.ndarray

ALPHA = 0.01  # of a false "another distribution", over all components of a pair
LEAST = 8  # replicates on either side: below, only samples that do not overlap would be told apart
#: columns that are held side by side; what they say stands in `harness.scoring.columns`
SECONDS = ("import_s", "cold_s", "compile_s", "rerun_s", "warm_s")
COUNTS = ("compiles", "compiles_per_rerun")
CLAIMS = ("calibration", "mean_error")
ONE_PROCESS = "one process each: no interval; another day differs by more than this machine's load"


@dataclass(frozen=True)
class End:
    """One side of a comparison."""

    name: str  # of the environment, or of the campaign and the environment
    trial: Trial
    row: dict[str, Any]
    draws: Path


def changes(old: Campaign, new: Campaign | None = None) -> list[Ratio]:
    """Each sampler that ran on two stacks: ``new`` against ``old``, or within one campaign.

    ``value`` is a ratio where both have a number; the answer says what is beside it.
    """
    found = []
    for before, after in _pairs(list(_ends(old)), list(_ends(new)) if new else None):
        found += _changes(before, after)
    return found


def _ends(campaign: Campaign) -> Iterator[End]:
    rows = {row["trial"]: row for row in campaign.rows()}
    for trial in campaign.store.trials():
        row = rows.get(trial.id)
        if row and row["status"] == "ok":
            yield End(trial.environment, trial, row, campaign.store.draws_path(trial.id))


def _pairs(old: Sequence[End], new: Sequence[End] | None) -> Iterator[tuple[End, End]]:
    """Trials that differ in the environment alone; within one campaign, from its first one on."""
    for i, before in enumerate(old):
        same = [end for end in (old[i + 1 :] if new is None else new) if _alike(before, end)]
        first = not any(_alike(before, end) for end in old[:i])
        if first or new is not None:
            yield from ((before, after) for after in same)


def _alike(a: End, b: End) -> bool:
    """The same question on another stack."""
    x, y = (asdict(end.trial) for end in (a, b))
    places = [(v.pop("environment"), v.pop("environment_digest")) for v in (x, y)]
    return x == y and places[0][1] != places[1][1]


def _changes(old: End, new: End) -> list[Ratio]:
    label = new.trial.label
    ends = (f"{label} on {new.name}", f"{label} on {old.name}")
    p, answer = draws(old.draws, new.draws)
    count = old.trial.replicates
    found = [Ratio(*ends, "draws", None, None, None, count, p, answer)]
    for name in (*SECONDS, *COUNTS, *CLAIMS):
        found.append(_number(ends, name, old.row, new.row, count))
    words = f"{old.row['verdict']} -> {new.row['verdict']}"
    found.append(Ratio(*ends, "verdict", None, None, None, count, None, words))
    return [replace(one, trial=new.trial.id, reference_trial=old.trial.id) for one in found]


def _number(
    ends: tuple[str, str], name: str, old: dict[str, Any], new: dict[str, Any], count: int
) -> Ratio:
    a, b = old[name], new[name]
    if a is None or b is None:
        why = (old if a is None else new)["missing"].get(name, "not measured")
        return Ratio(*ends, name, None, None, None, 0, None, "not compared", why)
    ratio = b / a if a and name not in CLAIMS else None
    reason = ONE_PROCESS if name in SECONDS and name != "warm_s" else ""
    pairs = count if name in CLAIMS else 1
    answer = f"{_shown(old, name)} -> {_shown(new, name)}"
    return Ratio(*ends, name, ratio, None, None, pairs, None, answer, reason)


def _shown(row: dict[str, Any], name: str) -> str:
    return with_interval(row[name], row.get(f"{name}_lo"), row.get(f"{name}_hi"))


def draws(old: Path, new: Path) -> tuple[float | None, str]:
    """p and words: the same draws for the same key, else the same distribution?"""
    with DrawsFile(old, "plain") as a, DrawsFile(new, "plain") as b:
        if same(a.sites(), b.sites()):
            return None, "the same draws for the same key, bit by bit"
    first, second = (_moments(path) for path in (old, new))
    if min(len(first), len(second)) < LEAST:
        return None, f"other draws for the same key; fewer than {LEAST} replicates to say more"
    p = distribution(first, second)
    if p is None:
        return None, "other draws for the same key, which are not all finite or of other sites"
    if p < ALPHA:
        return p, f"another distribution (p {p:.2g})"
    return p, f"other draws for the same key, of one distribution as far as can be told (p {p:.2g})"


def same(a: dict[str, Array], b: dict[str, Array]) -> bool:
    """Whether two sets of sites hold the same numbers, bit by bit."""
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype
        and a[name].shape == b[name].shape
        and a[name].tobytes() == b[name].tobytes()
        for name in a
    )


def _moments(path: Path) -> Array:
    """[replicate, 2 * component]: mean and log sd of each replicate's draws.

    Replicates are independent, so that tests of samples hold; draws of one chain are not.
    """
    with DrawsFile(path) as file:
        x, log_w = file.components(all_component_names(file.sites())), file.get("log_weights")
    if log_w is None:
        mean, sd = x.mean(axis=(1, 2), dtype=np.float64), x.std(axis=(1, 2), dtype=np.float64)
    else:
        mean, sd = weighted_moments(x, log_w)
    with np.errstate(divide="ignore"):
        return np.concatenate([mean, np.log(sd)], axis=1)


def distribution(a: Array, b: Array) -> float | None:
    """p that two samples ``[replicate, component]`` are of one distribution; None where not finite.

    Two-sample Kolmogorov-Smirnov, the least p over components times their number (Bonferroni).
    """
    if a.shape[1] != b.shape[1] or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    least = min(stats.ks_2samp(x, y).pvalue for x, y in zip(a.T, b.T, strict=True))
    return min(1.0, float(least) * a.shape[1])
