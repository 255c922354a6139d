"""Counts are judged by their own shares; numbers that 32 bits can't hold are not judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.scoring.replicate_summary import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.models.base import Exact
from tests.support.synthetic import Case, gaussian, iid


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
