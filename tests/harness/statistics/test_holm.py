"""Holm's correction, on p values whose decisions are known, and against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics.holm import holm_rejections


def test_the_first_p_value_that_fails_spares_all_larger_ones():
    assert holm_rejections([0.04, 0.001, 0.03], 0.05) == [False, True, False]
    assert holm_rejections([0.02, 0.001, 0.016], 0.05) == [True, True, True]
    assert holm_rejections([], 0.05) == []


def test_nan_is_never_rejected_and_counts_for_nothing():
    nan = float("nan")
    assert holm_rejections([nan], 0.05) == [False]
    for p in ([0.04, 0.001, 0.03], [0.02, 0.001, 0.016]):
        for at in range(4):
            rejected = holm_rejections([*p[:at], nan, *p[at:]], 0.05)
            assert rejected.pop(at) is False and rejected == holm_rejections(p, 0.05)


@pytest.mark.slow
def test_decisions_are_those_of_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(5)
    for _ in range(50):
        p = rng.uniform(size=rng.integers(1, 12)) ** 3
        assert holm_rejections(p, 0.05) == list(multitest.multipletests(p, 0.05, "holm")[0])
