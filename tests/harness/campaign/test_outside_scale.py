"""What draws of other programs may hold instead, where they lie far from the ground truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import samplerbench
from samplerbench.harness.campaign.outside_scale import TRANSFORMS, describe_scale
from samplerbench.models.base import Exact, build
from samplerbench.samplers.base import Draws

NAMES = ("scale", "share", "place", "angle")
#: of which every transform is far from the parameter itself and from its other transforms
MEAN, SD = np.array([3.0, 0.9, -40.0, 60.0]), np.array([0.1, 0.005, 1.0, 0.5])
EXACT = Exact(
    NAMES,
    MEAN,
    np.diag(np.square(SD)),
    quantile=lambda probs: MEAN + SD * stats.norm.ppf(np.asarray(probs))[:, None],
    draw=None,
)
SITES = {"its logit": "share", "its value in degrees": "scale", "its value in radians": "angle"}


def make_runs(changes=None, weighted=False):
    """Four runs of exact draws, with some sites' draws changed."""
    rng = np.random.default_rng(5)
    runs = []
    for at in range(4):
        sites = {
            name: mean + sd * rng.standard_normal((2, 500))
            for name, mean, sd in zip(NAMES, MEAN, SD, strict=True)
        }
        changed = {name: change(sites) for name, change in (changes or {}).items()}
        log_w = rng.standard_normal((2, 500)) if weighted else None
        runs.append((f"run {at}", Draws({**sites, **changed}, log_weights=log_w)))
    return runs


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("word", TRANSFORMS)
def test_draws_on_another_scale_are_told_which(word, weighted):
    site = SITES.get(word, "scale")
    runs = make_runs({site: lambda sites: TRANSFORMS[word](sites[site])}, weighted)
    words = describe_scale(runs, EXACT)
    assert f"those of {site!r} are where {word} would be: they are judged on the model's" in words


def test_draws_of_two_parameters_in_each_others_place_are_told_so():
    runs = make_runs({"place": lambda sites: sites["angle"], "angle": lambda s: s["place"]})
    words = describe_scale(runs, EXACT)
    assert (
        "those of 'place' are where those of 'angle' should be, and so on (2 in all): --names"
        in words
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["place"],
        lambda s: s["place"] + 0.9,
        lambda s: s["place"] + 500,
        lambda s: 0 * s["place"],
    ],
    ids=["exact", "biased", "elsewhere", "stuck"],
)
def test_draws_that_are_right_or_wrong_in_no_known_way_are_told_nothing(change):
    assert describe_scale(make_runs({"place": change}), EXACT) == ""


def test_the_row_of_a_log_scale_asks_whether_it_is_one(tmp_path):
    exact = build("linear", {}).exact()
    sites = exact.draw(np.random.default_rng(0), 16 * 50)
    sites = {name: np.exp(values).reshape(16, 1, 50) for name, values in sites.items()}
    with samplerbench.judge(sites, model="linear", out=tmp_path / "out") as campaign:
        (row,) = campaign.rows()
    assert row["verdict"] == "broken"
    (warning,) = row["warnings"]
    assert "where its exponential would be" in warning
