"""Parts of a model's inspection: the map of the box, the rule in a box, the density, the answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.worker.inspection import (
    answer_arrays,
    batched_log_density,
    boxes,
    chart,
    inspect_model,
)
from samplerbench.harness.worker.inspection.mode_search import NoAnswer
from samplerbench.harness.worker.inspection.unfit_model import UnfitModel
from samplerbench.models.base import Model, build
from tests.support.trials import small


def standard(u):
    """The standard normal density in one or two dimensions, and the points as components."""
    return stats.norm.logpdf(u).sum(axis=1), u


def make_map(dim):
    spreads = np.eye(dim)[None]
    return chart.make_chart(np.zeros((1, dim)), np.zeros(1), spreads)


@pytest.mark.parametrize("dim", [1, 2])
def test_the_map_is_inverted_and_its_slope_is_the_derivative(dim):
    box = make_map(dim)
    u = np.random.default_rng(0).normal(0, 5, (50, dim))
    s = box.invert_points(u)
    back, slope = box.map_points(s)
    assert np.allclose(back, u) and np.abs(s).max() < 1
    step = 1e-6
    numeric = np.prod(
        [
            (box.map_points(s + step * e)[0] - box.map_points(s - step * e)[0])[:, i] / (2 * step)
            for i, e in enumerate(np.eye(dim))
        ],
        axis=0,
    )
    assert np.allclose(np.exp(slope), numeric, rtol=1e-4)


def test_modes_are_centred_by_their_mass():
    box = chart.make_chart(np.array([[-1.0], [1.0]]), np.zeros(2), np.full((2, 1, 1), 0.25))
    assert box.centre == pytest.approx([0.0]) and box.root[0, 0] ** 2 == pytest.approx(1.25)


@pytest.mark.parametrize("dim", [1, 2])
def test_boxes_add_up_to_the_mass_and_a_split_bounds_their_error(dim):
    rule = boxes.make_rule(standard, make_map(dim), float(standard(np.zeros((1, dim)))[0][0]))
    parts = rule.evaluate(np.full((1, dim), -1.0), np.full(1, 2.0))
    for _ in range(3):
        parts = rule.split(parts, np.ones(len(parts.low), dtype=bool))
    mean, sd = parts.compute_moments()
    assert np.allclose(mean + rule.shift, 0, atol=1e-8) and np.allclose(sd, 1, atol=1e-6)
    mass = parts.sums[:, 0].sum() * np.exp(rule.reference)
    assert mass == pytest.approx(1.0, abs=1e-6) and parts.compute_errors().sum() < 1e-3


def test_the_exact_answer_is_stored_as_arrays():
    exact = build("gaussian", {}).exact()
    arrays = answer_arrays.pack_exact(build("gaussian", {}))
    assert np.array_equal(arrays["mean"], exact.mean) and str(arrays["source"]) == "exact"
    assert arrays["quantiles"].shape == (len(answer_arrays.PROBS), 2)
    assert arrays["draws"].shape == (answer_arrays.DRAWS, 2)
    assert answer_arrays.pack_exact(Model("free", {}, print)) == {}


@pytest.mark.slow
def test_a_program_is_refused_for_quadrature_beyond_two_parameters():
    pytest.importorskip("numpyro")
    with pytest.raises(NoAnswer, match="one or two parameters, and there are 3"):
        batched_log_density.make_density(build("gaussian", {"dim": 3}), [])


@pytest.mark.slow
def test_a_model_that_cannot_be_sampled_says_so_to_its_author():
    assert issubclass(UnfitModel, Exception)
    with pytest.raises(UnfitModel, match="nothing to sample|no parameter|no latent"):
        inspect_model._find_answer(Model("empty", {}, lambda: None), small(model="empty"))
