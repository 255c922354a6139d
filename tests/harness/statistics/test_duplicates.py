"""Runs that come twice, mirrored or in succession are found; independent runs never are."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics.duplicates import find_duplicates, find_succession

MEAN, SCALE = np.array([1.0, -2.0, 30.0]), np.array([0.1, 3.0, 1.0])


def moments(rng, count=256, draws=200):
    x = (MEAN + SCALE * rng.standard_normal((count, draws, 3))).astype(np.float32)
    return x, x.mean(axis=1, dtype=np.float64), x.std(axis=1, dtype=np.float64)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_run_and_its_copy_or_mirror_image_are_found(mirror):
    x, _, _ = moments(np.random.default_rng(1))
    x[200] = 2 * MEAN - x[31] if mirror else x[31]
    est, sd = x.mean(axis=1, dtype=np.float64), x.std(axis=1, dtype=np.float64)
    assert find_duplicates(est, sd, MEAN, SCALE) == (31, 200)


def test_independent_runs_are_no_duplicates_in_one_dimension_either():
    # 256 runs are 32,640 pairs; means and sds of each agree to 6 digits with some 1e-9
    for seed in range(20):
        _, est, sd = moments(np.random.default_rng(seed))
        assert find_duplicates(est, sd, MEAN, SCALE) is None
        assert find_duplicates(est[:, :1], sd[:, :1], MEAN[:1], SCALE[:1]) is None


def test_an_exact_sd_that_no_run_comes_near_makes_no_duplicates():
    # as quadrature gives it where tails have no variance: 1e8 times the runs' own
    x, est, sd = moments(np.random.default_rng(6))
    assert find_duplicates(est, sd, MEAN, 1e8 * SCALE) is None
    est[9], sd[9] = est[3], sd[3]
    assert find_duplicates(est, sd, MEAN, 1e8 * SCALE) == (3, 9)


def test_antithetic_runs_whose_means_are_all_the_exact_one_are_not_taken_for_one():
    # means of zero and an sd with a spread of 0.03: 0.8 pairs of 256 agree in 6 digits by chance
    for seed in range(20):
        rng = np.random.default_rng(seed)
        half = rng.standard_normal((256, 500, 1))
        x = np.stack([half, -half], axis=2).reshape(256, 1000, 1)
        est, sd = x.mean(axis=1), x.std(axis=1)
        est[:] = 0.0
        assert find_duplicates(est, sd, np.zeros(1), np.ones(1)) is None
    x[200] = x[31]
    assert find_duplicates(est, x.std(axis=1), np.zeros(1), np.ones(1)) == (31, 200)


def test_runs_of_very_many_draws_are_not_taken_for_one():
    rng = np.random.default_rng(7)  # ESS of ten million: 0.06 pairs of 256 by chance in each
    for _ in range(300):
        est, sd = 3e-4 * rng.standard_normal((256, 1)), 1 + 2e-4 * rng.standard_normal((256, 1))
        assert find_duplicates(est, sd, np.zeros(1), np.ones(1)) is None


def test_runs_that_never_move_or_are_not_finite_do_not_count():
    _, est, sd = moments(np.random.default_rng(2))
    est[:20], sd[:20] = 1.0, 0.0
    est[20:40] = np.nan
    assert find_duplicates(est, sd, MEAN, SCALE) is None


@pytest.mark.parametrize("runs", [2, 4])  # that share half of their draws, or a quarter each
def test_runs_that_share_draws_with_the_run_before_are_found(runs):
    # means of 512 runs have a correlation of 1 / 2 or 3 / 4: 11 standard errors, and 5.2 are asked
    noise = np.random.default_rng(3).standard_normal((20, 512 + runs, 3))
    est = MEAN + SCALE * sum(noise[:, i : 512 + i] for i in range(runs))
    est[:, 5] = np.nan
    assert all(find_succession(one) is not None for one in est)
    assert all(find_succession(one) is None for one in noise)


@pytest.mark.parametrize("apart", [2, 40, 128])  # 3 of 4 chains are those of the run so far before
def test_runs_that_share_chains_with_an_earlier_run_are_found(apart):
    noise = np.random.default_rng(5).standard_normal((256 + 3 * apart, 3))
    est = MEAN + SCALE * sum(noise[i * apart :][:256] for i in range(4))
    component, lag, correlation = find_succession(est)
    assert lag == apart and 0.5 < correlation < 0.95 and component in range(3)
    assert find_succession(noise[:256]) is None


def test_two_runs_and_none_have_no_succession():
    assert find_succession(np.ones((2, 3))) is None
    assert find_succession(np.empty((0, 3))) is None


def test_heavy_tails_and_estimates_that_are_all_alike_are_no_succession():
    rng = np.random.default_rng(4)
    assert all(find_succession(rng.standard_cauchy((256, 50))) is None for _ in range(50))
    assert find_succession(np.ones((64, 2))) is None
    assert find_succession(np.full((64, 2), np.nan)) is None
