"""Draws, quantiles, simulated data and modes of the models with exact answers; what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from samplerbench.errors import UsageError
from samplerbench.models import base, islands
from samplerbench.models.exact import normal_mixture
from tests.support.posteriors import (
    assert_even_ranks,
    assert_moments,
    assert_quantiles,
    build_with_answer,
    columns,
)

FAMILIES = (
    "gaussian",
    "line_nd",
    "islands",
    "funnel",
    "banana",
    "eight_schools",
    "rosenbrock",
    "heavy_tail",
    "hierarchical_binomial",
)
WITHOUT_SIMULATION = ("shells", "plateau", "spike_slab", "log_gamma", "eggbox")

# -- draws and quantiles ---------------------------------------------------------------------------

DRAWN = {
    "gaussian": {"dim": 3, "correlation": 0.9, "spread": 10.0},
    "line_nd": {"dim": 3},
    "islands": {"dim": 3, "modes": 4},
    "funnel": {"dim": 4, "scale": 1.0},  # at 3 the sample's own standard errors mean nothing
    "banana": {"dim": 3},
    "eight_schools": {},
    "rosenbrock": {},
    "heavy_tail": {},
    "hierarchical_binomial": {},
    "shells": {"dim": 3},
    "plateau": {"dim": 4},
    "spike_slab": {"dim": 3, "spike": 0.05},  # narrower, the slab's outliers are the variance
    "log_gamma": {"dim": 5},
    "eggbox": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_draws_have_the_exact_moments(name):
    _, exact = build_with_answer(name, **DRAWN[name])
    assert_moments(exact, columns(exact.draw(np.random.default_rng(5), 200_000), exact.names))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"), [*DRAWN.items(), ("funnel", {}), ("banana", {"curvature": 0.5})]
)
def test_draws_follow_the_exact_quantiles(name, options):
    _, exact = build_with_answer(name, **options)
    assert_quantiles(exact, columns(exact.draw(np.random.default_rng(6), 200_000), exact.names))


def test_a_mixtures_quantiles_invert_its_cdf():
    shares, means, sds = np.array([3.0, 1.0, 2.0]), np.array([-5.0, 0.0, 40.0]), [1.0, 0.01, 9.0]
    p = np.array([1e-6, 0.01, 0.3, 0.5, 0.6, 0.7, 0.99, 1 - 1e-6])
    x = normal_mixture.make_quantile(shares, means, np.array(sds))(p)
    cdf = (stats.norm(means, sds).cdf(x[:, None]) @ shares) / shares.sum()
    np.testing.assert_allclose(cdf, p, rtol=0, atol=1e-10)  # as the file claims


@pytest.mark.slow
def test_the_funnels_quantiles_agree_with_adaptive_quadrature():
    _, exact = build_with_answer("funnel", dim=2)
    wanted = np.array([0.001, 0.4, 0.9])
    for p, x in zip(wanted, exact.quantile(wanted)[:, 1], strict=True):

        def below(u, x=x):
            return stats.norm.pdf(u) * stats.norm.cdf(x * math.exp(-1.5 * u))

        found, _ = integrate.quad(below, -12, 12, epsabs=1e-12, limit=200)
        assert found == pytest.approx(p, rel=0, abs=1e-9)


def test_the_centred_and_the_other_form_have_one_answer():
    for name in ("funnel", "eight_schools"):
        _, one = build_with_answer(name, centred=True)
        _, other = build_with_answer(name, centred=False)
        assert one.names == other.names and np.array_equal(one.covariance, other.covariance)


# -- simulated data --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"), [*((name, {}) for name in FAMILIES), ("linear", {"n_points": 3})]
)
def test_truth_ranks_evenly_among_draws_given_data_simulated_from_it(name, options):
    assert_even_ranks(base.build(name, options))


@pytest.mark.parametrize(
    "name", [*FAMILIES, *WITHOUT_SIMULATION, "stochastic_volatility", "item_response"]
)
def test_data_repeat_from_build_to_build(name):
    first, again = base.build(name, {}).data, base.build(name, {}).data
    assert first.keys() == again.keys()
    assert all(first[key].tobytes() == again[key].tobytes() for key in first)


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("islands", {}),
        ("islands", {"dim": 1, "separation": 4.0, "ratio": 1.0, "modes": 5}),
        ("shells", {}),
        ("log_gamma", {}),
        ("eggbox", {}),
    ],
)
def test_draws_share_out_among_the_modes_by_their_exact_weights(name, options):
    _, exact = build_with_answer(name, **options)
    assert exact.mode_weights.sum() == pytest.approx(1, abs=1e-14)
    count = 400_000
    x = columns(exact.draw(np.random.default_rng(7), count), exact.names)
    found = np.bincount(exact.mode_of(x), minlength=len(exact.mode_weights)) / count
    errors = np.sqrt(exact.mode_weights * (1 - exact.mode_weights) / count)
    assert np.all(np.abs(found - exact.mode_weights) < 5 * errors)


def test_a_draw_belongs_to_the_nearest_island():
    options = islands.Options(dim=3, modes=4)
    model, exact = build_with_answer("islands", dim=3, modes=4)
    centres = 100 / 101 * (model.data["y"] - islands.offsets(options))
    x = 15 * np.random.default_rng(8).standard_normal((50, 2, 3))
    nearest = np.square(x[..., None, :] - centres).sum(axis=-1).argmin(axis=-1)
    assert np.array_equal(exact.mode_of(x), nearest)


def test_the_weights_asked_for_are_those_at_the_default_data():
    for prior_sd in (3.0, 10.0, 1000.0):
        _, exact = build_with_answer("islands", prior_sd=prior_sd, separation=12.0, ratio=4.0)
        # what crosses a border 6 sds away is 1e-9
        np.testing.assert_allclose(exact.mode_weights, np.array([16, 4, 1]) / 21, atol=1e-8)


# -- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("linear", {"n_points": 0}, "n_points=0 .*\n.*expected: a whole number from 1"),
        ("linear", {"data_seed": -1}, "data_seed=-1 .*\n.*expected: .* from 0 to 4,294,967,295"),
        ("linear", {"noise": 0.0}, "noise=0.0 .*\n.*expected: a number from 1e-6 to 1e6"),
        ("linear", {"noise": math.nan}, "noise=nan"),
        ("linear", {"m_low": 5.0}, "m_low, m_high=.*\n.*expected: m_low below m_high"),
        ("linear", {"c_high": math.inf}, "c_high=inf .*\n.*expected: a number from -1e12 to 1e12"),
        ("linear", {"c_low": math.nan}, "c_low=nan"),
        ("linear", {"m_low": 2.0, "m_high": 2.0 + 1e-12}, "m_low, m_high=.*\n.*apart by 1e-9"),
        ("gaussian", {"dim": 0}, "dim=0 .*\n.*expected: a whole number from 1 to 4,096"),
        ("gaussian", {"correlation": 1.0}, "correlation=1.0 .*\n.*from -0.999 to 0.999"),
        ("gaussian", {"correlation": math.nan}, "correlation=nan"),
        ("gaussian", {"spread": 0.5}, "spread=0.5"),
        ("line_nd", {"n_points": 0}, "n_points=0"),
        ("line_nd", {"dim": 5000}, "dim=5000"),
        ("line_nd", {"form": "square"}, "form='square' .*\n.*expected: auto, points, reduced"),
        ("line_nd", {"n_points": 10**6, "dim": 1000, "form": "points"}, "up to 50,000,000; form="),
        ("line_nd", {"data_seed": -1}, "data_seed=-1"),
        ("islands", {"modes": 1}, "modes=1 .*\n.*expected: a whole number from 2"),
        ("islands", {"separation": 1.0}, "separation=1.0"),
        ("islands", {"separation": 1000.0, "prior_sd": 1.0}, "within 30 prior sds"),
        ("funnel", {"dim": 1}, "dim=1"),
        ("funnel", {"scale": 9.0}, "scale=9.0 .*\n.*expected: a number from 0.1 to 4"),
        ("banana", {"curvature": -1.0}, "curvature=-1.0"),
        ("banana", {"curvature": 2.0}, "curvature=2.0 .*\n.*up to 50"),
        ("eight_schools", {"centred": 2}, "centred=2"),
        ("shells", {"dim": 1}, "dim=1"),
        ("shells", {"separation": 4.0}, "separation=4.0 .*\n.*shells apart and within the box"),
        ("shells", {"radius": 3.0, "width": 0.2}, "radius=3.0 .*\n.*up to 2, for two shells"),
        ("plateau", {"box": 5.0}, "box=5.0 .*\n.*all that matters"),
        ("spike_slab", {"spike": 0.5}, "spike=0.5"),
        ("log_gamma", {"dim": 1}, "dim=1"),
        ("rosenbrock", {"width": 0.0}, "width=0.0"),
        ("heavy_tail", {"n_points": 9}, "n_points=9"),
        ("hierarchical_binomial", {"groups": 0}, "groups=0"),
        ("stochastic_volatility", {"n_points": 1}, "n_points=1"),
        ("item_response", {"persons": 1}, "persons=1"),
    ],
)
def test_options_that_make_no_problem_are_refused(name, options, message):
    with pytest.raises(UsageError, match=message):
        base.build(name, options)
