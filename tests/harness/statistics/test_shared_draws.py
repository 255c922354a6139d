"""Draws that runs have in common are found; equal numbers of few digits are not taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics.shared_draws import find_shared_draws
from tests.support.synthetic import Case, iid, rare_counts, standard

BANK = np.random.default_rng(1).standard_normal((2000, 2))


def draws(seed=2, runs=64, count=400, size=2):
    return np.random.default_rng(seed).standard_normal((runs, count, size))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2])
def test_a_quarter_of_the_draws_that_two_runs_share_is_found(kind, size):
    x = draws(size=size).astype(kind)
    assert find_shared_draws(x, BANK[:, :size]) is None
    x[40, 300:] = x[7, 100:200]  # in another place of the run
    first, second, share = find_shared_draws(x, BANK[:, :size])
    assert (first, second) == (7, 40) and share == pytest.approx(0.25, abs=0.01)


def test_a_chain_that_is_the_same_in_all_runs_is_found_and_they_are_not_judged():
    exact = standard(1)
    x = iid(Case(64, 400, 1), exact, np.random.default_rng(3), chains=4)
    x[:, 0] = x[0, 0]
    got = judge(summarise(x, exact))
    assert got.verdict == "not judged" and "0 and 1 share 25 % of the draws" in got.reason
    fewer = summarise(x, exact).select(np.arange(64) != 0)
    assert fewer.shared_draws is None  # one of the two that it names is left out


def test_numbers_of_few_digits_are_equal_by_chance():
    assert find_shared_draws(np.round(draws(), 1), np.round(BANK, 1)) is None
    x = draws(size=1).astype(np.float16).astype(np.float32)  # a bank of more digits shows none
    assert find_shared_draws(x, BANK[:, :1]) is None
    # as of JAX: normal numbers from 23 bits
    rng = np.random.default_rng(4)
    numbers = np.sort(rng.standard_normal(2**17)).astype(np.float32)
    x = rng.choice(numbers, size=(64, 400, 1))  # a fifth of each run is in others
    assert find_shared_draws(x, BANK[:, :1]) is None


def test_a_common_start_and_steps_that_are_refused_are_no_shared_draws():
    x = draws(runs=32, count=400)
    x[:, :60] = 0.5  # until the first step is taken
    x[:, 100:300] = x[:, 100:101]
    assert find_shared_draws(x, BANK) is None


def test_counts_and_chains_that_never_move_are_left_out():
    exact = rare_counts(2, 0.3)
    x = iid(Case(32, 400, 2), exact, np.random.default_rng(5))
    assert summarise(x, exact).shared_draws is None
    exact = standard(2)
    x = iid(Case(32, 400, 2), exact, np.random.default_rng(6))
    x[:4] = 0.0
    assert summarise(x, exact).shared_draws is None


def test_exact_draws_that_are_taken_from_the_same_few_are_no_shared_ones():
    few = np.random.default_rng(7).standard_normal((5000, 2))  # as of reference draws
    rng = np.random.default_rng(8)
    x = few[rng.integers(5000, size=(32, 400))]
    assert find_shared_draws(x, few[rng.integers(5000, size=2000)]) is None
