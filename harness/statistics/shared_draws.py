"""Draws that replicates have in common, to the last bit: seeds of some chains that never change."""

from __future__ import annotations

import numpy as np
from scipy import stats

Array = np.ndarray

LEAST_SHARE = 0.1  # of a run's distinct draws; chains that begin in one place share very few
SURPRISE = 1e-6  # chance that any of independent replicates seems to share as many
SURE = 1e-3  # chance that the coincidences of exact draws are more than they are taken for
MORE = 1.5  # coincidences than values that come back tell of: these are some hundreds at least
MOST = 4_000_000  # draws of all replicates together: the first of each


def find_shared_draws(x: Array, bank: Array) -> tuple[int, int, float] | None:
    """Two replicates of ``x[replicate, draw, component]`` that share draws, and what share of one.

    None where none do. Draws that are equal by chance, as those of few digits, are counted two
    ways: of independent exact draws ``bank[draw, component]`` those that occur in some replicate;
    and values that come back within a run after others. Of N draws in all, n a run, a value has an
    equal one with some N q in another run, and n q / 2 before it in its own. (JAX's normal numbers
    of 32 bits are 8 million different ones: of 256 runs of 5000, 15 % are elsewhere.)
    """
    keys = _make_keys(x[:, : MOST // max(1, len(x))])
    count, size = keys.shape
    order = np.argsort(keys, axis=None, kind="stable")  # equal ones in the order of replicates
    value, run = keys.ravel()[order], order // size
    new = np.ones(len(value), dtype=bool)
    new[1:] = (value[1:] != value[:-1]) | (run[1:] != run[:-1])
    value, run = value[new], run[new]
    same = np.zeros(len(value) + 1, dtype=bool)
    same[1:-1] = value[1:] == value[:-1]
    shared = same[1:] | same[:-1]
    if not shared.any():
        return None
    distinct = np.bincount(run, minlength=count)
    counts = np.bincount(run[shared], minlength=count)
    first = int(np.argmax(counts / distinct))
    come_back = 1 + (keys[:, 1:] != keys[:, :-1]).sum() / count - distinct.mean()
    own = np.isin(_make_keys(bank.astype(x.dtype)), value)
    by_bank = stats.beta.isf(SURE, own.sum() + 1, max(len(own) - own.sum(), 1e-9))
    chance = min(1.0, max(by_bank, MORE * 2 * count * come_back / size))
    surprise = count * stats.binom.sf(counts[first] - 1, distinct[first], chance)
    if counts[first] < LEAST_SHARE * distinct[first] or surprise > SURPRISE:
        return None
    in_first = np.isin(value, value[shared & (run == first)])
    others = np.bincount(run[in_first & (run != first)], minlength=count)
    second = int(np.argmax(others))
    return min(first, second), max(first, second), float(others[second] / distinct[first])


def _make_keys(x: Array) -> Array:
    """An integer for each draw of ``x[..., component]``: the bits of one number, or of two."""
    if x.dtype == np.float64 or x.shape[-1] == 1:
        unit = np.uint64 if x.dtype == np.float64 else np.uint32
        return np.ascontiguousarray(x[..., 0]).view(unit)
    one, other = (np.ascontiguousarray(x[..., i]).view(np.uint32) for i in range(2))
    return one.astype(np.uint64) << np.uint64(32) | other
