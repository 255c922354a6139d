"""Shares of the draws between exact quantiles, and what they are in the exact posterior.

Draws that are equal, as counts are, and draws that were rounded take care: a quantile may be one of
them.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from samplerbench.models.base import Exact

Array = np.ndarray

HALF = (0.25, 0.75)
NINETY = (0.05, 0.95)
MOST = (0.01, 0.99)
CUTS = np.array([*MOST, *NINETY, *HALF, 0.5])
GRID = 50  # quantiles, of which two are equal only where draws are tied
BANK = 100_000  # exact quantiles that shares of tied draws are known from, to a part in 200,000
FINE = 1e-4  # sds between neighbouring numbers, up to which shares of the draws are plain counts
SAME = 1e-5  # sds by which sums of rounded numbers may differ that are one number
POOL = 4096  # draws that show the digits they were written with; others are as close as FINE
#: distances of neighbours among them that are multiples of one step, to so much of it, near a
#: place: of draws that were not rounded one in 1e10, and then the step is as good as none
NEIGHBOURS, OFF_STEP = 8, 0.02
ATOM = 1e-3  # probability on either side of a cut, from which on draws that are the cut count
TIE = 1e-3  # widths that a cut among equal draws is moved by: they are then all on one side of it


def measure_spacing(x: Array, at: Array, sd: Array, tied: Array) -> Array:
    """Distance between neighbouring numbers of ``x`` near ``at[place, component]``.

    It is that of the numbers' precision, or of the digits that a file was written with. The steps
    of ``tied`` components, as counts are, are their own.
    """
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    spacing = np.spacing(np.abs(at).astype(kind)).astype(np.float64)
    flat = x.reshape(-1, x.shape[-1])
    some = flat[:: max(1, len(flat) // POOL)].T
    for component in np.flatnonzero(~tied):
        drawn = some[component]
        values = np.unique(drawn[np.isfinite(drawn)]).astype(np.float64)
        values = values[np.diff(values, prepend=-np.inf) > SAME * sd[component]]
        steps = np.diff(values)
        if len(steps) < NEIGHBOURS or steps.min() <= FINE * sd[component]:
            continue
        begins = np.searchsorted(values, at[:, component]) - NEIGHBOURS // 2
        near = [steps[begin:][:NEIGHBOURS] for begin in np.clip(begins, 0, len(steps) - NEIGHBOURS)]
        spacing[:, component] = np.maximum(spacing[:, component], [*map(_find_step, near)])
    return spacing


def _find_step(steps: Array) -> float:
    """The step that all ``steps`` are multiples of; 0.0 where there is none."""
    counts = steps / steps.min()
    return float(steps.min()) if (np.abs(counts - np.rint(counts)) < OFF_STEP).all() else 0.0


def find_cells(spacing: Array, sd: Array, tied: Array) -> Array:
    """What draws were rounded to near cuts, [cut, component]; 0 where it makes no difference.

    ``spacing`` is as ``measure_spacing`` has it there. A number of few digits stands for all that
    were rounded to it, of which a cut in between has some on either side. Counts stand for
    themselves.
    """
    return np.where((spacing > FINE * sd) & ~tied, spacing, 0.0)


@functools.lru_cache(maxsize=32)  # the rows of one model share its answer
def place_cuts(exact: Exact) -> tuple[Array, Array]:
    """Where shares of the draws are cut, [cut, component], and whether draws are a cut, bool.

    A quantile that holds ``ATOM`` more of the probability on either side is a value that draws are
    equal to. Its cut is moved outwards by ``TIE``, further than 32 bits and sums round, so that all
    of these lie on one side; what share that makes is counted in exact draws.
    """
    if exact.quantile is None:
        return np.full((len(CUTS), len(exact.sd)), np.nan), np.zeros(exact.sd.shape, dtype=bool)
    cuts = exact.quantile(CUTS)
    if exact.draw is None:
        return cuts, np.zeros(exact.sd.shape, dtype=bool)
    widths = [cuts[i + 1] - cuts[i] for i in (0, 2, 4)]  # a heavy tail's sd tells no width
    scale = functools.reduce(lambda wide, fine: np.where(fine > 0, fine, wide), widths, exact.sd)
    beside = [exact.quantile(CUTS + step) for step in (-ATOM, ATOM)]
    equal = [np.abs(each - cuts) <= FINE * TIE * scale for each in beside]
    has_atom = _find_tied(exact) | np.any(equal, axis=(0, 1))
    outwards = np.where(CUTS < 0.5, -TIE, TIE)[:, None] * scale
    return np.where(has_atom, cuts + outwards, cuts), has_atom


def _find_tied(exact: Exact) -> Array:
    """[component] bool: quantiles are equal, as of counts."""
    if exact.quantile is None or exact.draw is None:
        return np.zeros(exact.sd.shape, dtype=bool)
    return (np.diff(exact.quantile((np.arange(GRID) + 0.5) / GRID), axis=0) == 0).any(axis=0)


@functools.lru_cache(maxsize=32)
def compute_exact_shares(exact: Exact) -> dict[str, Any]:
    """Exact shares at or below the median and in the central intervals, [component] each.

    Of counts and rounded numbers they are not what the quantiles say: of a Poisson(2) 68 % lie at
    or below its median.
    """
    shape = exact.sd.shape
    plain_shares = (0.5, *(hi - lo for lo, hi in (HALF, NINETY, MOST)))
    shares = [np.full(shape, share) for share in plain_shares]
    tied, most_alike = _find_tied(exact), np.zeros(shape)
    cuts, has_atom = place_cuts(exact)
    if has_atom.any():
        assert exact.quantile is not None
        bank = exact.quantile((np.arange(BANK) + 0.5) / BANK)  # in even steps, not by chance
        inside = [(lo <= bank) & (bank <= hi) for lo, hi in (cuts[4:6], cuts[2:4], cuts[:2])]
        found = (bank <= cuts[6], *inside)
        most_alike = np.where(tied, [_count_most_alike(column) / BANK for column in bank.T], 0.0)
        pairs = zip(shares, found, strict=True)
        shares = [np.where(has_atom, of.mean(axis=0), plain) for plain, of in pairs]
    names = ("below_exact", "half_exact", "ninety_exact", "most_exact")
    return {"is_tied": tied, "most_alike": most_alike, **dict(zip(names, shares, strict=True))}


def _count_most_alike(values: Array) -> int:
    """How many of the values are the one that is there most often."""
    return int(np.unique(values, return_counts=True)[1].max())


def mark_below(x: Array, cut: Array, cell: Array) -> Array:
    """Whether ``x`` is at or below ``cut``; of what was rounded to a cell around it, how much."""
    plain = x <= cut
    if not cell.any():
        return plain
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(cell > 0, np.clip((cut - x) / cell + 0.5, 0.0, 1.0), plain)


def mark_inside(x: Array, ends: Array, cells: Array) -> Array:
    """Whether ``x`` lies between both ``ends``, or how much of what was rounded to it."""
    lo, hi = ends
    if not cells.any():
        return (lo <= x) & (x <= hi)
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.where(cells[0] > 0, np.clip((x - lo) / cells[0] + 0.5, 0.0, 1.0), lo <= x)
    return over * mark_below(x, hi, cells[1])
