"""Random numbers that a user's file draws without a seed: the same in every process that runs it.

Each trial, and the answer it is judged by, is made in a process of its own, which runs the file
anew: data of ``numpy.random.normal(size=50)`` would be other data in each.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

SEED = 0


@contextlib.contextmanager
def repeatable_randomness() -> Iterator[None]:
    """Seed Python's and NumPy's global generators, and those that are made without a seed.

    At the end all is as it was, so that nothing else draws these numbers.
    """
    python, legacy, make = random.getstate(), np.random.get_state(), np.random.default_rng
    unseeded: list[int] | None = []

    def make_seeded(seed: Any = None) -> Any:
        if seed is None and unseeded is not None:  # None: a name of it that outlives the file's run
            unseeded.append(SEED + len(unseeded))
            seed = unseeded[-1]
        return make(seed)

    random.seed(SEED)
    np.random.seed(SEED)
    np.random.default_rng = make_seeded
    try:
        yield
    finally:
        unseeded, np.random.default_rng = None, make
        np.random.set_state(legacy)
        random.setstate(python)
