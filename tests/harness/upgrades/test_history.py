"""A history follows each sampler over campaigns and names what is shown to have moved."""

from __future__ import annotations

import json

import pytest

from samplerbench.harness.upgrades.history import Release, trace_lines
from samplerbench.reports.upgrades import history
from tests.support.rows import row
from tests.support.stored import NASTY

SLOW = (0.040, 0.0401, 0.0399)


def releases():
    newer = {"jax": "0.5.0", "numpyro": "0.13.2"}
    return [
        Release("v1", 1.0e9, [row(), row("broken", sampler="other")]),
        Release("v2", 1.1e9, [row(warm=SLOW, versions=newer)]),
        Release(NASTY, None, [row("overconfident", (1.6, 1.4, 1.8), versions=newer)]),
    ]


def test_a_package_that_is_gone_is_a_change_of_versions():
    first, *_ = releases()
    gone = Release("v3", 1.2e9, [row(versions={"jax": "0.4.23"})])
    line = trace_lines([first, gone], 1.1, False)[0]
    assert line.points[1].versions == "numpyro absent (was 0.13.2)"


def test_each_point_is_held_against_the_one_before_it():
    line, other = trace_lines(releases(), 1.1, False)
    first, slower, last = line.points
    assert first.findings == () and first.versions == "numpyro 0.13.2, jax 0.4.23"
    assert slower.versions == "jax 0.5.0 (was 0.4.23)" and slower.release.date == "2004-11-09"
    assert [text[:19] for text in slower.changes] == ["worse: warm seconds", "worse: seconds of a"]
    words = [text.split(":")[0] for text in last.changes]
    assert words == ["worse", "worse", "better", "better"]
    assert other.sampler == "other" and len(other.points) == 1


def test_environments_of_one_campaign_are_lines_of_their_own():
    both = [row(), row(environment="latest")]
    lines = trace_lines([Release("a", None, both), Release("b", None, both)], 1.1, False)
    assert [len(line.points) for line in lines] == [2, 2]
    assert [line.place for line in lines] == ["linear on pinned", "linear on latest"]
    assert "linear on latest" in history.render(lines, "markdown")
    moved = trace_lines(
        [Release("a", None, [row()]), Release("b", None, [row(environment="new")])], 1.1, False
    )
    assert [len(line.points) for line in moved] == [2]


def test_budgets_of_one_sampler_are_lines_of_their_own_that_the_table_tells_apart():
    both = [row(draws=100), row(draws=400, environment="latest"), row(model="funnel")]
    lines = trace_lines([Release("a", None, both), Release("b", None, both)], 1.1, False)
    assert [line.place for line in lines] == ["linear, draws 100", "linear, draws 400", "funnel"]
    assert [len(line.points) for line in lines] == [2, 2, 2]


def test_the_table_has_a_row_a_point_with_intervals_and_says_what_is_shown():
    lines = trace_lines(releases(), 1.1, False)
    text = history.render(lines, "table", 120)
    assert "2 samplers over 3 campaigns: 4 changes for the worse, 2 for the better" in text
    assert "1.60 (1.40 to 1.80)" in text and "\x1b" not in text
    assert len(history.make_table(lines).rows) == 4
    assert history.render(lines, "markdown").count("\n| ") >= 4


def test_as_json_it_has_a_point_for_each_row_with_numbers_and_changes():
    lines = trace_lines(releases(), 1.1, False)
    found = json.loads(history.render(lines, "json"))
    assert found["summary"] == history.summarise(lines)
    points = [point for line in lines for point in line.points]
    assert [each["changes"] for each in found["points"]] == [point.changes for point in points]
    assert [each["warm_s"] for each in found["points"]] == [p.row["warm_s"] for p in points]


def test_a_column_that_no_row_fills_takes_no_room():
    one = Release("v1", None, [row(versions={})])
    text = history.render(trace_lines([one], 1.1, False), "markdown")
    assert "verdict" in text and "date" not in text and "versions" not in text


def test_a_sampler_on_several_models_is_one_sampler():
    release = Release("v1", None, [row(), row(model="funnel")])
    text = history.summarise(trace_lines([release], 1.1, False))
    assert text.startswith("1 sampler on 2 models over 1 campaign: ")


@pytest.mark.slow
def test_the_page_draws_a_figure_for_each_sampler_with_several_points():
    page = history.render(trace_lines(releases(), 1.1, False), "html")
    assert page.count("<svg") == 1 and "<script>alert" not in page
    assert "v2: honest" in page  # the figure in words
    assert "mathdefault" not in page and "10^" not in page  # the ticks are plain numbers
    assert page == history.render(trace_lines(releases(), 1.1, False), "html")


def test_the_page_draws_no_figure_of_a_sampler_without_numbers():
    none = {"calibration": (None, None, None), "warm_s": None, "cold_s": None}
    lost = [Release(name, None, [row("failed", **none)]) for name in ("v1", "v2")]
    page = history.render(trace_lines(lost, 1.1, False), "html")
    assert "<svg" not in page and "v2" in page
