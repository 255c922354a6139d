"""Draws farther out than the exact posterior has them are found; exact ones never are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from samplerbench.harness.scoring.bias_tests import check_far_draws
from samplerbench.harness.scoring.far_draws import (
    FAR,
    find_far_ends,
    measure_far_share,
    tolerate_far_share,
)
from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.models.base import build
from tests.support.campaign_kinds import EXACT, FLAWED
from tests.support.synthetic import Case, iid, lognormal, rare_counts, standard


def test_what_is_tolerated_is_the_share_of_a_gaussian_too_wide():
    assert tolerate_far_share(0.0) == pytest.approx(2 * FAR)
    assert tolerate_far_share(0.06) == pytest.approx(4.5e-4, rel=0.01)
    assert 2 * special.ndtr(-3.719 / 1.06) == pytest.approx(tolerate_far_share(0.06), rel=1e-3)


def test_a_share_counts_what_lies_beyond_and_weighs_it():
    exact = standard(2)
    x = np.zeros((3, 1, 100, 2))
    x[1, 0, :5, 0], x[2, 0, 7, 1] = 4.0, -4.0
    expected = np.array([[0, 0], [0.05, 0], [0, 0.01]])
    np.testing.assert_allclose(measure_far_share(x, exact, None), expected)
    log_w = np.zeros((3, 1, 100))
    log_w[2, 0, 7], log_w[:, 0, 50:] = np.log(50), -np.inf  # 50 of the 99 that are left
    expected[2, 1], expected[1, 0] = 50 / 99, 0.1
    np.testing.assert_allclose(measure_far_share(x, exact, log_w), expected)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2])
def test_one_draw_in_a_thousand_five_sds_away_is_found(size):
    got = judge(FLAWED["far draws"].make(256, size, np.random.default_rng(size)))
    assert got.verdict == "biased"
    assert "beyond the exact 0.01 % and 99.99 % quantiles, not 0.02 %; 0.045 % are" in got.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", ["independent draws", "AR(1) 0.9", "weighted", "log-normal"])
def test_exact_draws_are_nowhere_near_what_is_tolerated(name):
    """Of 256,000 draws 51 lie beyond, and 115 are tolerated."""
    e = EXACT[name].make(256, 2, np.random.default_rng(3))
    far = [test.excess for test in check_far_draws(e)]
    assert len(far) == 2 and max(far) < 0.9


def test_few_runs_that_hold_all_that_is_far_out_are_no_bias():
    exact = standard(1)
    x = iid(Case(64, 500, 1), exact, np.random.default_rng(4))
    x[:2] += 6.0  # rare disasters, which are counted apart
    assert [test.excess < 1 for test in check_far_draws(summarise(x, exact))] == [True]


def test_answers_without_exact_tails_have_no_ends():
    exact = standard(1)
    assert find_far_ends(replace(exact, source="reference draws")) is None
    assert find_far_ends(replace(exact, quantile=None)) is None
    assert find_far_ends(standard(51)) is None
    assert np.isnan(find_far_ends(rare_counts(1))).all()  # all draws there are one number
    table = replace(exact, quantile=lambda p: exact.quantile(np.clip(p, 0.005, 0.995)))
    assert np.isnan(find_far_ends(table)).all()  # a table that ends at 0.5 %
    np.testing.assert_allclose(
        find_far_ends(lognormal(1))[:, 0], np.exp([-3.719, 3.719]), rtol=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "gaussian", "funnel", "islands", "shells", "banana"])
def test_exact_answers_of_models_have_ends_for_all_parameters(name):
    ends = find_far_ends(build(name, {}).exact())
    assert ends is not None and np.isfinite(ends).all() and (ends[0] < ends[1]).all()
