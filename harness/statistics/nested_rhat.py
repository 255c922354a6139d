"""Nested R-hat, for many short chains: Margossian et al. (2024), Bayesian Analysis.

K superchains of M chains each, those of one superchain started at one point. Had they forgotten it,
means of superchains would differ as little as chains within one tell. Chains may be so short that
R-hat, which compares single chains, can't be near 1. https://arxiv.org/abs/2110.13017
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def nested_rhat(x: Array, superchains: int) -> Array:
    """Nested R-hat of ``x[replicate, chain, draw, component]``, [replicate, component].

    Chains of one superchain stand beside one another. NaN where draws are not finite, where nothing
    moves, and of fewer than two superchains. Raises ValueError where they differ in size.
    """
    replicates, chains, draws, components = x.shape
    if chains % superchains:
        raise ValueError(f"{chains} chains make no {superchains} superchains of one size")
    if superchains < 2:
        return np.full((replicates, components), np.nan)
    each = chains // superchains
    groups = x.reshape(replicates, superchains, each, draws, components).astype(np.float64)
    means = groups.mean(axis=3)  # [replicate, superchain, chain, component]
    within = groups.var(axis=3, ddof=1).mean(axis=2) if draws > 1 else 0.0
    among = means.var(axis=2, ddof=1) if each > 1 else 0.0
    total = np.mean(within + among + np.zeros(means[:, :, 0].shape), axis=1)
    between = means.mean(axis=2).var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, np.sqrt(1 + between / total), np.nan)
