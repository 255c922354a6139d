"""Whether nested sampling's new points fell where they should: the insertion-index test.

Fowlie, Handley and Su (2020), MNRAS 497:5256: a point drawn from the prior above its birth contour
takes any rank among the points alive there with equal probability. Ranks that are not uniform show
that the constrained sampling is flawed, without an exact answer. With a number of live points that
varies, ``u = (rank + U) / (n_live + 1)`` with U uniform is exactly uniform under the null, and is
tested by Kolmogorov and Smirnov's test.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

Array = np.ndarray


def insertion_index(
    log_l: Array, log_l_birth: Array, rng: np.random.Generator
) -> tuple[float | None, int]:
    """p value of the insertion-index test, and the number of points it rests on.

    ``log_l[n]`` is the log-likelihood of each point and ``log_l_birth[n]`` the contour it was drawn
    above (-inf for draws from the whole prior). Points alive when i was born are the others born at
    or below its contour that died above it. Points drawn from the whole prior say nothing on
    constrained sampling and are not tested, nor are points on their contour: on a plateau, or where
    rounding makes one, a rank has no meaning.
    """
    log_l, birth = np.asarray(log_l, dtype=np.float64), np.asarray(log_l_birth, dtype=np.float64)
    known = np.isfinite(log_l) & ~np.isnan(birth)
    log_l, birth = log_l[known], birth[known]
    ranks, alive = insertion_ranks(log_l, birth)
    tested = np.isfinite(birth) & (alive > 0) & (log_l > birth)
    return insertion_index_p(ranks[tested], alive[tested], rng), int(tested.sum())


def insertion_index_p(ranks: Array, n_live: Array, rng: np.random.Generator) -> float | None:
    """p value of uniform ranks 0 to ``n_live``, the others alive at birth; both [point].

    None without points.
    """
    if len(ranks) == 0:
        return None
    u = (np.asarray(ranks) + rng.uniform(size=len(ranks))) / (np.asarray(n_live) + 1)
    return float(stats.kstest(u, "uniform").pvalue)


def insertion_ranks(log_l: Array, birth: Array) -> tuple[Array, Array]:
    """Rank of each point among the others alive at its birth, and how many those are; [point].

    Alive at birth of i: ``birth_j <= birth_i < log_l_j``. As ``birth_j < log_l_j`` always, the
    number is the count born by then less the count dead by then. The rank counts those with
    ``log_l_j < log_l_i``: all points below i that were born by then, less all dead by then. Those
    born by then are counted by a merge.
    """
    born = np.searchsorted(np.sort(birth), birth, side="right")
    dead = np.searchsorted(np.sort(log_l), birth, side="right")
    inside = (log_l > birth).astype(np.int64)  # the point itself, unless it sits on its contour
    return _born_below(log_l, birth) - dead, born - dead - inside


def _born_below(log_l: Array, birth: Array) -> Array:
    """For each i, how many j have ``birth_j <= birth_i`` and ``log_l_j < log_l_i``."""
    order = np.argsort(birth, kind="stable")
    value = np.searchsorted(np.unique(log_l), log_l)[order]
    before = _smaller_before(value)
    # Among equal births a later one counts for an earlier one too: add those below in the same
    # group.
    group = np.searchsorted(np.unique(birth), birth)[order]
    same = _below_in_group(group, value) - _smaller_before_in_group(group, value)
    result = np.empty(len(value), dtype=np.int64)
    result[order] = before + same
    return result


def _below_in_group(group: Array, value: Array) -> Array:
    """How many of the same group have a smaller value (groups are contiguous)."""
    order = np.lexsort((value, group))
    grouped, ordered = group[order], value[order]
    place = np.arange(len(value))
    fresh = np.r_[True, grouped[1:] != grouped[:-1]]
    tied = ~np.r_[True, (grouped[1:] != grouped[:-1]) | (ordered[1:] != ordered[:-1])]
    start = np.maximum.accumulate(np.where(fresh, place, 0))
    first = np.maximum.accumulate(np.where(tied, 0, place))
    result = np.empty(len(value), dtype=np.int64)
    result[order] = first - start
    return result


def _smaller_before_in_group(group: Array, value: Array) -> Array:
    # Earlier groups lifted above every value of this one leave only the group's own earlier
    # members.
    lifted = value + (group.max(initial=0) - group) * (value.max(initial=0) + 1)
    return _smaller_before(lifted)


def _smaller_before(value: Array) -> Array:
    """For each place, how many earlier ones hold a smaller value, by merging: O(n log^2 n)."""
    n = len(value)
    rank = np.searchsorted(np.unique(value), value)
    count = np.zeros(n, dtype=np.int64)
    place = np.arange(n)
    width = 1
    while width < n:
        block = place // (2 * width)
        right = (place // width) % 2 == 1
        key = block * (n + 1) + rank
        left_keys = np.sort(key[~right])
        upto = np.searchsorted(left_keys, key[right], side="left")
        count[right] += upto - np.searchsorted(left_keys, block[right] * (n + 1), side="left")
        width *= 2
    return count
