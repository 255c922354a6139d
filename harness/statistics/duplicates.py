"""Replicates that are not independent: one run twice, its mirror image, or runs in succession."""

from __future__ import annotations

import numpy as np
from scipy import fft, special, stats

Array = np.ndarray

SURPRISE = 1e-6  # chance that independent replicates of any number of parameters seem to succeed
DIGITS = 6  # of a mean in exact sds: 32-bit draws of one run and of its mirror image agree to these
COINCIDENCE = 1e-3  # independent runs that agree in these digits, up to which they show a relation
SHARP = 1e-3  # sds: runs' sds are not taken to differ by less, so that equal ones are no chance


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
    place, width = (est[usable] - mean) / scale, sd[usable] / scale
    signs: tuple[float, ...] = (1.0, -1.0)
    if _count_coincidences(place, width) > COINCIDENCE:  # only what is equal to the last bit
        place, width, signs = est[usable], sd[usable], (1.0,)
    else:
        place, width = np.round(place, DIGITS), np.round(width, DIGITS)
    first: dict[bytes, int] = {}
    for i, (z, s) in enumerate(zip(place, width, strict=True)):
        # plus 0: without a minus at zero
        keys = [(sign * z + 0.0).tobytes() + s.tobytes() for sign in signs]
        for key in keys:
            if key in first:
                return int(usable[first[key]]), int(usable[i])
        first[keys[0]] = i
    return None


def _count_coincidences(place: Array, width: Array) -> float:
    """Pairs of independent runs, or of one and a mirror image, that agree in DIGITS by chance.

    Two normal numbers of one sd s are in one cell of width w with probability w / (2 sqrt(pi) s).
    """
    count = len(place)
    if count < 2:
        return 0.0
    spreads = np.stack([place.std(axis=0), np.maximum(width.std(axis=0), SHARP)])
    with np.errstate(divide="ignore"):
        chances = np.minimum(1.0, 10.0**-DIGITS / (2 * np.sqrt(np.pi) * spreads))
    return float(count * (count - 1) * chances.prod())


def find_succession(est: Array) -> tuple[int, int, float] | None:
    """The component of ``est[replicate, component]`` that runs share, their distance, by how much.

    Runs that share chains, draws or a state with an earlier run give means that follow its own, and
    every interval over replicates is too narrow. The rank correlation of runs a lag k apart, of n,
    has for independent ones mean ``-(n - k) / n (n - 1)`` and variance ``(n - k) / n^2`` to first
    order, whatever their distribution (Wald and Wolfowitz 1943, Ann. Math. Statist. 14:378), and is
    normal. All lags up to half of the replicates are tried.
    """
    usable = est[np.isfinite(est).all(axis=1)]
    count, size = usable.shape
    if count < 2 or not size:
        return None
    ranks = stats.rankdata(usable, axis=0) - (count + 1) / 2
    lags = np.arange(1, count // 2 + 1)
    power = np.square(np.abs(fft.rfft(ranks, 2 * count, axis=0)))
    products = fft.irfft(power, 2 * count, axis=0)[lags]
    with np.errstate(invalid="ignore"):  # estimates that are all alike
        following = products / np.square(ranks).sum(axis=0)
    pairs = (count - lags)[:, None]
    score = np.nan_to_num(np.abs(following + pairs / count / (count - 1)) * count / np.sqrt(pairs))
    lag, worst = np.unravel_index(int(np.argmax(score)), score.shape)
    if score[lag, worst] <= -special.ndtri(SURPRISE / (2 * score.size)):
        return None
    return int(worst), int(lags[lag]), float(following[lag, worst] * count / pairs[lag, 0])
