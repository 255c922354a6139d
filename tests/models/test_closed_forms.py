"""Closed forms and tables behind the models' exact answers, each against another way to it."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from scipy import stats

from samplerbench.models import eight_schools, gaussian, hierarchical_binomial
from samplerbench.models.base import build, models
from samplerbench.models.exact import (
    density_on_line,
    multivariate_normal,
    rejection,
    rotation,
    tabulated_cdf,
)

PROBABILITIES = np.array([0.001, 0.1, 0.5, 0.7, 0.999])


@pytest.mark.parametrize("name", models.names())
def test_a_model_is_registered_under_its_files_name_with_its_options(name):
    family, module = models.get(name), importlib.import_module(f"samplerbench.models.{name}")
    assert (family.options, family.build) == (module.Options, module.build)


def test_a_multivariate_normals_draws_and_quantiles_are_its_own():
    mean, covariance = np.array([1.0, -2.0, 0.0]), np.diag([1.0, 4.0, 9.0]) + 0.5
    exact = multivariate_normal.make_exact("x", mean, covariance, -1.5)
    assert exact.names == ("x[0]", "x[1]", "x[2]") and exact.log_evidence == -1.5
    expected = stats.norm(mean, np.sqrt(np.diag(covariance))).ppf(PROBABILITIES[:, None])
    assert np.allclose(exact.quantile(PROBABILITIES), expected)
    draws = exact.draw(np.random.default_rng(0), 100_000)["x"]
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)) / 100_000)
    assert np.all(np.abs(np.cov(draws.T) - covariance) < 8 * scale)
    assert np.allclose(draws.mean(axis=0), mean, atol=0.05)


def test_a_density_on_a_line_has_its_mass_moments_and_quantiles():
    line = density_on_line.integrate(lambda x: (2.0 - 0.5 * x * x, -x), -9.0, 9.0, 180)
    assert line.log_mass == pytest.approx(2.0 + 0.5 * math.log(2 * math.pi), abs=1e-13)
    assert line.expect([line.nodes, line.nodes**2]) == pytest.approx([0.0, 1.0], abs=1e-13)
    assert line.quantile(PROBABILITIES) == pytest.approx(stats.norm.ppf(PROBABILITIES), abs=1e-8)


def test_rejection_asks_for_what_is_missing_until_there_is_enough():
    sizes = []

    def propose(missing):
        sizes.append(missing)
        return np.full((4, 2), len(sizes))

    rows = rejection.collect(propose, 10)
    assert sizes == [10, 6, 2] and rows.shape == (10, 2)
    assert rows[:, 0].tolist() == [1] * 4 + [2] * 4 + [3] * 2


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3, 20])
def test_a_normal_is_a_radius_and_a_direction(dim):
    normal = rotation.integrate(lambda r: (-0.5 * r * r, -r), dim, 0.0, 15.0, 1.0)
    assert normal.log_mass == pytest.approx(dim / 2 * math.log(2 * math.pi), abs=1e-11)
    assert normal.variance == pytest.approx(1.0, abs=1e-11)
    quantiles = tabulated_cdf.invert(normal.marginal, PROBABILITIES)
    assert quantiles == pytest.approx(stats.norm.ppf(PROBABILITIES), abs=1e-7)
    draws = normal.draw(np.random.default_rng(0), 100_000)
    assert np.abs(np.cov(draws.T) - np.eye(dim)).max() < 8 / math.sqrt(100_000)


def normal_table(cells_per_sd):
    width = 1 / cells_per_sd
    edges = width * np.arange(-8 * cells_per_sd, 8 * cells_per_sd + 1)
    density = stats.norm.pdf(edges)
    return tabulated_cdf.tabulate(edges, width, stats.norm.cdf(edges), density, -edges * density)


def test_a_tabulated_cdf_errs_as_little_as_it_states_and_less_in_finer_cells():
    errors = {}
    for cells in (5, 10):
        table = normal_table(cells)
        middles = table.edges[:-1] + table.width / 2
        errors[cells] = np.abs(
            tabulated_cdf.evaluate_middles(table) - stats.norm.cdf(middles)
        ).max()
    assert errors[10] < 1e-10 and errors[5] / errors[10] == pytest.approx(2**6, rel=0.2)


def test_a_tabulated_cdf_is_inverted_and_its_ends_are_those_of_the_table():
    table = normal_table(10)
    quantiles = tabulated_cdf.invert(table, PROBABILITIES)
    assert np.allclose(stats.norm.cdf(quantiles), PROBABILITIES, atol=1e-9)
    assert tabulated_cdf.invert(table, [0.0, 1.0]) == pytest.approx([-8.0, 8.0], abs=0.5)


def test_the_gaussians_errors_have_the_covariance_of_an_autoregression():
    options = gaussian.Options(dim=3, correlation=-0.6)
    root = np.stack([gaussian.errors(options, unit) for unit in np.eye(3)])  # errors = noise @ root
    powers = np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    assert np.allclose(root.T @ root, (-0.6) ** powers)


def test_eight_schools_tied_together_have_the_mean_of_one_normal():
    model = build("eight_schools", {})
    posterior = eight_schools.condition(
        np.array([-30.0]), model.data
    )  # tau = 1e-13: no differences
    weights = 1 / model.data["sigma"] ** 2
    precision = weights.sum() + 1 / eight_schools.MU_SD**2
    mean = (weights * model.data["y"]).sum() / precision
    assert posterior.mean[0] == pytest.approx(np.full(9, mean))
    assert posterior.mu_variance[0] == pytest.approx(1 / precision)


def test_eight_schools_slope_is_the_derivative_of_the_density():
    data = build("eight_schools", {}).data
    t, step = np.array([-2.0, 0.0, 1.0, 3.0]), 1e-5
    low, high = (eight_schools.condition(t + sign * step, data).log_density for sign in (-1, 1))
    assert (high - low) / (2 * step) == pytest.approx(
        eight_schools.condition(t, data).slope, rel=1e-6
    )


@pytest.mark.parametrize("dim", [2, 100, 200])
@pytest.mark.parametrize("name", ["plateau", "shells"])
def test_what_the_volume_moves_out_in_many_dimensions_is_part_of_the_answer(name, dim):
    exact = build(name, {"dim": dim} if name == "plateau" else {"dim": dim, "radius": 0.5}).exact()
    r = np.linspace(1e-9, 20.0, 200_001)
    z = np.maximum(r - 3.0, 0) / 0.5 if name == "plateau" else (r - 0.5) / 0.1
    log_mass = -0.5 * z * z + (dim - 1) * np.log(r)
    mass = np.exp(log_mass - log_mass.max())
    log_z = log_mass.max() + math.log(mass.sum() * (r[1] - r[0]))
    log_z += math.log(2) + dim / 2 * math.log(math.pi) - math.lgamma(dim / 2)  # of the sphere
    if name == "plateau":
        log_z -= dim * math.log(20.0)
    else:
        log_z += math.log(2) - math.log(math.sqrt(2 * math.pi) * 0.1) - dim * math.log(12.0)
    assert exact.log_evidence == pytest.approx(log_z, abs=1e-8)
    assert exact.covariance[1, 1] == pytest.approx(mass @ r**2 / mass.sum() / dim, rel=1e-8)


@pytest.mark.parametrize("groups", [1, 30, 100])
def test_a_posterior_that_many_groups_make_narrow_is_integrated_on_nodes_as_near(groups):
    model = build("hierarchical_binomial", {"groups": groups})
    counts, exact = hierarchical_binomial.count_hits(model.data), model.exact()
    centre = math.log(exact.mean[0] / (1 - exact.mean[0]))
    reach = 12.0 if groups == 1 else 1.5
    t, s = centre + np.linspace(-reach, reach, 151), math.log(10) + np.linspace(-7, 7, 141)
    t, s = (x.ravel() for x in np.meshgrid(t, s))
    mass = np.exp((value := counts.log_density(t, s)) - value.max())
    mass /= mass.sum()
    for i, x in enumerate((1 / (1 + np.exp(-t)), s)):
        mean = mass @ x
        assert exact.mean[i] == pytest.approx(mean, abs=1e-7 * exact.sd[i])
        assert exact.sd[i] == pytest.approx(math.sqrt(mass @ (x - mean) ** 2), rel=1e-7)
        p = (np.arange(2000) + 0.5) / 2000  # the mean of quantiles, to the width of a tail's share
        assert exact.quantile(p)[:, i].mean() == pytest.approx(mean, abs=2e-3 * exact.sd[i])
