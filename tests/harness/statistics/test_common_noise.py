"""Runs that move by the same random numbers are found; independent ones never are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics.common_noise import _compare, find_common_noise
from tests.support.synthetic import Case, iid, standard

LIMIT = np.sqrt(2 * np.log(64 * 63 / 1e-6))  # sds of one component of 64 runs: 6.67


def draws(seed=1, runs=64, chains=1, count=1000, size=1):
    return np.random.default_rng(seed).standard_normal((runs, chains, count, size))


def correlate(x: np.ndarray, rho: float) -> np.ndarray:
    """Gaussian chains with that autocorrelation, from independent draws."""
    x[:, :, 1:] *= np.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], x, axis=2)


@pytest.mark.parametrize("chains", [1, 4])
@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.5])
def test_two_runs_that_share_half_of_their_noise_are_found(chains, rho):
    x = draws(chains=chains)
    x[40] = np.sqrt(0.5) * (x[40] + x[7])
    x = correlate(x, rho)
    first, second, correlation = find_common_noise(x)
    # 500 draws of the last halves, worth 300 where they are correlated: three errors are 0.13
    assert (first, second) == (7, 40) and correlation == pytest.approx(np.sqrt(0.5), abs=0.13)
    assert find_common_noise(np.delete(x, 40, axis=0)) is None


def test_a_mirror_image_goes_the_other_way():
    x = draws(size=2)
    x[3, ..., 1] = 0.01 * x[3, ..., 1] - x[60, ..., 1]
    assert find_common_noise(x) == (3, 60, pytest.approx(-1.0, abs=1e-3))


@pytest.mark.parametrize("kind", ["normal", "slow", "wave", "cauchy", "counts"])
def test_independent_runs_stay_below_what_the_bound_allows(kind):
    worst = 0.0
    for seed in range(10):
        x = draws(seed, chains=2)
        if kind == "slow":
            x = correlate(x, 0.99)
        elif kind == "wave":
            x = correlate(x, -0.99)
        elif kind == "cauchy":
            x = x / draws(100 + seed, chains=2)
        elif kind == "counts":
            x = np.where(x > 2, 1.0, 0.0)
        worst = max(worst, _compare(x[..., 0])[0])
    # of 10 campaigns the largest of 2016 pairs each: 4.0 for normal sums, 5.2 by the bound
    assert worst < 5.2


@pytest.mark.parametrize("copies", [2, 8])
def test_chains_of_one_seed_are_no_more_of_a_run_than_one_of_them(copies):
    """The same noise eight times over would be sqrt(8) times its sds: 4.0 would be 11."""
    x = np.repeat(draws(runs=256, count=50), copies, axis=1)
    assert find_common_noise(x) is None
    x = np.repeat(draws(), copies, axis=1)
    x[40] = np.sqrt(0.5) * (x[40] + x[7])
    assert find_common_noise(x)[:2] == (7, 40)


def test_what_all_runs_have_in_common_besides_noise_is_none():
    x = draws(chains=4, count=400)
    place = np.arange(400)
    assert find_common_noise(x + 30 * np.exp(-place / 20)[:, None]) is None  # one starting point
    assert find_common_noise(x + 0.02 * place[:, None]) is None  # draws in order
    stuck = x.copy()
    stuck[:9, :, 300:] = 3.0
    assert find_common_noise(stuck) is None
    assert find_common_noise(np.zeros((8, 1, 400, 1))) is None


def test_a_short_run_or_a_single_one_shows_nothing():
    x = draws(count=80)
    x[1] = x[0]
    assert find_common_noise(x) is None  # a correlation of 1 is sqrt(40) sds
    assert _compare(x[:, :, 40:, 0])[0] < LIMIT
    assert find_common_noise(x[:1]) is None and find_common_noise(x[:, :, :3]) is None


@pytest.mark.parametrize("stay", [200, 400, 800])
def test_chains_that_hardly_ever_move_go_together_by_chance_alone(stay):
    """Two short visits at one place make two runs alike in all coefficients."""
    rng = np.random.default_rng(stay)
    for _ in range(4):
        visit = np.cumsum(rng.uniform(size=(256, 1, 1000)) < 1 / stay, axis=2)
        places = rng.standard_normal((256, 1, 1001))
        x = np.take_along_axis(places, visit, axis=2)[..., None]
        assert find_common_noise(x) is None


def test_chains_that_hardly_ever_move_are_judged_by_that():
    rng, exact = np.random.default_rng(3), standard(1)
    visit = np.cumsum(rng.uniform(size=(256, 1, 1000)) < 1 / 400, axis=2)
    x = np.take_along_axis(iid(Case(256, 1001, 1), exact, rng)[..., 0], visit, axis=2)[..., None]
    assert judge(summarise(x, exact)).verdict == "broken"


@pytest.mark.parametrize("noise", [1e-5, 1e-2])
def test_few_seeds_whose_runs_differ_by_a_little_are_not_judged(noise):
    rng, exact = np.random.default_rng(5), standard(2)
    few = iid(Case(12, 1000, 2), exact, rng)
    x = few[rng.integers(12, size=64)]
    got = judge(summarise(x + noise * rng.standard_normal(x.shape), exact))
    assert got.verdict == "not judged"
    if noise == 1e-2:
        assert "go together, place by place (correlation 1.00)" in got.reason


def test_the_two_that_are_named_are_those_that_are_left():
    exact = standard(1)
    x = iid(Case(32, 1000, 1), exact, np.random.default_rng(6))
    x[9] += x[4]
    whole = summarise(x, exact)
    assert whole.common_noise[:2] == (4, 9)
    kept = np.arange(32) != 2
    assert whole.select(kept).common_noise[:2] == (3, 8)
    assert whole.select(np.arange(32) != 4).common_noise is None
    assert "draws of 4 and 9 go together" in judge(whole).reason
    weights = np.zeros(x.shape[:3])
    assert summarise(x, exact, log_w=weights, ess=np.full(32, 1000.0)).common_noise is None
