"""Replicates that are not independent: the same run twice, or its mirror image."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

DIGITS = 6  # of a mean in exact sds: 32-bit draws of one run and of its mirror image agree to these


def find_duplicates(est: Array, sd: Array, mean: Array, scale: Array) -> tuple[int, int] | None:
    """The first two replicates that are one run, or mirror images about the exact mean.

    ``est`` and ``sd`` of the draws, [replicate, component]; exact ``mean`` and sd ``scale``,
    [component]. Two independent runs agree in the first DIGITS of a mean *and* of an sd with
    probability of some 1e-8, for each component. Replicates that are not finite or never move are
    left out: many may sit in one place.
    """
    usable = np.flatnonzero(np.isfinite(est).all(axis=1) & (sd > 0).all(axis=1))
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
