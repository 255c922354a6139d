"""Products of squares show what ties two parameters that have no correlation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics.curves import find_curves
from samplerbench.harness.statistics.pairs import find_pairs
from samplerbench.models.base import Exact
from tests.support.campaign_kinds import curved, straighten
from tests.support.summaries import summarise_whole
from tests.support.synthetic import Case, iid, standard


@pytest.mark.parametrize("curvature", [1.0, 0.3])
def test_a_curve_that_the_draws_lose_is_found_among_many_parameters(curvature):
    exact = curved(10, curvature)
    e = summarise_whole(straighten(Case(64, 400, 10), exact, np.random.default_rng(2)), exact)
    got = judge(e)
    assert got.verdict == "biased" and "'p[0]' squared with 'p[1]'" in got.reason
    assert judge(replace(e, curves=None)).verdict == "undecided"  # nothing else sees it


def test_a_width_that_depends_on_another_parameter_is_found_where_the_draws_lose_it():
    def draw(rng, n):
        x = rng.standard_normal((n, 12))
        x[:, 1:3] *= np.exp(0.5 * x[:, :1])
        return {"p": x}

    drawn = draw(np.random.default_rng(3), 400_000)["p"]
    plain, covariance = standard(12), np.diag(drawn.var(axis=0))
    exact = Exact(plain.names, plain.mean, covariance, lambda p: np.quantile(drawn, p, 0), draw)
    x = iid(Case(64, 400, 12), exact, np.random.default_rng(4))
    assert judge(summarise_whole(x, exact)).verdict == "undecided"
    x[..., 1:3] = np.roll(x[..., 1:3], 1, axis=2)  # of the draw before
    got = judge(summarise_whole(x, exact))
    assert got.verdict == "biased" and "squared with 'p[0]' is off by" in got.reason


def test_weighted_draws_have_curves_too():
    exact, rng = curved(10), np.random.default_rng(6)
    x = straighten(Case(64, 800, 10), exact, rng)
    log_w = np.where(np.arange(800) < 400, 0.0, -np.inf) + np.zeros(x.shape[:3])
    x[:, :, 400:] = np.nan  # padding
    got = judge(summarise_whole(x, exact, log_w, np.full(64, 400.0)))
    assert got.verdict == "biased" and "squared with" in got.reason


def test_products_have_the_errors_of_the_draws_that_they_are_known_from():
    exact = curved(3)
    pairs = [exact.draw(np.random.default_rng(seed), 50_000)["p"] for seed in range(2)]
    one, other = (find_curves(exact.names, find_pairs(exact.names, x), x) for x in pairs)
    assert one.labels == other.labels and len(one.labels) == 6 + 3
    assert (np.abs(one.exact - other.exact) < 6 * np.hypot(one.error, other.error)).all()


def test_the_square_of_a_fair_coin_goes_with_nothing():
    x = np.random.default_rng(7).integers(0, 2, (50_000, 2)).astype(float)
    x[::2] = 1 - x[1::2]  # exactly half
    curves = find_curves(("a", "b"), find_pairs(("a", "b"), x), x)
    assert not curves.exact.any() and not curves.error.any()
