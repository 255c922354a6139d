"""Moments, quantiles and the ESS of weighted draws are right on known cases."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics import wasserstein, weighted
from tests.support.synthetic import Case, gaussian, iid


def test_weighted_moments_and_ess_equal_hand_computation():
    x = np.array([[[[0.0], [1.0], [4.0], [np.nan]]]])
    log_w = np.log(
        np.array([[[1.0, 2.0, 1.0, 0.0]]]),
        where=np.array([[[True] * 3 + [False]]]),
        out=np.full((1, 1, 4), -np.inf),
    )
    mean, sd = weighted.weighted_moments(x, log_w - 700)  # a constant in the log weights is nothing
    assert mean[0, 0] == pytest.approx(1.5)
    assert sd[0, 0] == pytest.approx(np.sqrt((2.25 + 2 * 0.25 + 6.25) / 4))
    assert weighted.kish_ess(log_w)[0] == pytest.approx(16 / 6)
    q = weighted.weighted_quantiles(x, log_w, np.array([0.0, 0.25, 0.26, 0.75, 0.76, 1.0]))
    assert q[:, 0, 0].tolist() == [0.0, 0.0, 1.0, 1.0, 4.0, 4.0]


def test_equal_weights_are_no_weights():
    exact = gaussian(3)
    x = iid(Case(replicates=4, draws=500, size=3), exact, np.random.default_rng(6), chains=2)
    log_w = np.full(x.shape[:3], 3.0)
    mean, sd = weighted.weighted_moments(x, log_w)
    np.testing.assert_allclose(mean, x.mean(axis=(1, 2)))
    np.testing.assert_allclose(sd, x.std(axis=(1, 2)))
    np.testing.assert_allclose(weighted.kish_ess(log_w), 500)
    np.testing.assert_allclose(
        wasserstein.w1(x, exact, log_w), wasserstein.w1(x, exact), rtol=0.02
    )  # two mid-point rules, on 2000 and on 500 points


def test_no_weight_at_all_gives_nan():
    log_w = np.full((1, 1, 3), -np.inf)
    x = np.ones((1, 1, 3, 2))
    assert np.isnan(weighted.weighted_moments(x, log_w)[0]).all()
    assert np.isnan(weighted.kish_ess(log_w)).all()
    assert np.isnan(weighted.weighted_quantiles(x, log_w, np.array([0.5]))).all()
