"""Diagnostics that need no exact answer find the draws that are bad."""

from __future__ import annotations

import numpy as np

from samplerbench.harness.statistics import ess_rhat, self_diagnostics
from tests.support.synthetic import Case, ar1, gaussian, iid

SD = np.array([1.0, 2.0])
MEAN = np.array([0.0, 5.0])


def gate(x: np.ndarray, **more) -> self_diagnostics.SelfDiagnostics:
    claims = ess_rhat.claims(x)
    return self_diagnostics.diagnose(claims, x.shape[1], claims.finite, claims.moves, **more)


def test_good_draws_pass_the_gates_and_bad_ones_say_why():
    exact, rng = gaussian(2), np.random.default_rng(10)
    x = iid(Case(replicates=6, draws=4000), exact, rng, chains=4)
    assert not gate(x).fails.any() and gate(x).reasons == {}
    x[1, 0] = x[1, 0, 0]
    x[2, 3, 5, 1] = np.nan
    x[3, 0] += 3 * exact.sd
    got = gate(x, divergences=np.array([0, 0, 0, 0, 2, 0]))
    assert got.fails.tolist() == [False, True, True, True, True, False]
    assert got.reasons["draws not finite"] == 1 and got.reasons["a chain never moves"] == 1
    assert got.reasons["divergences"] == 1 and got.reasons["R-hat above 1.01"] >= 2


def test_sticky_chains_fail_for_their_ess():
    x = ar1(Case(replicates=4, draws=500), gaussian(2), np.random.default_rng(11), 0.95)
    assert gate(x).reasons["bulk ESS below 100"] == 4


def test_nested_sampling_that_ran_out_of_samples_fails():
    good = np.ones((3, 2), dtype=bool)
    got = self_diagnostics.diagnose(None, 1, good, good, cut_short=np.array([0.0, 1.0, np.nan]))
    assert got.fails.tolist() == [False, True, False]
    assert got.reasons == {"stopped at max_samples": 1}


def test_silent_failures_are_wrong_and_unnoticed():
    est = np.array([[0.0, 5.0], [0.6, 5.0], [0.0, 7.0], [np.nan, 5.0]])
    is_wrong = self_diagnostics.find_wrong(est, MEAN, SD)
    assert is_wrong.tolist() == [False, True, True, False]
    fails = np.array([False, True, False, True])
    assert self_diagnostics.silent_failures(fails, is_wrong).value == 0.25
    assert self_diagnostics.failure_rate(is_wrong, np.isfinite(est)).value == 0.75
