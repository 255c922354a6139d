"""The exponent of paired runs: what it covers, and how wide it is."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics.power_law import BETWEEN_PROCESSES, fit_paired, fit_slopes


def test_a_slope_is_of_each_process_that_has_a_number_at_every_size():
    slopes = fit_slopes((10, 100, 1000), [(1.0, 10.0, 100.0), (1.0, None, 4.0), (1.0, 1.0, 1.0)])
    assert slopes == pytest.approx([1.0, 0.0])


@pytest.mark.slow
@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_the_interval_of_paired_runs_holds_the_exponent_as_often_as_it_says(exponent):
    rng = np.random.default_rng(3)
    sizes, hits, many = (4000, 32000), 0, 400
    for _ in range(many):
        process = np.exp(BETWEEN_PROCESSES * rng.standard_normal((2, 1)))
        runs = np.exp(0.1 * rng.standard_normal((2, 4))) * process
        fit = fit_paired(sizes, list(runs * np.array(sizes)[:, None] ** exponent))
        hits += fit.lo <= exponent <= fit.hi
    # 95 % of 400 are 380, give or take 4.4; it may hold more, not less
    assert hits >= 380 - 4 * 4.4


def test_one_run_has_no_interval():
    assert "fewer than 2 runs" in fit_paired((1, 2), [[1.0], [2.0]]).reason
