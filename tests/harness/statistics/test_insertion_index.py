"""The insertion index of nested sampling is uniform for a perfect sampler alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.statistics import insertion_index
from tests.support.synthetic import nested_run


def test_insertion_ranks_equal_direct_counting():
    rng = np.random.default_rng(12)
    for decimals in (1, 2, 9):  # with and without ties
        log_l = np.round(rng.uniform(size=200), decimals)
        birth = np.where(
            rng.uniform(size=200) < 0.2,
            -np.inf,
            np.round(log_l * rng.uniform(size=200), decimals) - 0.1,
        )
        alive = (
            (birth[None] <= birth[:, None])
            & (birth[:, None] < log_l[None])
            & ~np.eye(200, dtype=bool)
        )
        ranks, n_live = insertion_index.insertion_ranks(log_l, birth)
        np.testing.assert_array_equal(n_live, alive.sum(axis=1))
        np.testing.assert_array_equal(ranks, (alive & (log_l[None] < log_l[:, None])).sum(axis=1))


@pytest.mark.slow
def test_insertion_p_is_uniform_for_a_perfect_nested_sampler():
    rng = np.random.default_rng(13)
    p = [insertion_index.insertion_index(*nested_run(rng, 30, 300), rng)[0] for _ in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 1e-6


def test_insertion_p_finds_a_flawed_nested_sampler():
    rng = np.random.default_rng(14)
    p, count = insertion_index.insertion_index(*nested_run(rng, 50, 1000, flaw=0.5), rng)
    assert p < 1e-6 and count == 1000


def test_insertion_index_of_nothing_has_no_p():
    rng = np.random.default_rng(15)
    assert insertion_index.insertion_index(np.empty(0), np.empty(0), rng) == (None, 0)
    assert insertion_index.insertion_index(np.ones(1), np.full(1, -np.inf), rng) == (None, 0)


def test_a_varying_number_of_live_points_gives_uniform_ranks():
    # Two runs merged: fifty live points while both go on, then as many as the longer one has.
    rng = np.random.default_rng(16)
    runs = [nested_run(rng, live, 1500) for live in (20, 30)]
    log_l, birth = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    p, count = insertion_index.insertion_index(log_l, birth, rng)
    assert p > 1e-6 and count == 3000


def test_points_on_their_own_contour_are_left_out():
    rng = np.random.default_rng(17)
    log_l, birth = nested_run(rng, 20, 300)
    birth[-1] = log_l[-1]
    assert insertion_index.insertion_index(log_l, birth, rng)[1] == 299
