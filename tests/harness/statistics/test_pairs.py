"""Sums and differences of two parameters show a correlation that no direction shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.scoring.calibration_tests import pair_z
from samplerbench.harness.scoring.equivalence import find_open, list_limits
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics.pairs import MOST, find_pairs
from tests.support.campaign_kinds import correlate_two
from tests.support.summaries import summarise_whole
from tests.support.synthetic import Case, gaussian, iid, lognormal, rare_counts, standard


def bank(exact, seed=1):
    return exact.draw(np.random.default_rng(seed), 50_000)["p"]


@pytest.mark.parametrize("size", [2, 5, 20])
def test_a_correlation_that_the_draws_invent_is_found_however_many_others_are_right(size):
    exact, case = standard(size), Case(64, 400, size)
    e = summarise_whole(correlate_two(0.5)(case, exact, np.random.default_rng(2)), exact)
    got = judge(e)
    # variances of 1.5 and 0.5 times the exact ones, known to 400 draws of 64 runs: 1 %
    assert got.verdict == "biased" and "'p[0]' - 'p[1]', each in its sd, is 0.7" in got.reason
    if size > 2:
        rest = replace(e, pairs=None, curves=None, combinations=None)
        assert judge(rest).verdict == "undecided"  # nothing else sees it


def test_weighted_draws_have_pairs_too():
    exact, rng = standard(5), np.random.default_rng(3)
    x = correlate_two(0.5)(Case(64, 400, 5), exact, rng)
    log_w = 0.5 * rng.standard_normal(x.shape[:3])
    e = summarise_whole(x, exact, log_w, np.full(64, 300.0))
    assert "each in its sd" in judge(e).reason
    assert np.abs(e.pairs.values.mean(axis=0) - 1).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("make", [standard, gaussian, lognormal])
def test_variances_of_exact_draws_are_right_on_average_and_so_is_their_error(make):
    exact = make(6)
    pairs = find_pairs(exact.names, bank(exact))
    others = exact.draw(np.random.default_rng(4), 50_000)["p"]
    values = pairs.measure(others[None, None], None).values[0]
    # both banks have an error; 30 numbers beyond 6 standard errors: 6e-8
    assert np.all(np.abs(values - 1) < 6 * np.sqrt(2) * pairs.error)
    assert np.all(pairs.error < 0.02)


def test_a_pair_at_the_margin_is_neither_accused_nor_honest():
    exact, case = standard(3), Case(256, 50, 3)  # 1.17 times the claimed error of a variance, 20 %
    e = summarise_whole(correlate_two(0.12)(case, exact, np.random.default_rng(5)), exact)
    assert judge(e).verdict == "undecided"
    assert "each in its sd" in find_open(list_limits(e, 0, 256)).reason


@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_correlation_that_is_off_either_way_in_every_run_shows_in_the_claims(is_weighted):
    exact, case, rng = standard(3), Case(64, 500, 3), np.random.default_rng(8)
    both = [correlate_two(rho)(case, exact, rng) for rho in (0.3, -0.3)]
    x = np.where(
        np.arange(64)[:, None, None, None] // 2 % 2, *both
    )  # so in either half of the runs
    weights = (np.zeros(x.shape[:3]), np.full(64, 500.0)) if is_weighted else (None, None)
    # 0.3 is 4.7 claimed errors of a variance, sqrt(2 / 500): an rms of 4.8, known to 9 %
    found = judge(summarise_whole(x, exact, *weights))
    assert found.verdict == "overconfident" and "variance of 'p[0]'" in found.reason
    honest = summarise_whole(iid(case, exact, rng), exact, *weights)
    for _, z in pair_z(honest.pairs):
        # the largest of six rms of 64 normal numbers: above 1.5 with 5e-8 each
        assert np.sqrt(np.square(z).mean()) < 1.5


def test_a_narrow_difference_is_judged_by_its_own_width():
    # correlation 0.999 made 0.998: twice the variance of the difference, and nothing else
    covariance = np.array([[1.0, 0.999], [0.999, 1.0]])
    rng = np.random.default_rng(6)
    x, y = (rng.multivariate_normal(np.zeros(2), c, 50_000) for c in (covariance, covariance))
    pairs = find_pairs(("a", "b"), x)
    assert pairs.measure(y[None, None], None).values[0] == pytest.approx([1, 1], abs=0.06)
    y[:, 1] += np.sqrt(0.002) * rng.standard_normal(50_000)
    assert pairs.measure(y[None, None], None).values[0] == pytest.approx([1, 2], abs=0.1)


def test_constraints_and_what_is_nearly_always_the_same_have_no_pairs():
    x = np.random.default_rng(7).standard_normal((50_000, 2))
    equal = np.column_stack([x[:, 0], x[:, 0] + 1e-5 * x[:, 1]])
    assert find_pairs(("a", "b"), equal).labels == ("'a' + 'b'",)
    assert find_pairs(("a", "b"), x, rounding=2.0) is None
    counts = bank(rare_counts(2, 0.001))
    assert find_pairs(("a", "b"), counts) is None


def test_tails_decide_nothing_and_of_very_many_parameters_the_ends_are_paired():
    cauchy = np.random.default_rng(8).standard_cauchy((50_000, 2))
    pairs = find_pairs(("a", "b"), cauchy)
    more = np.random.default_rng(9).standard_cauchy((50_000, 2))
    assert pairs.measure(more[None, None], None).values[0] == pytest.approx([1, 1], abs=0.15)
    many = np.random.default_rng(10).standard_normal((200, MOST + 20))
    names = tuple(f"x{i}" for i in range(MOST + 20))
    assert len(find_pairs(names, many).labels) == MOST * (MOST - 1)
    assert find_pairs(names, many).labels[-1] == f"'x{MOST + 18}' - 'x{MOST + 19}'"
