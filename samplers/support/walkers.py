"""Walkers of an ensemble, which are merged into one chain.

A walker is no chain of its own, since it moves by where the others are. So one walker's path comes
after the other's, and of its steps every so many-th is kept as there are walkers.
"""

from __future__ import annotations

from typing import Any

LEAST = 32  # where none are asked for, or two a dimension where that is more
CLAIMS = "ESS: autocorrelation of the walkers' thinned paths, merged into one chain"


def count_walkers(asked: int | None, dim: int, model: str) -> int:
    """The walkers of an ensemble in ``dim`` dimensions; raises ValueError for too few of them."""
    number = asked or max(LEAST, 2 * dim)
    if number < 2 * dim:
        raise ValueError(
            f"{number} walkers are too few for the {dim} parameters of {model!r}\n"
            f"  expected: walkers={2 * dim} at least, two a parameter"
        )
    return number


def merge_paths(paths: Any, draws: int) -> Any:
    """[walker, step, *event] -> [draw, *event], one walker's path after the other's."""
    return paths.reshape(-1, *paths.shape[2:])[:draws]
