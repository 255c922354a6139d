"""Replicates that are not independent: one run twice, its mirror image, or runs in succession."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

Array = np.ndarray

SURPRISE = 1e-6  # chance that independent replicates of any number of parameters seem to succeed
DIGITS = 6  # of a mean in exact sds: 32-bit draws of one run and of its mirror image agree to these


def find_duplicates(est: Array, sd: Array, mean: Array, scale: Array) -> tuple[int, int] | None:
    """The first two replicates that are one run, or mirror images about the exact mean.

    ``est`` and ``sd`` of the draws, [replicate, component]; exact ``mean`` and sd ``scale``,
    [component]. Two independent runs agree in the first DIGITS of a mean *and* of an sd with
    probability of some 1e-8, for each component. Where tails are so heavy that the exact sd says
    nothing of a run, the typical run's stands for it. Replicates that are not finite or never move
    are left out: many may sit in one place.
    """
    usable = np.flatnonzero(np.isfinite(est).all(axis=1) & (sd > 0).all(axis=1))
    if usable.size:
        scale = np.fmin(scale, np.median(sd[usable], axis=0))
    place = np.round((est[usable] - mean) / scale, DIGITS) + 0.0  # without a minus at zero
    width = np.round(sd[usable] / scale, DIGITS)
    first: dict[bytes, int] = {}
    for i, (z, s) in enumerate(zip(place, width, strict=True)):
        keys = [(sign * z + 0.0).tobytes() + s.tobytes() for sign in (1.0, -1.0)]
        for key in keys:
            if key in first:
                return int(usable[first[key]]), int(usable[i])
        first[keys[0]] = i
    return None


def find_succession(est: Array) -> tuple[int, float] | None:
    """The component of ``est[replicate, component]`` whose neighbours correlate, and by how much.

    Runs that share chains, draws or a state with the run before give means that follow one another,
    and every interval over replicates is too narrow. The rank correlation of neighbours has, of
    independent replicates, mean ``-1 / n`` and variance ``1 / n`` to first order, whatever their
    distribution (Wald and Wolfowitz 1943, Ann. Math. Statist. 14:378), and is normal.
    """
    usable = est[np.isfinite(est).all(axis=1)]
    count, size = usable.shape
    ranks = stats.rankdata(usable, axis=0) - (count + 1) / 2
    with np.errstate(invalid="ignore"):  # estimates that are all alike
        following = (ranks[1:] * ranks[:-1]).sum(axis=0) / np.square(ranks).sum(axis=0)
    score = np.nan_to_num(np.abs(following + 1 / max(count, 1)) * np.sqrt(count))
    worst = int(np.argmax(score))
    surprising = -special.ndtri(SURPRISE / (2 * size))
    return (worst, float(following[worst])) if score[worst] > surprising else None
