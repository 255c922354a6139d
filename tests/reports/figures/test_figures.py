"""Every figure of a model's page: drawn from a stored campaign, with words for its numbers."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from scipy import stats

from samplerbench.errors import UsageError
from samplerbench.reports.figures import (
    corner,
    cost_curve,
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
from samplerbench.reports.figures.figure_data import load_scene, name_rows
from tests.support import stored
from tests.support.cut_texts import find_cut_texts

pytestmark = pytest.mark.slow

#: what apply to a stored campaign of the straight line -> a word of each one's description
DRAWN = {
    cost_curve: "honest_one",
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
        looks = style.number_looks(name_rows(rows))
        yield load_scene(campaign, campaign.store.trials()[0], rows, looks)


def test_one_sampler_in_two_environments_has_two_looks(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        row = next(row for row in campaign.rows() if row["status"] == "ok")
        rows = [row, {**row, "environment": "elsewhere"}]
        looks = style.number_looks(name_rows(rows))
        both = load_scene(campaign, campaign.store.trials()[0], rows, looks)
    assert [entry.look for entry in both.entries] == [0, 1]
    assert [series.look for series in both.series] == [0, 1]


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
        assert not [text for picture in pictures for text in find_cut_texts(picture.figure)]
    words = " ".join(f"{picture.title} {picture.alt}" for picture in pictures)
    assert DRAWN[module] in words and all(picture.caption for picture in pictures)


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("exact", "the exact posterior"),
        ("quadrature", "the exact posterior"),
        ("long run (64 chains of numpyro_nuts)", "the long run"),
        ("reference draws (mine.nc)", "the reference draws"),
        ("consensus of numpyro_nuts and jaxns_nested", "the consensus"),
        ("reference moments (mine.npz), with which a agrees", "the reference moments"),
    ],
)
def test_captions_name_what_the_draws_are_held_against(source, answer, scene):
    held = replace(scene, exact=replace(scene.exact, source=source), cache={})
    modules = [ranks, traces] + [corner] * (find_spec("chainconsumer") is not None)
    for module in modules:
        made = draw(module, held)[0]
        assert answer in made.caption
        assert ("exact " in made.caption + made.alt) == (answer == "the exact posterior")


def test_draws_that_are_held_against_nothing_are_less_their_own_median(scene):
    (made,) = draw(traces, replace(scene, exact=None))
    assert "less the median of its sampler's draws" in made.caption


def test_captions_name_no_sampler_that_may_not_be_there(scene):
    for module in (cost_curve, many_data_sets):
        assert "exact_iid" not in draw(module, scene)[0].caption


def test_a_cost_curve_is_of_parts_of_the_stored_draws_and_ends_where_the_runs_did(scene):
    curves = {curve.entry.row["sampler"]: curve for curve in cost_curve.list_curves(scene)}
    honest = curves["honest_one"]
    assert honest.independent[-1] == pytest.approx(1 / np.sqrt(stored.DRAWS))
    inside = (honest.lo < honest.independent) & (honest.independent < honest.hi)
    assert inside.sum() >= 4  # five correlated intervals of 97.5 %, of independent draws
    assert (np.diff(honest.error) < 0).all()
    row, spent = honest.entry.row, honest.cost("warm")
    assert spent[-1] == pytest.approx(row["warm_s"])
    by_hand = row["warmup_s"] + honest.shares * row["sample_s"]
    assert spent == pytest.approx(by_hand * row["warm_s"] / (row["warmup_s"] + row["sample_s"]))
    assert honest.cost("evaluations")[-1] == 1000
    assert honest.cost("first")[-1] == pytest.approx(row["import_s"] + row["cold_s"])
    full = [1 / np.sqrt(row[f"realised_ess{end}"]) for end in ("", "_hi", "_lo")]
    assert [honest.error[-1], honest.lo[-1], honest.hi[-1]] == pytest.approx(full)


@pytest.mark.parametrize("warm", [1e-6, 1e6], ids=["the cheapest", "the dearest"])
def test_an_error_off_the_scale_is_written_whole_within_the_figure(warm, scene):
    far = next(e for e in scene.entries if e.row["sampler"] == "shifted_one")
    moved = replace(far, row={**far.row, "warm_s": warm, "warmup_s": 0.1, "sample_s": 0.2})
    entries = [moved if entry is far else entry for entry in scene.entries]
    with style.use_style():
        figure = draw(cost_curve, replace(scene, entries=entries, cache={}))[0].figure
        texts = [t for axes in figure.axes for t in axes.texts if t.get_text().startswith("↑")]
        assert texts and not find_cut_texts(figure)
        assert all(t.axes.bbox.x0 < t.get_window_extent().x0 for t in texts)  # free of the ticks


def test_a_biased_sampler_gets_no_better_with_more_draws(scene):
    curves = {curve.entry.row["sampler"]: curve for curve in cost_curve.list_curves(scene)}
    assert curves["shifted_one"].error[-1] > 1.4


def test_nested_sampling_is_one_point_and_a_line_only_of_runs_that_were_made(scene):
    (nested,) = (c for c in cost_curve.list_curves(scene) if c.entry.row["sampler"] == "nested_one")
    assert len(nested.error) == 1 and nested.cost("first") is not None
    assert cost_curve._group_resolutions(cost_curve.list_curves(scene)) == []
    finer = replace(nested, entry=replace(nested.entry, name="nested_one:num_live=500"))
    assert cost_curve._group_resolutions([nested, finer]) == [[nested, finer]]


def test_one_point_alone_has_an_axis_of_some_width(scene):
    nested = next(e for e in scene.entries if e.row["sampler"] == "nested_one")
    one = replace(nested, row={**nested.row, "warm_s": 1000.0})
    with style.use_style(), warnings.catch_warnings(action="error"):
        figure = draw(cost_curve, replace(scene, entries=[one], cache={}))[0].figure
        figure.canvas.draw()
    for axes in figure.axes:
        lo, hi = axes.get_xlim()
        assert hi > 1.5 * lo


@pytest.mark.parametrize("known", ["nothing", "no log Z"])
def test_log_z_is_drawn_where_the_exact_one_is_not_known(scene, known):
    answer = None if known == "nothing" else replace(scene.exact, log_evidence=None)
    with style.use_style():
        (log_z,) = draw(evidence, replace(scene, exact=answer))
    assert "The exact value is not known." in log_z.alt and "nested_one: mean log Z" in log_z.alt
    assert "dashed line" not in log_z.caption
    with style.use_style():
        assert "dashed line" in draw(evidence, scene)[0].caption


def test_the_band_of_few_log_zs_is_by_students_t_as_the_tables_interval_is(scene):
    (nested,) = (series for series in scene.series if series.log_z is not None)
    few = replace(nested, log_z=nested.log_z[:3], log_z_err=nested.log_z_err[:3])
    with style.use_style():
        axes = draw(evidence, replace(scene, series=[few]))[0].figure.axes[0]
    (band,) = (part.get_paths()[0].get_extents() for part in axes.findobj(PolyCollection))
    half = stats.t(2).ppf(0.975) * few.log_z.std(ddof=1) / np.sqrt(3)
    assert [band.y0, band.y1] == pytest.approx(few.log_z.mean() + np.array([-half, half]))


def test_corner_plots_without_their_library_are_told_of_once_with_what_to_install(
    scene, monkeypatch
):
    monkeypatch.setattr(corner, "find_spec", lambda name: None)
    with style.use_style():
        told = gallery.draw_scene(scene).omissions
    assert len(scene.series) > 1 and len(told) == 1
    assert told[0].startswith("corner: not drawn: ") and "'samplerbench[corner]'" in told[0]


def test_a_legend_takes_as_many_columns_as_its_labels_leave_room_for():
    with style.use_style():
        assert style._legend_columns(["numpyro_nuts", "numpyro_sa", "exact_iid"]) == 3
        assert style._legend_columns(["a" * 40, "b" * 40, "c" * 40]) == 1
        assert style._legend_columns(["one"]) == 1


def test_a_figure_has_the_size_of_the_style_and_panels_in_proportion(tmp_path):
    small = tmp_path / "journal.mplstyle"
    small.write_text("figure.figsize: 3.4, 1.8\n")
    heights = []
    for given in (None, small):
        with style.use_style(given):
            figure, ((axes,),) = style.make_grid([2.0])
            heights.append(axes.get_position().height * figure.get_figheight())
            assert figure.get_figwidth() == style.get_size()[0]
    assert figure.get_figwidth() == 3.4 and heights == pytest.approx([2.0, 1.0])


def test_settings_of_a_matplotlibrc_or_a_session_change_no_figure():
    import matplotlib

    own = {"text.usetex": True, "axes.grid": True, "font.sans-serif": ["No Such Font"]}
    with matplotlib.rc_context(own):
        with style.use_style():
            found = {name: matplotlib.rcParams[name] for name in own}
        assert found == {name: matplotlib.rcParamsDefault[name] for name in own}
        assert {name: matplotlib.rcParams[name] for name in own} == own


def test_a_style_may_be_one_of_matplotlib_s_by_name(tmp_path):
    import matplotlib

    with style.use_style(Path("ggplot")):
        assert matplotlib.rcParams["axes.facecolor"] == "#E5E5E5"
    with (
        pytest.raises(UsageError, match="no style of matplotlib is called 'ggplo'; did.*'ggplot'"),
        style.use_style(Path("ggplo")),
    ):
        pass
    with (
        pytest.raises(UsageError, match="is no matplotlib style: .*No such file"),
        style.use_style(tmp_path / "none.mplstyle"),
    ):
        pass


def test_the_gallery_holds_every_figure_once_by_section(scene):
    assert set(DRAWN) <= set(gallery.MODULES)
    names = [figure.name for figure in gallery.FIGURES]
    assert len(set(names)) == len(names)
    assert {figure.section for figure in gallery.FIGURES} == set(Section)


@pytest.mark.parametrize(("value", "words"), [(np.nan, "not finite"), (1e9, "off the scale")])
def test_a_trace_that_nothing_is_seen_of_says_why(scene, value, words):
    series = scene.series[0]
    lost = replace(scene, series=[replace(series, x=np.full_like(series.x, value))])
    with style.use_style():
        figure = draw(traces, lost)[0].figure
    assert words in [text.get_text() for axes in figure.axes for text in axes.texts]
