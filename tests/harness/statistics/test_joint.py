"""Directions of the joint posterior see what marginals can't, and leave honest draws alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.components import component_draws
from samplerbench.harness.scoring.summarise_replicates import summarise
from samplerbench.harness.scoring.verdict import judge
from samplerbench.harness.statistics import joint
from samplerbench.models.base import Exact, build
from tests.support.campaign_kinds import shuffle, turn
from tests.support.summaries import summarise_whole
from tests.support.synthetic import Case, gaussian, iid


@pytest.mark.slow
@pytest.mark.parametrize("replicates", [32, 256])
@pytest.mark.parametrize("size", [2, 10])
def test_correlations_lost_or_turned_round_are_found_though_marginals_are_right(size, replicates):
    exact, rng = gaussian(size), np.random.default_rng(2)
    for draw in (shuffle, turn):
        flawed = draw(Case(replicates, 500, size), exact, rng)
        assert judge(summarise(flawed, exact)).verdict in ("honest", "undecided")
        assert judge(summarise_whole(flawed, exact)).verdict in ("biased", "broken")


def test_directions_are_uncorrelated_of_unit_variance_and_the_distance_is_theirs():
    exact = gaussian(4)
    directions = joint.find_directions(exact)
    x = iid(Case(1, 100_000, 4), exact, np.random.default_rng(3))
    along = directions.project(x)[0, 0]
    assert along.shape == (100_000, 5)
    np.testing.assert_allclose(np.cov(along[:, :4].T), np.eye(4), atol=0.02)  # 5 sd of 0.0045
    np.testing.assert_allclose(along[:, 4], np.linalg.norm(along[:, :4], axis=1))
    assert directions.exact.mean[4] == pytest.approx(along[:, 4].mean(), abs=0.02)


def test_many_parameters_have_the_directions_of_largest_and_smallest_variance():
    directions = joint.find_directions(gaussian(60))
    assert directions.matrix.shape == (60, joint.MOST)
    exact = gaussian(60)
    variances = np.linalg.eigvalsh(exact.covariance / np.outer(exact.sd, exact.sd))
    scales = np.linalg.norm(directions.matrix * exact.sd[:, None], axis=0)
    expected = 1 / np.sqrt(np.r_[variances[:10], variances[-10:]])
    np.testing.assert_allclose(np.sort(scales), np.sort(expected), rtol=1e-6)


def test_there_are_no_directions_where_they_would_tell_nothing():
    assert joint.find_directions(gaussian(1)) is None
    exact = gaussian(2)
    moments = Exact(exact.names, exact.mean, exact.covariance, None, None)
    assert joint.find_directions(moments) is None
    unsure = Exact(
        exact.names,
        exact.mean,
        exact.covariance,
        exact.quantile,
        exact.draw,
        mean_se=0.01 * exact.sd,
    )
    assert joint.find_directions(unsure) is None


def test_what_32_bits_can_not_hold_is_no_direction():
    # correlation 1 - 1e-13: the narrow direction is rounding alone
    sd, rho = np.ones(3), np.eye(3)
    rho[0, 1] = rho[1, 0] = 1 - 1e-13
    exact = Exact(
        ("a", "b", "c"),
        np.full(3, 10.0),
        rho,
        lambda p: np.tile(np.asarray(p)[:, None], 3),
        lambda rng, n: dict(zip("abc", rng.multivariate_normal(10 * sd, rho, n).T, strict=True)),
    )
    assert joint.find_directions(exact).matrix.shape == (3, 2)


@pytest.mark.parametrize("name", ["islands", "funnel", "banana"])
def test_the_log_density_is_judged_beside_the_distance_where_it_is_known(name):
    directions = joint.find_directions(build(name, {}).exact())
    assert directions.exact.names[-2:] == ("distance from the mean", "log density")


def test_draws_too_dense_are_found_by_their_log_density():
    exact = build("banana", {}).exact()
    u, w = iid_columns(exact, 256 * 400, np.random.default_rng(6)).T
    middle = 0.1 * (u * u - 100)
    x = np.stack([u, middle + 0.8 * (w - middle)], axis=1)  # too thin a banana
    assert "log density" in judge(summarise_whole(x.reshape(256, 1, 400, 2), exact)).reason


def test_what_is_constant_but_for_rounding_is_not_judged():
    # a uniform posterior: its log density is -log 3 each, whose sum rounds this way or that
    def log_density(x):
        return np.where((-1 < x) & (x < 2), -np.log(3.0), -np.inf).sum(axis=-1)

    exact = Exact(
        ("a", "b"),
        np.full(2, 0.5),
        0.75 * np.eye(2),
        lambda p: np.repeat(3 * np.asarray(p)[:, None] - 1, 2, axis=1),
        lambda rng, n: dict(zip("ab", rng.uniform(-1, 2, (2, n)), strict=True)),
        log_density=log_density,
    )
    assert joint.find_directions(exact).exact.names[-1] == "distance from the mean"
    x = np.random.default_rng(9).uniform(-1, 2, (256, 1, 400, 2))
    assert judge(summarise_whole(x, exact)).verdict == "honest"
    angle = np.random.default_rng(10).uniform(0, 2 * np.pi, 50_000)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    on_circle = replace(
        exact,
        mean=np.zeros(2),
        covariance=0.5 * np.eye(2),
        quantile=lambda p: np.repeat(-np.cos(np.pi * np.asarray(p))[:, None], 2, axis=1),
        draw=lambda rng, n: dict(zip("ab", circle[rng.integers(50_000, size=n)].T, strict=True)),
        log_density=None,
    )
    assert len(joint.find_directions(on_circle).exact.names) == 2  # no distance


def iid_columns(exact, count, rng):
    return component_draws(exact.draw(rng, count), exact.names, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "eight_schools", "islands", "funnel", "banana"])
def test_every_registered_model_has_directions_and_its_own_draws_are_not_accused(name):
    exact = build(name, {}).exact()
    sites = exact.draw(np.random.default_rng(5), 256 * 400)
    x = component_draws(sites, exact.names, 1).reshape(256, 1, 400, -1)
    got = judge(summarise_whole(x, exact))
    assert got.verdict in ("honest", "undecided"), got.reason


@pytest.mark.slow
def test_a_lost_correlation_far_from_zero_is_seen_in_64_bits():
    # 1e8 +- 1e-3: in 32 bits all draws are one number, in 64 there are 67,000 to an sd
    near = gaussian(2)
    exact = replace(
        near,
        mean=np.full(2, 1e8),
        covariance=1e-6 * near.covariance / np.outer(near.sd, near.sd),
        quantile=lambda p: 1e8 + 1e-3 * (near.quantile(p) - near.mean) / near.sd,
        draw=lambda rng, n: {"p": 1e8 + 1e-3 * (near.draw(rng, n)["p"] - near.mean) / near.sd},
    )
    x = iid(Case(256, 500, 2), exact, np.random.default_rng(7))
    assert joint.find_directions(exact) is None
    assert judge(summarise_whole(x, exact)).verdict == "honest"
    assert (
        judge(summarise_whole(np.random.default_rng(8).permuted(x, axis=2), exact)).verdict
        == "biased"
    )
