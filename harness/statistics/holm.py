"""Holm's correction for many tests (Holm 1979, Scandinavian Journal of Statistics 6:65)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm_rejections(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected, so that any false rejection has probability below ``alpha``.

    The smallest of m p values is held to alpha / m, the next to alpha / (m - 1), and so on up to
    the first that fails. NaN is no test: it is never rejected, and does not count.
    """
    rejected = [False] * len(p_values)
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    for rank, (p, index) in enumerate(known):
        if p > alpha / (len(known) - rank):
            break
        rejected[index] = True
    return rejected
