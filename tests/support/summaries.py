"""Summaries of replicates: of draws, of an honest sampler, and with flaws in the first of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.summarise_replicates import add_joint, summarise
from samplerbench.models.base import Exact


def summarise_whole(
    x: np.ndarray, exact: Exact, log_w: Any = None, ess: Any = None, **more: Any
) -> ReplicateSummary:
    """The summary of draws with the directions of their joint posterior, as of any trial."""
    return add_joint(summarise(x, exact, log_w, ess, **more), x, exact, log_w, ess)


def ideal(
    replicates: int = 256, ess: float = 1000.0, size: int = 2, seed: int = 1
) -> ReplicateSummary:
    """Evidence of an honest sampler of standard normals, without draws: any ESS, fast."""
    rng = np.random.default_rng(seed)
    shape = (replicates, size)
    ones, noise = np.ones(shape), 1 / np.sqrt(ess)
    return ReplicateSummary(
        names=tuple("abcdefghijklmnopqrst"[:size]),
        mean=np.zeros(size),
        sd=np.ones(size),
        est=noise * rng.standard_normal(shape),
        se=noise * ones,
        sd_hat=1 + noise / np.sqrt(2) * rng.standard_normal(shape),
        below_median=0.5 + 0.5 * noise * rng.standard_normal(shape),
        below_se=0.5 * noise * ones,
        half=0.5 + 0.5 * noise * rng.standard_normal(shape),
        half_se=0.5 * noise * ones,
        ninety=0.9 + 0.3 * noise * rng.standard_normal(shape),
        most=0.98 + 0.14 * noise * rng.standard_normal(shape),
        finite=ones.astype(bool),
        moves=ones.astype(bool),
        w1=noise * np.abs(rng.standard_normal(shape)),
        w1_iid=noise * np.ones(size),
        mean_tame=np.ones(size, dtype=bool),
        sd_tame=np.ones(size, dtype=bool),
    )


def lose(e: ReplicateSummary, count: int, **what) -> ReplicateSummary:
    """The evidence with fields of its first replicates replaced."""
    changed = {name: getattr(e, name).copy() for name in what}
    for name, value in what.items():
        changed[name][:count] = value
    return replace(e, **changed)
