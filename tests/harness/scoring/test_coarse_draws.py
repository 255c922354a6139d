"""Counts are judged by their own shares; numbers that 32 bits can't hold are not judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring import summarise_replicates
from samplerbench.harness.scoring.draw_shares import compute_exact_shares, measure_spacing
from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.models.base import Exact
from tests.support.synthetic import Case, far_from_zero, gaussian, iid, rare_counts


def counts(rate: float) -> Exact:
    law = stats.poisson(rate)
    return Exact(
        ("n",),
        np.array([rate]),
        np.array([[rate]]),
        lambda p: law.ppf(np.asarray(p))[:, None],
        lambda rng, count: {"n": rng.poisson(rate, count).astype(float)},
    )


@pytest.mark.parametrize("rate", [2.0, 50.0])
def test_exact_draws_of_counts_are_no_flaw_and_shifted_ones_are(rate):
    exact, rng = counts(rate), np.random.default_rng(1)
    x = exact.draw(rng, 256 * 1000)["n"].reshape(256, 1, 1000, 1).astype(np.float32)
    summary = summarise(x, exact)
    law = stats.poisson(rate)
    middle = law.ppf(0.5)
    assert summary.below_exact[0] == pytest.approx(law.cdf(middle), abs=0.01)
    assert judge(summary).verdict == "honest"
    assert judge(summarise(x + np.float32(0.2 * np.sqrt(rate)), exact)).verdict == "biased"


def clipped(at: float) -> Exact:
    """A standard normal with all that lies below ``at`` put there."""
    below, density = stats.norm.cdf(at), stats.norm.pdf(at)
    mean = at * below + density
    square = at**2 * below + 1 - below + at * density
    return Exact(
        ("c",),
        np.array([mean]),
        np.array([[square - mean**2]]),
        lambda p: np.maximum(stats.norm.ppf(np.asarray(p)), at)[:, None],
        lambda rng, count: {"c": np.maximum(rng.standard_normal(count), at)},
    )


# 1.2 % and 3 % of the draws, and more than half of them at a number that 32 bits round upwards
@pytest.mark.parametrize("at", [stats.norm.ppf(0.012), stats.norm.ppf(0.03), 0.1])
def test_equal_draws_that_are_a_quantile_count_whole_at_either_precision(at):
    exact, rng = clipped(at), np.random.default_rng(5)
    x = exact.draw(rng, 256 * 1000)["c"].reshape(256, 1, 1000, 1)
    for draws in (x, x.astype(np.float32)):
        summary = summarise(draws, exact)
        for name, share in (("below_median", "below_exact"), ("most", "most_exact")):
            truth = getattr(summary, share)[0]
            error = np.sqrt(truth * (1 - truth) / x.size)
            assert abs(getattr(summary, name).mean() - truth) < 6 * error
        assert judge(summary).verdict == "honest"
    assert judge(summarise(np.maximum(1.2 * x, at), exact)).verdict == "biased"


def test_shares_of_counts_are_known_closer_than_long_runs_tell():
    law, shares = stats.poisson(5), compute_exact_shares(counts(5.0))
    assert abs(shares["below_exact"][0] - law.cdf(5)) < 1e-5
    assert abs(shares["half_exact"][0] - (law.cdf(6) - law.cdf(2))) < 1e-5


def test_shares_of_continuous_draws_are_what_their_quantiles_say():
    exact = gaussian(2)
    summary = summarise(iid(Case(replicates=16, draws=100), exact, np.random.default_rng(2)), exact)
    assert (summary.below_exact == 0.5).all() and (summary.half_exact == 0.5).all()
    assert np.allclose(summary.ninety_exact, 0.9) and np.allclose(summary.most_exact, 0.98)


@pytest.mark.parametrize(("mean", "sd"), [(1e6, 0.1), (1.0, 1e-8)])
def test_what_32_bits_cannot_hold_is_not_judged_and_64_bits_are(mean, sd):
    exact = gaussian(1)
    shifted = replace(
        exact,
        mean=np.array([mean]),
        covariance=np.array([[sd**2]]),
        quantile=lambda p: mean + sd * stats.norm.ppf(np.asarray(p))[:, None],
        draw=lambda rng, n: {"p": mean + sd * rng.standard_normal((n, 1))},
    )
    x = iid(Case(replicates=256, draws=500, size=1), shifted, np.random.default_rng(3))
    found = judge(summarise(x.astype(np.float32), shifted))
    assert found.verdict == "not judged" and "precision can't hold 'p[0]'" in found.reason
    assert judge(summarise(x, shifted)).verdict == "honest"


def round_to(x, step):
    return (np.round(x / step) * step).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "verdict"), [(20, "honest"), (5, "not judged")])
def test_draws_that_a_file_holds_in_few_digits_count_for_what_was_rounded(steps, verdict):
    exact = gaussian(1)
    x = iid(Case(replicates=256, draws=4000, size=1), exact, np.random.default_rng(6))
    summary = summarise(round_to(x, exact.sd[0] / steps), exact)
    assert summary.spacing == pytest.approx(1 / steps, rel=1e-3)
    assert judge(summary).verdict == verdict
    shifted = summarise(round_to(x + 0.2 * exact.sd, exact.sd[0] / 20), exact)
    assert judge(shifted).verdict == "biased"


def test_digits_are_seen_in_sums_and_where_they_are_significant_ones_and_not_in_other_draws():
    rng = np.random.default_rng(7)

    def measure(x, places, sd):
        at, one = np.array(places)[:, None], np.ones(1)
        return measure_spacing(x, at, sd * one, np.zeros(1, dtype=bool))[:, 0]

    x = 30 + 20 * rng.standard_normal((16, 1, 400, 1))
    assert measure(x, [30.0], 20) < 1e-14
    tens = 10.0 ** (np.floor(np.log10(np.abs(x))) - 1)
    few = np.round(x / tens) * tens  # two significant digits
    assert measure(few, [5.0, 50.0], 20) == pytest.approx([0.1, 1.0])
    sums = (round_to(x, 2.0) / 7 + round_to(rng.permutation(x), 2.0) / 7).astype(np.float32)
    assert measure(sums, [1.0], 4) == pytest.approx([2 / 7], rel=1e-3)
    stuck = np.repeat(x[:, :, :1], 400, axis=2)[:6]  # few values, and no digits
    assert measure(stuck, [30.0], 20) < 1e-14


@pytest.mark.slow
@pytest.mark.parametrize("chains", [1, 4])
def test_indicators_that_a_chain_can_miss_are_no_flaw_and_a_stuck_chain_is(chains):
    exact = rare_counts(1)
    case = Case(replicates=256, draws=1000, size=1)
    x = iid(case, exact, np.random.default_rng(1), chains)
    summary = summarise(x, exact)
    # of 1000 draws none is one with 4e-5, of 250 with 8 %
    assert summary.may_rest.all() and (~summary.moves).any() == (chains == 4)
    assert not summary.mean_tame.any()  # its claims are those of too few events
    assert judge(summary).verdict == "honest"
    assert judge(summarise(np.zeros_like(x), exact)).verdict not in ("honest", "undecided")
    long = np.repeat(x, 8, axis=2)  # of 2000 and more it would be once in 5e8
    assert not summarise(long, exact).may_rest.any()


@pytest.mark.slow
@pytest.mark.parametrize("is_weighted", [False, True])
def test_shares_of_what_was_rounded_are_those_of_what_it_was(is_weighted):
    # 4000 draws with 16 numbers to an sd: shares at the cuts would be off by half a cell, 1 % of
    # the draws, where their errors are 0.8 %
    exact = far_from_zero(2)
    x = iid(Case(replicates=256, draws=4000), exact, np.random.default_rng(2))
    weights = {"log_w": np.zeros(x.shape[:3]), "ess": np.full(256, 4000.0)} if is_weighted else {}
    rounded = summarise(x.astype(np.float32), exact, **weights)
    assert rounded.spacing.max() == pytest.approx(0.061, abs=0.001)
    assert judge(rounded).verdict == "honest"
    plain = summarise(x, exact, **weights)
    for name in ("below_median", "half", "ninety", "most"):
        off = getattr(rounded, name) - getattr(plain, name)
        # each draw near a cut differs by part of a cell: five standard errors of 256 runs
        assert abs(off.mean(axis=0)).max() < 5 * off.std(axis=0).max() / 16


def test_moments_without_standard_errors_neither_clear_nor_convict():
    exact = gaussian(2)
    x = iid(Case(replicates=256, draws=500), exact, np.random.default_rng(4))
    moments = replace(exact, quantile=None, draw=None, log_evidence=None)
    unknown = replace(moments, error_unknown=True)
    off = replace(unknown, mean=exact.mean + 0.2 * exact.sd)
    assert judge(summarise(x, moments)).verdict == "honest"
    agrees = judge(summarise(x, unknown))
    assert agrees.verdict == "agrees" and "NAME_mean_se" in agrees.reason
    differs = judge(summarise(x, off))
    assert differs.verdict == "no exact answer"
    assert "reference moments, whose own errors are not known" in differs.reason


def test_a_parameter_whose_runs_claim_nothing_is_compared_as_the_others_are():
    law = stats.gamma(0.5)  # skewed: of four draws a mean has no normal errors, of 1024 it has
    exact = Exact(
        ("a", "b"),
        np.full(2, law.mean()),
        law.var() * np.eye(2),
        lambda p: np.stack([law.ppf(p)] * 2, axis=-1),
        lambda rng, n: {name: law.rvs(n, random_state=rng) for name in "ab"},
    )
    se = np.full((256, 2), 1 / 32)
    for claimed, tame in (
        (se, True),
        (np.where([True, False], se, np.nan), True),
        (16 * se, False),
    ):
        found = summarise_replicates._independent_scores(
            exact, 0 * se + 1, claimed, np.zeros(2, bool)
        )
        assert found["mean_tame"].tolist() == [tame, tame]
