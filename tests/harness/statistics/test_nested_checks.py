"""Runs of nested sampling fail for what their points show, and right runs pass."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.statistics.nested_checks import check_nested
from samplerbench.harness.statistics.self_diagnostics import (
    diagnose,
    find_wrong_log_z,
    find_wrong_width,
)
from tests.support.synthetic import nested_run

LIVE, STEPS = 50, 600


def stats_of(runs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    log_l, birth = (np.stack(each)[:, None] for each in zip(*runs, strict=True))
    return {"log_l": log_l, "log_l_birth": birth}


def test_right_runs_pass_and_each_flaw_has_its_reason():
    rng = np.random.default_rng(1)
    runs = [nested_run(rng, LIVE, STEPS) for _ in range(6)]
    runs[1] = nested_run(rng, LIVE, STEPS, flaw=0.9)
    runs[2][0][:40] = runs[2][0].min()  # a floor under the likelihood
    stats, good = stats_of(runs), np.ones((6, 2), dtype=bool)
    log_w = np.zeros((6, 1, LIVE + STEPS))
    checks = check_nested(stats, log_w, np.array([100.0, 100, 100, 20, 100, np.nan]))
    found = diagnose(None, 1, good, good, nested=checks)
    assert found.fails.tolist() == [False, True, True, True, False, False]
    assert found.reasons["ESS below 25"] == 1
    assert found.reasons["more than 1 % of the points on one likelihood"] == 1
    assert found.reasons["insertion p below 0.001"] >= 1


def test_weights_without_contours_tell_nothing():
    checks = check_nested({"log_l": np.zeros((2, 1, 9))}, np.zeros((2, 1, 9)), None)
    assert all(np.isnan(each).all() for each in (checks.ess, checks.insertion_p, checks.ties))
    assert not any(test.any() for test in checks.list_tests().values())


def test_widths_and_evidence_that_mislead_are_found():
    sd, tame = np.array([1.0, 2.0]), np.array([True, False])
    hats = np.array([[1.0, 2.0], [1.6, 2.0], [0.6, 2.0], [1.0, 9.0]])
    assert find_wrong_width(hats, sd, tame).tolist() == [False, True, True, False]
    log_z, error = np.array([-5.0, -3.5, -3.5, np.nan]), np.array([0.1, 0.1, 0.9, 0.1])
    assert find_wrong_log_z(log_z, error, -5.0).tolist() == [False, True, False, False]
