"""Draws by rejection, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from samplerbench.models.base import Array


def collect(propose: Callable[[int], Array], count: int) -> Array:
    """``count`` rows of the batches that ``propose(missing)`` gives, of any length each."""
    batches, missing = [], count
    while missing > 0:
        batches.append(propose(missing))
        missing -= len(batches[-1])
    return np.concatenate(batches)[:count]
