"""Sorted draws and their quantiles are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics import ordered_draws
from samplerbench.harness.statistics.ordered_draws import (
    each_ordered,
    interpolate_quantiles,
    make_quantile,
)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("draws", [1, 2, 7, 100])
def test_quantiles_of_ordered_draws_are_those_of_numpy(draws, size):
    x = np.random.default_rng(1).standard_normal((3, 2, draws, size)).astype(np.float32)
    probs = np.array([0.0, 0.025, 0.5, 0.9, 1.0])
    flat = x.reshape(3, -1, size).copy()
    for r, ordered in enumerate(each_ordered(x)):
        np.testing.assert_array_equal(ordered, np.sort(flat[r], axis=0).T)
        expected = np.quantile(flat[r].astype(np.float64), probs, axis=0)
        np.testing.assert_allclose(interpolate_quantiles(ordered, probs), expected, rtol=1e-12)
    assert (x.reshape(3, -1, size) == flat).all()  # the draws themselves stay as they are


def test_a_quantile_function_sorts_its_draws_once(monkeypatch):
    sorts = []
    monkeypatch.setattr(
        ordered_draws, "each_ordered", lambda x: (sorts.append(1), each_ordered(x))[1]
    )
    x = np.random.default_rng(2).standard_normal((500, 3))
    quantile = make_quantile(x)
    for probs in ([0.5], [0.025, 0.2, 0.975]):
        expected = np.quantile(x, probs, axis=0)
        np.testing.assert_allclose(quantile(np.array(probs)), expected, rtol=1e-12)
    assert len(sorts) == 1
