"""What backends share: the likelihood on the cube, chains of a log density."""

from __future__ import annotations

import types
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from samplerbench.models.base import Model
from samplerbench.samplers import dynesty_dynamic
from samplerbench.samplers.base import Budget
from samplerbench.samplers.support import dynesty_runs, walkers
from samplerbench.samplers.support.blackjax_steps import draw_steps
from samplerbench.samplers.support.cube_likelihood import (
    CubeLikelihood,
    evaluate_padded,
    make_cube_likelihood,
)
from samplerbench.samplers.support.density_chains import prepare_density_chains

POINT = np.array([0.7])


def two_sites(y):
    import numpyro
    import numpyro.distributions as dist

    width = numpyro.sample("width", dist.LogNormal(0, 0.5))
    centre = numpyro.sample("centre", dist.Normal(0, width))
    numpyro.sample("y", dist.Normal(centre, 1), obs=y)


MODEL = Model("two_sites", {"y": POINT}, two_sites)


def test_points_are_padded_to_few_widths_and_come_back_as_many():
    widths = []

    def function(points):
        widths.append(len(points))
        return points.sum(axis=1)

    for count in (1, 16, 17, 100):
        points = np.arange(2.0 * count).reshape(count, 2)
        np.testing.assert_array_equal(evaluate_padded(function, points), points.sum(axis=1))
    assert widths == [16, 16, 32, 128]


@pytest.mark.slow
def test_the_cube_gives_one_point_and_many_the_likelihood_where_they_are_placed():
    cube = make_cube_likelihood(MODEL)
    points = np.random.default_rng(0).random((20, cube.dim))
    sites = cube.place(points)
    np.testing.assert_allclose(
        sites["width"], stats.lognorm.ppf(points[:, 0], 0.5), rtol=1e-4, atol=1e-5
    )
    wanted = stats.norm.logpdf(POINT[0], sites["centre"], 1)
    np.testing.assert_allclose(cube.evaluate_many(points), wanted, rtol=1e-4, atol=1e-5)
    assert cube.evaluate(points[3]) == pytest.approx(wanted[3], rel=1e-4)
    assert np.isfinite(cube.evaluate(np.zeros(2))) and np.isfinite(cube.evaluate(np.ones(2)))


@pytest.mark.slow
def test_dynestys_results_are_weighted_draws_and_a_limit_is_said():
    cube = make_cube_likelihood(MODEL)
    results = types.SimpleNamespace(
        samples=np.full((5, 2), 0.5),
        logwt=np.log([1.0, 1.0, 1.0, 1.0, 1e-300]),
        logz=np.array([-9.0, -3.0]),
        logzerr=np.array([1.0, 0.25]),
    )
    limited, unlimited = (
        types.SimpleNamespace(maxcall=most, simulations=None) for most in (100, None)
    )
    sampler = types.SimpleNamespace(results=results, ncall=100)
    draws = dynesty_runs.read_draws(cube, sampler, limited, 0)
    assert (draws.log_z, draws.log_z_err, draws.likelihoods, draws.ess) == (-3.0, 0.25, 100, 4.0)
    assert draws.cut_short and "maxcall" in draws.termination
    assert draws.sites["centre"].shape == draws.log_weights.shape == (1, 5)
    assert not dynesty_runs.read_draws(cube, sampler, unlimited, 0).cut_short


@pytest.mark.slow
def test_dynesty_counts_all_evaluations_of_a_dynamic_run(monkeypatch):
    calls = 0

    def evaluate(cube):
        nonlocal calls
        calls += 1
        return -50 * float(np.square(cube - 0.5).sum())

    plain = CubeLikelihood(2, evaluate, np.asarray, lambda points: {"x": points})
    monkeypatch.setattr(dynesty_dynamic, "make_cube_likelihood", lambda model: plain)
    settings = dynesty_dynamic.Settings(nlive=40, n_effective=200, simulations=None)
    draws = dynesty_dynamic.prepare(MODEL, Budget(), settings).plain(0)
    assert draws.likelihoods == calls


@pytest.mark.slow
def test_chains_of_a_log_density_start_apart_and_their_costs_are_summed():
    def warm(key, log_density, start):
        return (start, log_density(start)), 3

    def draw(carry, log_density):
        import jax.numpy as jnp

        start, value = carry
        return jnp.tile(start, (4, 1)), {"lp": jnp.full(4, value)}, 5

    ready = prepare_density_chains(warm, draw, MODEL, Budget(2, 1, 4), "it", "sequential")
    compiled = ready.compile()
    draws = compiled.collect(compiled.sample(compiled.warmup(1)))
    assert draws.gradients == 2 * (3 + 5) and draws.accept_prob is None
    assert draws.sites["centre"].shape == draws.stats["lp"].shape == (2, 4)
    assert draws.sites["centre"][0, 0] != draws.sites["centre"][1, 0]
    width, centre = (draws.sites[name][0, 0] for name in ("width", "centre"))
    wanted = stats.norm.logpdf(np.log(width), 0, 0.5) + stats.norm.logpdf(centre, 0, width)
    wanted += stats.norm.logpdf(POINT[0], centre, 1)
    assert draws.stats["lp"][0, 0] == pytest.approx(wanted, rel=1e-4)
    np.testing.assert_array_equal(ready.plain(1).sites["centre"], draws.sites["centre"])
    again = ready.compile_for_data().with_data(MODEL.data)
    moved = again.collect(again.sample(again.warmup(1)))
    np.testing.assert_allclose(moved.sites["centre"], draws.sites["centre"], rtol=1e-5)


def test_walkers_are_two_a_parameter_at_least():
    assert walkers.count_walkers(None, 2, "line") == walkers.LEAST
    assert walkers.count_walkers(None, 50, "wide") == 100
    assert walkers.count_walkers(7, 3, "line") == 7
    with pytest.raises(ValueError, match=r"5 walkers are too few(.|\n)*walkers=6 at least"):
        walkers.count_walkers(5, 3, "line")


def test_paths_of_walkers_follow_one_another():
    paths = np.arange(24).reshape(3, 4, 2)  # [walker, step, component]
    merged = walkers.merge_paths(paths, 10)
    np.testing.assert_array_equal(merged, paths.reshape(12, 2)[:10])


@pytest.mark.slow
def test_steps_of_a_kernel_become_positions_statistics_and_their_cost():
    import jax

    class Kernel:
        """One that counts: each step adds one, and takes two steps of an integrator."""

        def step(self, key, state):
            position = state.position + 1
            info = SimpleNamespace(
                acceptance_rate=0.5, is_divergent=False, num_integration_steps=jax.numpy.int32(2)
            )
            return State(position, -position.sum()), info

    start = State(np.zeros(2, np.float32), np.float32(0))
    u, stats, steps = draw_steps(Kernel(), jax.random.PRNGKey(0), start, 5)
    np.testing.assert_array_equal(u[:, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(stats["lp"], [-2, -4, -6, -8, -10])
    assert steps == 10


class State(NamedTuple):
    """The state of a kernel of BlackJAX's, in part."""

    position: np.ndarray
    logdensity: np.ndarray
