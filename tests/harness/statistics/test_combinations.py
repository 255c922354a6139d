"""Many correlations that are each too small to show add up in the sum of all parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.scoring.equivalence import find_open, list_limits
from samplerbench.harness.scoring.replicate_summary import ReplicateSummary
from samplerbench.harness.scoring.summarise_replicates import add_joint, summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics.combinations import find_combinations
from samplerbench.harness.statistics.joint import find_directions
from samplerbench.models.base import Exact
from tests.support.campaign_kinds import add_in_common
from tests.support.synthetic import Case, gaussian, iid, lognormal, standard


def judged(x, exact, log_w=None, ess=None) -> ReplicateSummary:
    return add_joint(summarise(x, exact, log_w, ess), x, exact, log_w, ess)


def tied_draws(size=20, rho=0.1, replicates=64, draws=100, seed=2):
    """Draws whose sum of all parameters has the variance ``1 + (size - 1) rho`` times right."""
    case, exact = Case(replicates, draws, size), standard(size)
    return add_in_common(rho)(case, exact, np.random.default_rng(seed)), exact


def test_a_sum_of_all_that_is_too_wide_is_found_where_no_two_parameters_show_it():
    x, exact = tied_draws()
    e = judged(x, exact)
    got = judge(e)
    # the sum's variance is 2.9 times the exact one; 32 runs of 100 draws know it to 3.5 %
    assert got.verdict == "biased" and got.value == pytest.approx(np.sqrt(2.9), rel=0.1)
    assert "and 17 more, each in its sd, in every other run, is 1." in got.reason
    assert judge(replace(e, combinations=None)).verdict != "biased"


def test_a_sum_of_all_that_is_too_narrow_is_found():
    x, exact = tied_draws(rho=0.0)
    x = x - 0.3 * x.mean(axis=-1, keepdims=True)  # each two correlate by -0.026 then
    e = judged(x, exact)
    assert e.combinations.values[:, 1][1::2].mean() == pytest.approx(0.49, abs=0.1)
    assert judge(e).verdict == "biased" and "each in its sd, in every other run" in judge(e).reason


def test_a_campaign_whose_sum_is_wrong_is_never_honest():
    x, exact = tied_draws(size=8, rho=0.025)
    e = judged(x, exact)
    # off by 17.5 %: above the margin of 12 % by 1.4 standard errors, which accuses nobody
    reasons = [limit.reason for limit in list_limits(e, 0, 64) if not limit.is_inside]
    assert any("each in its sd, is off by at most" in reason for reason in reasons)
    assert find_open(list_limits(e, 0, 64)) is not None


def test_weights_count():
    x, exact = tied_draws(rho=0.0)
    sums = x.sum(axis=-1) / np.sqrt(20)
    log_w = 0.25 * np.square(sums)  # as of a sum with a variance of 2
    log_w[:, :, -5:], x[:, :, -5:] = -np.inf, np.nan  # padding
    e = judged(x, exact, log_w, np.full(64, 50.0))
    assert e.combinations.values[1::2, 0].mean() == pytest.approx(1.8, abs=0.3)


@pytest.mark.parametrize("make", [standard, gaussian, lognormal])
def test_what_is_found_in_exact_draws_is_right_in_the_other_runs(make):
    exact = make(10)
    x = iid(Case(128, 100, 10), exact, np.random.default_rng(4))
    found = judged(x, exact).combinations
    values = found.values[1::2]
    error = np.hypot(values.std(axis=0, ddof=1) / 8, found.error)
    assert np.isnan(found.values[::2]).all() and not np.isnan(values).any()
    # two means of 64 runs, beyond six standard errors with t of 63 degrees: 2e-7
    assert np.all(np.abs(values.mean(axis=0) - 1) < 6 * error)


def test_two_parameters_and_those_of_a_constraint_have_no_combination():
    assert find_directions(standard(2)).combinations is None
    rng, names = np.random.default_rng(5), ("a", "b", "c")
    whole = rng.dirichlet(np.full(3, 1.5), 50_000)
    plain = whole.copy()
    plain[:, 2] = rng.permutation(plain[:, 2])
    pairs = find_directions(standard(3)).pairs
    pairs = replace(pairs, lo=np.zeros(3), hi=np.full(3, 0.9), mean=np.full(3, 1 / 3))
    assert find_combinations(names, replace(pairs, sd=whole.std(axis=0)), whole) is None
    assert find_combinations(names, replace(pairs, sd=plain.std(axis=0)), plain) is not None


def test_a_ground_truth_of_finitely_many_draws_has_none():
    exact = standard(4)
    inexact: Exact = replace(exact, mean_se=np.full(4, 0.004))
    assert find_directions(exact).combinations is not None
    assert find_directions(inexact).combinations is None


def test_a_run_that_is_not_finite_takes_no_part():
    x, exact = tied_draws(size=4, rho=0.5)
    x[0], x[1] = np.nan, np.nan
    found = judged(x, exact).combinations
    assert np.isnan(found.values[1]).all() and not np.isnan(found.values[3::2]).any()
    x[::2] = np.nan
    assert judged(x, exact).combinations is None
