"""Nested R-hat is what its authors define, near 1 where starts are forgotten, and far where not."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.statistics import ess_rhat, self_diagnostics
from samplerbench.harness.statistics.nested_rhat import nested_rhat

GROUPS, EACH, DRAWS = 16, 64, 5


def make_chains(start: float, draws: int = DRAWS) -> np.ndarray:
    """Exact draws [replicate, chain, draw, component], each superchain ``start`` sds elsewhere."""
    rng = np.random.default_rng(20261127)
    x = rng.normal(size=(3, GROUPS, EACH, draws, 2))
    x += start * rng.normal(size=(3, GROUPS, 1, 1, 2))
    return x.reshape(3, GROUPS * EACH, draws, 2)


def define(x: np.ndarray) -> float:
    """The definition, of x[superchain, chain, draw], in loops."""
    means = [np.mean([np.mean(chain) for chain in group]) for group in x]
    within = [
        np.var([np.mean(chain) for chain in group], ddof=1)
        + np.mean([np.var(chain, ddof=1) for chain in group])
        for group in x
    ]
    return np.sqrt(1 + np.var(means, ddof=1) / np.mean(within))


def test_it_is_what_its_authors_define():
    x = make_chains(0.3)
    found = nested_rhat(x, GROUPS)
    for replicate in range(3):
        for at in range(2):
            one = x[replicate, :, :, at].reshape(GROUPS, EACH, DRAWS)
            assert found[replicate, at] == pytest.approx(define(one), rel=1e-12)


@pytest.mark.parametrize("draws", [1, DRAWS])
def test_chains_that_forgot_their_starts_are_near_one_and_others_are_not(draws):
    # between superchains the variance is 1 / (64 draws) of one draw's, and 15 degrees of freedom
    # leave less than four times of it but once in a million: sqrt(1 + 4 / 64) at one draw
    assert nested_rhat(make_chains(0.0, draws), GROUPS).max() < 1.032
    assert nested_rhat(make_chains(3.0, draws), GROUPS).min() > 1.1


def test_what_has_no_nested_rhat_is_nan_and_groups_of_unlike_sizes_are_refused():
    x = make_chains(0.0)
    assert np.isnan(nested_rhat(x, 1)).all()
    assert np.isnan(nested_rhat(np.zeros_like(x), GROUPS)).all()
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(nested_rhat(x, GROUPS)[0, 0]) and np.isfinite(nested_rhat(x, GROUPS)[1:]).all()
    with pytest.raises(ValueError, match="1024 chains make no 5 superchains"):
        nested_rhat(x, 5)


@pytest.mark.parametrize(("start", "passes"), [(0.0, True), (1.0, False)])
def test_many_short_chains_pass_by_nested_rhat_where_rhat_could_not(start, passes):
    x = make_chains(start, draws=20)
    claims, moves = ess_rhat.claims(x), np.ones((3, 2), dtype=bool)
    alone = self_diagnostics.diagnose(claims, GROUPS * EACH, moves, moves)
    assert alone.fails.all()  # 1024 chains of 20 draws have no 100 effective ones each
    nested = self_diagnostics.diagnose(
        claims, GROUPS * EACH, moves, moves, nested_rhat=nested_rhat(x, GROUPS)
    )
    assert (~nested.fails).all() == passes
    assert ("nested R-hat above 1.01" in nested.reasons) != passes
