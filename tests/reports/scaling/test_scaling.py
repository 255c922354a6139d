"""Exponents and crossovers against known ones, and what a campaign says of size."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness import draws_file
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.statistics import power_law
from samplerbench.harness.statistics.power_law import Sample
from samplerbench.models.base import build
from samplerbench.reports.figures import scaling, svg
from samplerbench.reports.figures.style import use_style
from samplerbench.reports.pages import campaign_page
from samplerbench.reports.report import render_by_size
from samplerbench.reports.scaling import analysis, report, tables
from samplerbench.reports.scaling.analysis import Crossing, analyse_campaign, shorten
from samplerbench.reports.scaling.lines import find_axes
from samplerbench.samplers.base import Draws
from tests.support import browser
from tests.support.stored import result, trial

SIZES = (32.0, 1e3, 3e4, 1e6)


@pytest.mark.slow
def test_an_exponent_is_found_and_its_interval_holds_it():
    rng = np.random.default_rng(20261124)
    logs, held, wide = np.log(SIZES), 0, []
    for _ in range(2000):
        errors = rng.uniform(0.02, 0.2, len(SIZES))
        values = np.exp(0.7 * logs - 3 + errors * rng.standard_normal(len(SIZES)))
        fit = power_law.fit_exponent(SIZES, values, errors)
        held += fit.lo <= 0.7 <= fit.hi
        wide.append(fit.hi - fit.lo)
    # with known errors and Birge's factor at least 1, Student's t covers 95 % or more; 3.9 standard
    # errors of 2000 tries below 95 % are 93.1 %
    assert held / 2000 > 0.931
    assert np.median(wide) < 0.5  # t of 2 degrees, 4.3, times 0.1 over a spread of 7.9, both sides


def test_without_errors_the_scatter_tells_them():
    fit = power_law.fit_exponent(SIZES, [2e-5 * s for s in SIZES], [None] * 4)
    assert fit.exponent == pytest.approx(1) and fit.hi - fit.lo < 1e-9
    bent = power_law.fit_exponent(SIZES, [1 + 2e-5 * s for s in SIZES], [None] * 4)
    assert bent.lo < 0 < bent.last < bent.hi  # no power law: the interval says so
    assert bent.last > 0.5


def test_few_sizes_give_a_reason_instead_of_an_interval():
    two = power_law.fit_exponent((1, 100), (1.0, 10.0), (0.1, 0.1))
    assert (two.exponent, two.lo, two.sizes) == (pytest.approx(0.5), None, 2)
    assert "no degree of freedom" in two.reason
    one = power_law.fit_exponent((1, 100), (1.0, None), (0.1, None))
    assert one.exponent is None and "fewer than 2" in one.reason


def test_equal_sizes_are_one_size_and_the_largest_two_are_told_by_size():
    same = power_law.fit_exponent((10, 10), (1.0, 2.0), (0.1, 0.1))
    assert (same.exponent, same.sizes) == (None, 1) and "fewer than 2 sizes" in same.reason
    assert power_law.fit_paired((10, 10), [[1.0, 2.0], [1.0, 2.0]]).reason == "fewer than 2 sizes"
    twice = power_law.fit_exponent((10, 20, 20), (1.0, 2.0, 2.0), (0.1, 0.1, 0.1))
    assert twice.exponent == pytest.approx(1.0) and twice.last is None and twice.last_lo is None
    mixed = power_law.fit_exponent((100, 1, 10), (100.0, 1.0, 10.0), (0.1, 0.1, 0.1))
    assert mixed.last == pytest.approx(1.0) and mixed.last_lo < 1 < mixed.last_hi


def sample(seconds: float, ess: float, rng, runs: int = 10, replicates: int = 32) -> Sample:
    times = seconds * np.exp(0.05 * rng.standard_normal(runs))
    return Sample(times, rng.standard_normal((replicates, 2)) / np.sqrt(ess))


def crossing(rng, slope: float):
    """CPU seconds grow with size from 1e-5 a point, the other device takes 0.3 s throughout."""
    first = [sample(1e-5 * s**slope, 500, rng) for s in SIZES]
    second = [sample(0.3, 500, rng) for s in SIZES]
    return power_law.find_crossover(SIZES, first, second)


@pytest.mark.slow
def test_a_crossover_is_found_and_its_interval_holds_it_most_times():
    # both lines are straight on logs, so the true crossing is 0.3 / 1e-5 points
    held = 0
    for seed in range(30):
        found = crossing(np.random.default_rng([7, seed]), 1.0)
        assert found.leader == "second" and found.changes == 1
        held += found.lo <= 3e4 <= found.hi
    # a percentile bootstrap of 10 runs covers about 90 %: 20 of 30 is 4.3 standard errors below
    assert held >= 20


def test_runs_that_both_finished_are_paired_and_none_is_an_error_of_its_own():
    one, other = np.ones((6, 2)), np.ones((5, 2))
    one[0, 1], other[1:3, 0] = np.nan, np.inf
    assert [len(part) for part in power_law.pair_errors(one, other)] == [2, 2]
    lost, whole = Sample(np.ones(3), np.full((20, 2), np.nan)), Sample(np.ones(3), np.ones((20, 2)))
    assert (
        analysis._count_pairs(lost, whole) == 0 == analysis._count_pairs(Sample(np.ones(3)), whole)
    )
    assert analysis._count_pairs(whole, whole) == 20


def test_lines_that_do_not_cross_say_none_and_equal_lines_say_undecided():
    rng = np.random.default_rng(3)
    apart = power_law.find_crossover(
        SIZES, [sample(1e-3, 500, rng) for _ in SIZES], [sample(1.0, 500, rng) for _ in SIZES]
    )
    assert (apart.size, apart.leader, apart.lo, apart.hi) == (None, "first", 0.0, 0.0)
    says = Crossing("a", "b", "seconds", apart).describe("n_points")
    assert says == "none within the sizes measured: a ahead throughout"
    equal = power_law.find_crossover(
        SIZES, [sample(1.0, 500, rng) for _ in SIZES], [sample(1.0, 500, rng) for _ in SIZES]
    )
    assert Crossing("a", "b", "seconds", equal).describe("n") == (
        "not told apart within the sizes measured"
    )


# -- of a campaign -------------------------------------------------------------------------------

POINTS = (32, 1000, 30000)
#: (sampler, device) -> seconds at a size
SECONDS = {
    ("honest_one", "cpu"): lambda n: 1e-5 * n,
    ("honest_one", "gpu"): lambda n: 0.05,
    ("shifted_one", "cpu"): lambda n: 2e-5 * n,
}


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """Three lines by n_points; one of them is biased at the largest size, and one trial failed."""
    store = Store.create(tmp_path_factory.mktemp("scaling") / "c")
    store.set_fact("sweep", ["model.n_points"])
    for n in POINTS:
        exact = build("linear", {"n_points": n}).exact()
        for (sampler, device), seconds in SECONDS.items():
            one = trial(sampler, model_options={"n_points": n} if n != 32 else {}, device=device)
            store.add_trials([one])
            shift = 1.5 * (sampler == "shifted_one" and n == POINTS[-1])
            put(store, one, exact, seconds(n), shift)
        lost = trial("lost_one", model_options={"n_points": n} if n != 32 else {})
        store.add_trials([lost])
        scratch(store, lost)
        store.commit(lost, result("out of memory", "no room"), store.scratch(lost.id), 1.0)
    with samplerbench.load(store.folder) as found:
        yield found
    store.close()


def scratch(store, one):
    folder = store.scratch(one.id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("")
    return folder


def put(store, one, exact, seconds, shift):
    rng = np.random.default_rng([len(one.sampler), int(seconds * 1e6)])
    times = list(seconds * np.exp(0.02 * rng.standard_normal(10)))
    ended = result(warm=(seconds, 0.99 * seconds, seconds / 0.99), runs={"warm_s": times})
    ended.machine["device"] = one.device
    runs = []
    for _ in range(256):
        sites = exact.draw(rng, 150)
        for at, name in enumerate(exact.names):
            sites[name] = sites[name] + shift * exact.sd[at]
        runs.append(Draws({k: v[None] for k, v in sites.items()}, gradients=1000))
    draws_file.save_draws(scratch(store, one) / "draws.npz", {"replicates": runs})
    store.commit(one, ended, store.scratch(one.id), 1.0)


@pytest.mark.slow
def test_lines_are_samplers_and_devices_by_the_swept_size_defaults_included(campaign):
    (axis,) = find_axes(campaign, campaign.rows())
    assert (axis.name, axis.sizes) == ("n_points", list(POINTS))
    assert {axis.get_name(line) for line in axis.lines} == {
        "honest_one on cpu",
        "honest_one on gpu",
        "shifted_one on cpu",
        "lost_one on cpu",
    }


def test_files_and_environments_go_by_no_folder():
    far = {"sampler": "/far/mine.py:run", "model": "/far/model.py:f"}
    places = ("current", "new=/far/bin/python")
    trials = [
        trial(**far, environment=place, model_options={"n": n}) for place in places for n in (1, 2)
    ]
    store = SimpleNamespace(trials=lambda: trials, fact=lambda name: ["model.n"])
    rows = [{"trial": each.id} for each in trials]
    (axis,) = find_axes(SimpleNamespace(store=store), rows)
    names = ["mine.py:run on current", "mine.py:run on new"]
    assert [axis.get_name(line) for line in axis.lines] == names
    assert "model.py:f" in axis.setting and "far" not in axis.setting


@pytest.mark.slow
def test_the_report_by_size_tells_exponents_crossovers_and_who_stops_being_honest(campaign):
    (found,) = analyse_campaign(campaign, campaign.rows())
    grown = {(g.line, g.quantity): g.fit for g in found.growth}
    assert grown["honest_one on cpu", "warm_s"].exponent == pytest.approx(1, abs=0.01)
    assert grown["honest_one on gpu", "warm_s"].exponent == pytest.approx(0, abs=0.01)
    crossed = {(c.first, c.second): c.crossover for c in found.crossings}
    gpu = crossed["honest_one on cpu", "honest_one on gpu"]
    assert gpu.leader == "second" and gpu.lo < 5000 < gpu.hi  # 0.05 s / 1e-5 s a point
    told = dict(found.verdicts)
    assert told["honest_one on cpu"] == "honest from 32 to 30.0k"
    assert told["shifted_one on cpu"].endswith("broken at 30.0k")
    assert told["lost_one on cpu"] == "out of memory from 32 to 30.0k"
    first, *_, last = [table.title for table in tables.make_tables(found)]
    assert (first, last) == ("Verdict by size", "Crossovers")


@pytest.mark.slow
def test_a_page_shows_the_first_lines_at_sizes_from_end_to_end_and_says_what_it_left(campaign):
    (whole,) = analyse_campaign(campaign, campaign.rows())
    short, left = shorten(whole, lines=2, sizes=2)
    assert left == f"2 of {len(POINTS)} sizes and the first 2 of 4 lines"
    assert short.axis.sizes == [POINTS[0], POINTS[-1]]
    assert [line.label for line in short.axis.lines] == [
        line.label for line in whole.axis.lines[:2]
    ]
    kept = {short.axis.get_name(line) for line in short.axis.lines}
    assert short.growth == [g for g in whole.growth if g.line in kept]  # fitted to all sizes
    assert shorten(whole, lines=4, sizes=len(POINTS)) == (whole, "")


@pytest.mark.slow
@pytest.mark.parametrize("form", report.FORMATS)
def test_every_format_holds_the_numbers(campaign, form):
    text = render_by_size(campaign, form)
    assert "honest_one" in text.replace("\\_", "_") and "points" in text
    if form == "json":
        (one,) = json.loads(text)
        assert len(one["points"]) == 12 and {p["size"] for p in one["points"]} == set(POINTS)
    if form == "table":
        assert "honest_one on gpu ahead beyond n_points" in text
        assert max(map(len, text.splitlines())) < 250


@pytest.mark.browser
@pytest.mark.process
def test_on_a_desk_the_tables_stand_beside_their_figure_and_below_it_on_a_phone(
    campaign, tmp_path, monkeypatch
):
    monkeypatch.setattr(campaign_page, "make_galleries", lambda *_: [])
    monkeypatch.setattr(campaign_page, "_start_graphs", lambda *_: {})
    page = tmp_path / "page.html"
    page.write_text(campaign_page.render(campaign, campaign.rows()), encoding="utf-8")
    section = "#scaling-1"
    for size, beside in ((browser.DESK, True), (browser.PHONE, False)):
        figure, table = (
            browser.find_box(page, f"{section} {what}", size) for what in ("figure", "table")
        )
        assert (table["x"] > figure["x"] + figure["width"]) == beside
        assert (table["y"] < figure["y"] + figure["height"]) == beside


@pytest.mark.slow
def test_the_page_and_the_figures_show_it(campaign, tmp_path, monkeypatch):
    monkeypatch.setattr(
        campaign_page, "make_galleries", lambda *_: []
    )  # of each model: 10 s, not ours
    monkeypatch.setattr(campaign_page, "_start_graphs", lambda *_: {})
    rows = campaign.rows()
    html = campaign_page.render(campaign, rows)
    assert "Scaling with n_points" in html and "Cost against n_points" in html
    assert "more axes" not in html
    monkeypatch.setattr(campaign_page, "MOST_AXES", 0)
    assert "1 more axes of size are not shown here" in campaign_page.render(campaign, rows)
    with use_style():
        (drawn,) = scaling.draw_axes(analyse_campaign(campaign, rows))
        paths = svg.save([drawn], tmp_path)
    assert {p.suffix for p in paths} == {".svg", ".pdf", ".png", ".md"}
    assert "seconds, warm to the power 1.00" in drawn.alt


def test_what_has_no_sizes_or_no_such_format_is_refused(tmp_path):
    from tests.support import stored

    with stored.campaign(tmp_path / "c") as found, pytest.raises(UsageError, match="--sweep"):
        render_by_size(found, "table")
    with pytest.raises(UsageError, match="expected: table, markdown, json, csv"):
        report.render([], "latex")
