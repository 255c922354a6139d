"""The page of a comparison: what it says, that it is one file, and that names are text."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from samplerbench.cli.main import main
from samplerbench.harness.comparison.paired_ratios import NothingShared
from samplerbench.harness.comparison.ratio import Conclusion, not_compared
from samplerbench.reports.comparison import (
    page,
    provenance_diff,
    questions,
    report,
    summary,
    tables,
)
from samplerbench.reports.comparison.comparison import Comparison, compare
from samplerbench.reports.figures import ratios, style
from samplerbench.reports.tables import latex
from tests.support import browser, stored
from tests.support.cut_texts import find_cut_texts
from tests.support.latex import assert_fits_an_article, needs_tex
from tests.support.outline import Outline, assert_closed, assert_readable
from tests.support.rows import row

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # locks of folders left open
WARM = [0.02, 0.021, 0.019, 0.02, 0.022]  # seconds, one a process


def campaign(folder, factor=1.0, **fields):
    """Two honest samplers, one that is shifted, one that failed with a hostile reason."""
    made = stored.Campaign(stored.Store.create(folder))
    trials = [stored.trial(name, **fields) for name in ("honest_one", "quick_one", "shifted_one")]
    failed = stored.trial("failed_one", settings={"note": stored.NASTY}, **fields)
    made.store.add_trials([*trials, failed])
    for at, one in enumerate(trials):
        # processes vary in an order of their own: ratios that are all equal have no spread
        shifted = WARM[at:] + WARM[:at]
        turned = shifted[::-1] if factor > 1 else shifted
        warm = [factor * s / (1 + at) for s in turned]
        stored.commit_result(made.store, one, stored.result(warm=warm))
    stored.commit_result(made.store, failed, stored.result("failed", stored.NASTY))
    return made


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with campaign(tmp_path_factory.mktemp("compare") / "c") as one:
        return compare(one)


@pytest.fixture(scope="module")
def made(found) -> str:
    return report.render(found, "html")


@pytest.mark.slow
def test_the_page_asks_for_nothing_and_runs_its_own_script_alone(made):
    assert_closed(made, Outline(made))
    assert "default-src 'none'" in made and len(made.encode()) < 1_000_000


@pytest.mark.slow
def test_names_and_reasons_come_out_as_text(found, made):
    assert "<script>alert" not in made and "\x1b" not in made
    assert "<script>alert(1)</script>" in "".join(Outline(made).words)
    markdown = report.render(found, "markdown")
    assert "<script>" not in markdown and "\x1b" not in markdown


def test_a_paper_gets_the_ratios_that_were_made_and_a_program_all_of_them(found):
    paper = report.render(found, "latex", label="tab:ratios")
    assert paper.isascii() and r"\label{tab:ratios}" in paper
    assert r"Ratios to honest\_one: above 1" in paper and "[U+" not in paper
    quick = next(line for line in paper.splitlines() if line.startswith(r"quick\_one & time"))
    assert re.search(r"\$0\.\d+\$ & \$\[0\.\d+, 0\.\d+\]\$ & 5 & 2\.00 times faster", quick)
    lines = list(csv.DictReader(io.StringIO(report.render(found, "csv"))))
    assert len(lines) == len(found.ratios) + len(found.changes)
    for line, ratio in zip(lines, found.ratios, strict=False):
        assert line["row"] == ratio.row and line["conclusion"] == str(ratio.conclusion)
        assert line["model"] == found.rows[ratio.trial]["model"]
        assert (float(line["value"]) if line["value"] else None) == ratio.value


def test_a_paper_names_a_model_once_and_folds_long_conclusions(found):
    conditional = "2.7 times more accurate, if no run is worse than those seen (up to 17 % may be)"
    one = next(ratio for ratio in found.ratios if ratio.value is not None)
    model = found.rows[one.trial]["model"]
    names = {"row": f"{one.row} on {model}", "reference": f"{one.reference} on {model}"}
    both = [replace(one, answer=conditional, **names), one]
    table = tables.paper_table(replace(found, ratios=both))
    assert [row[0].text for row in table.rows] == [one.row] * 2
    assert table.title.startswith(f"ratios to {one.reference}:")
    assert r"{@{}l@{}}2.7 times more accurate, if no run\\\quad is worse" in latex.render(table)


@pytest.mark.process
@needs_tex
def test_a_comparison_fits_an_article(found, tmp_path):
    assert_fits_an_article(report.render(found, "latex"), tmp_path)


def test_the_same_comparison_gives_the_same_bytes(found, made):
    assert page.render(found) == made


def test_the_top_says_who_is_faster_and_whose_speed_means_nothing(found):
    said = summary.summarise(found)
    assert said.startswith("Against honest_one. Time: quick_one is 2.00 times faster")
    assert "Speeds not comparable: shifted_one (" in said
    assert "shifted_one is" not in said.partition("Error:")[0]


def test_speeds_of_rows_that_are_not_honest_are_marked(made):
    line = made[made.index('data-key="shifted_one"') :]
    assert "*</span>" in line[: line.index("</tr>")]


def test_speeds_of_rows_that_are_not_honest_are_marked_in_every_format(found):
    for form in ("table", "markdown"):
        told = report.render(found, form).replace("\\", "")
        assert re.search(r"time.* 0\.33\*.* 0\.30 to 0\.37", told), told  # of shifted_one
        assert re.search(r"error.* 21.0 .* 19.3 to 22.6", told)  # an error is what it is
        assert re.search(r"time.* 0\.50 .* 0\.45 to 0\.56", told)  # of quick_one
        assert "* not comparable" in told


def test_numbers_are_rounded_to_what_their_intervals_support(found):
    shown = {tables.ratio_texts(r) for r in found.ratios if r.row == "shifted_one"}
    assert ("21.0", "19.3 to 22.6") in shown
    wide = replace(found.ratios[0], value=1.2345, lo=0.0, hi=float("inf"))
    assert tables.ratio_texts(wide) == ("1.23", "0 to inf")
    assert tables.ratio_texts(replace(wide, value=None, lo=None, hi=None)) == ("-", "")
    full = json.loads(report.render(found, "json"))
    assert full[0]["value"] == found.ratios[0].value


def test_a_name_cannot_steer_a_terminal(found):
    assert "\x1b" not in report.render(found, "table")


def test_every_figure_has_words_and_every_heading_and_table_its_place(made):
    assert_readable(Outline(made), figures=1)


@pytest.fixture(scope="module")
def seen(made, tmp_path_factory):
    return browser.open_page(made, tmp_path_factory.mktemp("browser"), "ratio")


@pytest.mark.browser
@pytest.mark.process
def test_a_press_on_a_heading_sorts_and_the_browser_asks_for_nothing(seen):
    browser.assert_sorts_and_stays_shut(seen, "ratio")


@pytest.mark.browser
@pytest.mark.process
def test_on_a_phone_and_a_desk_in_light_and_dark_the_page_passes_an_accessibility_audit(seen):
    browser.assert_accessible(seen)


def test_the_figure_tells_every_ratio_in_words(found):
    with style.use_style():
        pictures = ratios.draw_groups(found)
        assert not [text for picture in pictures for text in find_cut_texts(picture.figure)]
    alt = " ".join(picture.alt for picture in pictures)
    told = [r for r in found.ratios if r.value is not None]
    assert told and all(r.answer in alt for r in told)
    assert "quick_one, time: 0.500" in alt


def test_infinite_ends_are_drawn_as_arrows(found):
    wide = [
        replace(r, lo=0.0, hi=float("inf"), value=v)
        for r, v in zip(found.ratios, (1e-9, 1e9, float("inf")), strict=False)
    ]
    html = page.render(replace(found, ratios=wide))
    assert "<svg" in html and "inf" in html


@pytest.mark.slow
def test_two_campaigns_are_compared_with_what_differs_between_them(tmp_path, capsys):
    with campaign(tmp_path / "old", 2.0) as one, campaign(tmp_path / "new") as other:
        found = compare(one, other)
    said = summary.summarise(found)
    assert said.startswith("new against old. Time: honest_one is 2.00 times faster")
    assert "Error: all 2 tied" in said or "Error: 3 tied" in said
    html = page.render(found)
    assert "None: machine, versions" in html and "honest_one in new" in html
    target = tmp_path / "page.html"
    folders = [str(tmp_path / "old"), str(tmp_path / "new")]
    assert main(["compare", *folders, "--format", "html", "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == html
    assert main(["compare", *folders, "--format", "markdown"]) == 0
    assert "| honest\\_one in new |" in capsys.readouterr().out


@pytest.mark.slow
def test_environments_are_compared_with_their_versions_and_changes(tmp_path):
    with campaign(tmp_path / "c") as one:
        late = stored.trial("honest_one", environment="latest", environment_digest="1")
        one.store.add_trials([late])
        newer = replace(stored.result(warm=WARM), versions={"python": "3.11.7", "jax": "0.10.2"})
        stored.commit_result(one.store, late, newer)
        html = page.render(compare(one))
    assert "Changes between stacks" in html and "the same draws for the same key" in html
    differs = html[html.index("Differences") : html.index("The same on both sides")]
    assert "0.10.2" in differs and "latest" in differs


@pytest.mark.slow
def test_what_differs_between_stacks_has_a_column_a_stack_and_is_not_called_alike(tmp_path):
    """Both stacks hold a reference: each side of the ratios as a whole is on both of them."""
    with campaign(tmp_path / "c") as one:
        for sampler in ("honest_one", "quick_one"):
            late = stored.trial(sampler, environment="latest", environment_digest="1")
            one.store.add_trials([late])
            versions = {"python": "3.12.1", "jax": "0.10.2"}
            stored.commit_result(
                one.store, late, replace(stored.result(warm=WARM), versions=versions)
            )
        found = compare(one)
    sides = provenance_diff.list_sides(found)
    facts = {fact.name: fact for fact in provenance_diff.list_facts(sides)}
    assert list(sides) == ["pinned", "latest"]
    assert facts["jax"].values == ("0.4.23", "0.10.2") and facts["jax"].differs
    assert facts["python"].values == ("3.11.7", "3.12.1")
    assert not facts["processor"].differs
    markdown = report.render(found, "markdown")
    assert "| property | pinned | latest |" in markdown and "| jax | 0.4.23 | 0.10.2 |" in markdown


@pytest.mark.slow
def test_two_campaigns_on_two_stacks_have_a_column_each(tmp_path):
    late = {"environment": "latest", "environment_digest": "1"}
    with campaign(tmp_path / "old", 2.0) as old, campaign(tmp_path / "new", **late) as new:
        found = compare(old, new)
    sides = provenance_diff.list_sides(found)
    assert list(sides) == ["pinned in old", "latest in new"]
    (fact,) = (f for f in provenance_diff.list_facts(sides) if f.name == "environment")
    assert fact.values == ("pinned", "latest")


@pytest.mark.slow
def test_stacks_are_compared_first_and_samplers_within_each(tmp_path):
    """Two samplers on two stacks: one group of what changed, one a stack of who is faster."""
    with campaign(tmp_path / "c") as one:
        for at, sampler in enumerate(("honest_one", "exact_iid")):
            late = stored.trial(sampler, environment="latest", environment_digest="1")
            early = stored.trial(sampler)
            new = [t for t in (early, late) if t.id not in one.store.statuses()]
            one.store.add_trials(new)
            for trial in new:
                slow = 3.0 if trial.environment == "latest" else 1.0
                turn = at + 2 * (slow > 1)  # in an order of their own: equal ratios have no spread
                turned = WARM[turn:] + WARM[:turn]
                warm = [slow * s / (1 + at) for s in turned]
                stored.commit_result(one.store, trial, stored.result(warm=warm))
        found = compare(one)
    first, *rest = questions.group_ratios(found)
    assert first.title == "latest against pinned"
    assert set(first.names.values()) == {"honest_one", "exact_iid"}
    titles = ["against honest_one on pinned", "against honest_one on latest"]
    assert [group.title for group in rest] == titles
    kept = [ratio for group in (first, *rest) for ratio in group.ratios]
    assert sorted(map(repr, kept)) == sorted(map(repr, found.ratios))
    said = summary.summarise(found)
    assert said.startswith("latest against pinned. Time: honest_one is 3.0 times slower.")
    assert "exact_iid" not in said  # a control is no news
    on_pinned, on_latest = summary.summarise_others(found)
    assert on_pinned.startswith(
        "Against honest_one on pinned. Time: quick_one is 2.00 times faster"
    )
    html = page.render(found)
    assert html.count("<svg") == 3 and on_pinned in html


def test_an_empty_comparison_says_so(tmp_path):
    with stored.Campaign(stored.Store.create(tmp_path / "c")) as one:
        found = compare(one)
    for form in ("table", "markdown", "latex", "html"):
        assert "othing to compare" in report.render(found, form)
    assert report.render(found, "csv") == ""
    assert "<svg" not in report.render(found, "html")


def test_a_comparison_without_one_number_says_why(found):
    nothing = {"value": None, "lo": None, "hi": None, "conclusion": Conclusion.NOT_COMPARED}
    empty = [replace(r, reason="no number", **nothing) for r in found.ratios]
    html = page.render(replace(found, ratios=empty))
    assert "Nothing could be compared: no number." in html and "<svg" not in html


@pytest.mark.slow
def test_campaigns_that_share_nothing_are_refused(tmp_path, capsys):
    with campaign(tmp_path / "old") as one, campaign(tmp_path / "new", seed=5) as other:
        with pytest.raises(NothingShared, match="no finished trial is in both"):
            compare(one, other)
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new")]) == 2
    told = capsys.readouterr().err
    assert "the nearest differ in seed (0, 5)\n  expected: the same model" in told


def test_each_pair_of_rows_has_a_table_whose_heading_names_the_model_where_there_are_several():
    rows = {
        one: row(model=model) for one, model in {"a": "linear", "b": "funnel", "old": "-"}.items()
    }
    made = [
        replace(not_compared("x", "y", "time", "why"), trial=one, reference_trial="old")
        for one in ("a", "b")
    ]
    titles = [table.title for table in tables.pair_tables(Comparison(made, [], rows, rows))]
    assert titles == ["x against y, linear", "x against y, funnel"]
    (table,) = tables.pair_tables(Comparison(made[:1], [], rows, rows))
    assert table.title == "x against y"
