"""Holm's correction for many tests (Holm 1979, Scandinavian Journal of Statistics 6:65)."""

from __future__ import annotations

from collections.abc import Sequence


def holm_rejections(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected, so that any false rejection has probability below ``alpha``.

    The smallest of m p values is held to alpha / m, the next to alpha / (m - 1), and so on up to
    the first that fails.
    """
    rejected = [False] * len(p_values)
    for rank, (p, index) in enumerate(sorted((p, i) for i, p in enumerate(p_values))):
        if not p <= alpha / (len(p_values) - rank):  # NaN is no rejection
            break
        rejected[index] = True
    return rejected
