"""Corner plots: whose draws they show, and that draws of any kind get one."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.models.base import build
from samplerbench.reports.figures import corner, svg
from samplerbench.reports.figures.figure_data import Scene, Series
from samplerbench.reports.figures.style import use_style
from tests.support.marks import needs_corner

pytestmark = [
    pytest.mark.slow,  # chainconsumer takes seconds to import
    needs_corner,
]
NAMES = ("m", "c")


def scene(x, weights=None, names=NAMES, exact=True):
    """One sampler's draws [replicate, draw, 2] on the straight line."""
    x = np.asarray(x, float)
    model = build("linear", {})
    w = np.isfinite(x).all(axis=2) / x.shape[1] if weights is None else weights
    row = {"verdict": "honest"}
    series = Series("some_sampler", 0, row, x, w, x.shape[1], weights is not None)
    answer = model.exact() if exact else None
    truth = {"m": 2.0, "c": 3.5} if names == NAMES else {}
    return Scene("linear", [row], [], [series], names, (0, 1), answer, model, truth)


def drawn(found):
    """The figure and its panels [row][column]."""
    with use_style():
        made = corner.draw(found, found.series[0])
        svg.inline(made)
    panels = made.figure.axes
    return made, [panels[:2], panels[2:]]


def right(replicates=20, draws=500, seed=0):
    """Independent draws of the posterior, [replicate, draw, 2]."""
    rng = np.random.default_rng(seed)
    exact = build("linear", {}).exact()
    return rng.multivariate_normal(exact.mean, exact.covariance, (replicates, draws))


def area(line):
    return np.trapz(line.get_ydata(), line.get_xdata())


def test_right_draws_lie_on_the_exact_curve_with_the_truth_and_each_mean():
    made, panels = drawn(scene(right()))
    exact, sampler = panels[0][0].lines[:2]
    x = np.linspace(1.85, 2.25, 9)
    curves = [np.interp(x, line.get_xdata(), line.get_ydata()) for line in (exact, sampler)]
    # 10,000 draws in bins of a fifth of an sd, smoothed: 2 % of the peak is 3 standard errors
    assert np.abs(np.subtract(*curves)).max() < 0.06 * curves[0].max()
    assert panels[0][0].lines[2].get_xdata()[0] == 2.0  # the truth
    (means,) = [line for line in panels[1][0].lines if len(line.get_xdata()) == 20]
    assert np.allclose(means.get_xdata(), right()[:, :, 0].mean(axis=1))
    assert "replicates' means from" in made.alt and "outside" not in made.alt
    assert "Grey: the same of the exact posterior" in made.caption


def test_a_curve_holds_no_more_than_the_share_of_the_draws_that_is_in_sight():
    x = right()
    x[:8] += 50.0  # 8 of 20 replicates are elsewhere
    made, panels = drawn(scene(x))
    assert area(panels[0][0].lines[0]) == pytest.approx(1.0, abs=0.01)
    assert area(panels[0][0].lines[1]) == pytest.approx(0.6, abs=0.01)
    assert "40 % of the draws lie outside" in made.alt


def test_weighted_draws_are_drawn_by_their_weights():
    rng = np.random.default_rng(1)
    exact = build("linear", {}).exact()
    wide = exact.mean + rng.uniform(-4, 4, (20, 4000, 2)) * exact.sd
    error = wide - exact.mean
    log_w = -0.5 * np.einsum("rdi,ij,rdj->rd", error, np.linalg.inv(exact.covariance), error)
    w = np.exp(log_w - log_w.max())
    _, panels = drawn(scene(wide, w / w.sum(axis=1, keepdims=True)))
    exact_line, sampler = panels[0][0].lines[:2]
    peak = exact_line.get_ydata().max()
    assert sampler.get_ydata().max() == pytest.approx(peak, rel=0.1)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.full((20, 50, 2), [2.04, 3.15]), "all the same: no contours"),
        (np.full((20, 50, 2), 1e6), "100 % of the draws lie outside"),
        (np.full((20, 50, 2), np.nan), "no contours"),
        (right(2, 5), "too few draws in sight"),
    ],
    ids=["stuck", "elsewhere", "not finite", "few"],
)
def test_draws_without_a_contour_are_said_to_have_none(x, said):
    made, _ = drawn(scene(x))
    assert said in made.alt


def test_names_that_chainconsumer_keeps_for_itself_are_parameters_too():
    made, panels = drawn(scene(right(), names=("weight", "log_posterior"), exact=False))
    assert all(len(panels[i][i].lines) == 1 for i in (0, 1))
    assert panels[1][0].get_xlabel() == "weight" and panels[1][0].get_ylabel() == "log_posterior"


def test_without_an_exact_answer_the_draws_alone_are_shown():
    made, panels = drawn(scene(right(), exact=False))
    assert "(no exact answer)" in made.alt and "exact" not in made.caption
    assert len(panels[0][0].lines) == 2  # the curve and the truth


def test_the_sampler_s_contours_keep_a_colour_that_follows_the_page():
    with use_style():
        found = scene(right())
        made = corner.draw(found, found.series[0])
        shape = svg.inline(made)
    assert shape.count("stroke: var(--s0,#0072b2)") >= 4  # two curves, two contours
