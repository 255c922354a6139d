"""Autocorrelation times: of known chains, and the same by sums as by a transform."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics import autocorrelation


def chains(rho: float, draws: int) -> np.ndarray:
    """Autoregressions less their means, [series, chain, draw]."""
    x = np.random.default_rng(5).standard_normal((3, 2, draws))
    for t in range(1, draws):
        x[..., t] += rho * x[..., t - 1]
    return x - x.mean(axis=2, keepdims=True)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.6])
def test_the_time_of_an_autoregression_is_the_known_one(rho):
    # standard error sqrt(2 (2 m + 1) / n) of tau, cut at lag m below 20 (Sokal 1997, section 3)
    tau = autocorrelation.sum_correlations(chains(rho, 20_000), np.zeros(3))
    assert tau == pytest.approx((1 + rho) / (1 - rho), rel=6 * np.sqrt(2 * 41 / 40_000))


def test_sums_over_few_lags_are_those_of_the_transform(monkeypatch):
    rest, between = chains(0.6, 500), np.full(3, 0.01)
    by_sums = autocorrelation.sum_correlations(rest, between)
    monkeypatch.setattr(autocorrelation, "MOST_LAGS", 0)
    np.testing.assert_allclose(autocorrelation.sum_correlations(rest, between), by_sums)
