"""The same run twice is found, and its mirror image; independent runs never are."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics.duplicates import find_duplicates

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


def test_runs_that_never_move_or_are_not_finite_do_not_count():
    _, est, sd = moments(np.random.default_rng(2))
    est[:20], sd[:20] = 1.0, 0.0
    est[20:40] = np.nan
    assert find_duplicates(est, sd, MEAN, SCALE) is None
