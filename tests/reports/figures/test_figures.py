"""Every figure of a model's page: drawn from a stored campaign, with words for its numbers."""

from __future__ import annotations

import pytest

from samplerbench.reports.figures import (
    error_against_time,
    ess,
    evidence,
    fit,
    gallery,
    many_data_sets,
    ranks,
    seconds,
    style,
    svg,
    traces,
)
from samplerbench.reports.figures.figure import Section
from samplerbench.reports.figures.figure_data import load_scene
from samplerbench.reports.tables.cells import label
from tests.support import stored

pytestmark = pytest.mark.slow

#: what apply to a stored campaign of the straight line -> a word of each one's description
DRAWN = {
    error_against_time: "honest_one",
    ess: "claims",
    evidence: "nested_one",
    fit: "honest_one",
    many_data_sets: "honest_one",
    ranks: "honest_one",
    seconds: "import",
    traces: "honest_one",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """The rows of a stored campaign that have ended well, with their draws."""
    with stored.campaign(tmp_path_factory.mktemp("figures") / "c") as campaign:
        rows = [row for row in campaign.rows() if row["status"] == "ok"]
        looks = style.number_looks([label(row) for row in rows])
        yield load_scene(campaign, campaign.store.trials()[0], rows, looks)


def draw(module, scene):
    figure = module.FIGURE
    if figure.draw is not None:
        return [figure.draw(scene)]
    return [figure.draw_series(scene, series) for series in scene.series]


@pytest.mark.parametrize("module", DRAWN, ids=lambda module: module.FIGURE.name)
def test_a_figure_applies_is_drawn_and_says_its_numbers_in_words(module, scene):
    assert module.FIGURE.applies(scene)
    with style.use_style():
        pictures = draw(module, scene)
        assert all(svg.inline(picture).startswith("<svg") for picture in pictures)
    words = " ".join(f"{picture.title} {picture.alt}" for picture in pictures)
    assert DRAWN[module] in words and all(picture.caption for picture in pictures)


def test_the_gallery_holds_every_figure_once_by_section(scene):
    assert set(DRAWN) <= set(gallery.MODULES)
    names = [figure.name for figure in gallery.FIGURES]
    assert len(set(names)) == len(names)
    assert {figure.section for figure in gallery.FIGURES} == set(Section)
