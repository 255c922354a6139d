"""The page: what it says, that it is one file, and how it behaves in a real browser."""

from __future__ import annotations

import base64
import hashlib
import html
import pathlib
import re
import time

import pytest

from samplerbench.cli.main import main
from samplerbench.harness.campaign.store import Store
from samplerbench.reports import report
from samplerbench.reports.figures import (
    ess,
    figure_data,
    gallery,
    model_graph,
    seconds,
    style,
)
from samplerbench.reports.figures.figure import Figure, Picture, Section
from samplerbench.reports.pages import campaign_page, template
from samplerbench.reports.tables.cells import MARK_MEANING
from tests.support import browser, stored
from tests.support.marks import needs_corner
from tests.support.outline import Outline, assert_closed, assert_readable

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # locks of folders left open


@pytest.fixture(scope="module")
def made(campaign) -> str:
    return report.write_page(campaign).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(made) -> Outline:
    return Outline(made)


# -- one file ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_page_is_one_small_file_that_names_no_address(made, outline):
    assert len(made.encode()) < 5_000_000
    assert_closed(made, outline)


@pytest.mark.slow
def test_only_the_page_s_own_script_may_run(made):
    (script,) = re.findall(r"<script>(.*?)</script>", made, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in made and "default-src 'none'" in made


@pytest.mark.slow
def test_the_mark_behind_a_number_is_explained_where_no_pointer_hovers(made):
    assert ('">*</span>' in made) and f">{MARK_MEANING}.</p>" in html.unescape(made)


@pytest.mark.slow
def test_the_same_campaign_gives_the_same_bytes(campaign, monkeypatch):
    monkeypatch.setattr(figure_data, "MOST_SERIES", 1)
    made = report.render(campaign, report.ReportOptions("html"))
    assert report.render(campaign, report.ReportOptions("html")) == made


# -- what it says --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_verdict_stands_on_top_in_one_sentence(made):
    top = made[: made.index("<main>")]
    assert "Shown honest: honest_one, quick_one and nested_one" in top
    assert "1 of 8 trials have no result yet" in top


@pytest.mark.slow
@needs_corner
def test_nothing_was_left_undrawn(made):
    assert "not drawn" not in made and "cannot be read" not in made
    for title in (
        "Claimed against realised",
        "Measured error against cost",
        "Seconds for many data",
        "Seconds of each part",
        "Log evidence",
        "Data, truth and posterior",
        "Ranks of",
        "Traces",
        "Posterior of shifted_one",
    ):
        assert title in made, title


@pytest.mark.slow
def test_names_and_errors_come_out_as_text(made, outline):
    assert "<script>alert" not in made and "\x1b" not in made
    assert 'note=<script>alert(1)</script> "quoted"' in "".join(outline.words)


@pytest.mark.slow
def test_a_failure_is_told_with_its_reason_and_the_end_of_its_log(made):
    told = made[made.index('id="failures"') :]
    assert "no gradient here" in told and "Traceback" in told


@pytest.mark.slow
def test_a_speed_that_is_not_comparable_is_marked(made):
    line = made[made.index('data-key="shifted_one"') :]
    assert re.search(r"\d<span title=\"\* not comparable", line[: line.index("</tr>")])


@pytest.mark.slow
def test_the_day_of_the_runs_is_told_in_utc(campaign, made):
    first, last = campaign.store.time_span()
    assert first <= last
    day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(first))
    assert re.search(rf"<dt>run</dt><dd>{day}.* UTC</dd>", made)


@pytest.mark.slow
def test_the_command_that_makes_it_again_runs_the_same_trials(campaign, made):
    from samplerbench.cli.main import build_parser
    from samplerbench.reports.provenance import list_commands

    (line,) = list_commands(campaign, campaign.store.trials())
    words = __import__("shlex").split(line)
    given = build_parser().parse_args(words[1:])
    assert given.sampler == [trial.label for trial in campaign.store.trials()]
    assert (int(given.replicates), given.draws) == (stored.REPLICATES, stored.DRAWS)
    assert "samplerbench run" in made


@pytest.mark.slow
def test_a_page_spells_the_defaults_out_and_leaves_the_machine_out_where_asked(
    campaign, monkeypatch
):
    monkeypatch.setattr(gallery, "FIGURES", ())
    campaign.store.set_fact("command", f"samplerbench run --data {pathlib.Path.home()}/x.csv")
    made = report.render(campaign, report.ReportOptions("html"))
    assert f"{pathlib.Path.home()}/x.csv" in made and "<dt>host</dt><dd>here</dd>" in made
    assert f"--chains 1 --warmup 100 --draws {stored.DRAWS} --seed 0 --env pinned" in made
    hidden = report.render(campaign, report.ReportOptions("html", anonymous=True))
    assert "run --data x.csv" in hidden and "<dt>host</dt>" not in hidden
    command = "samplerbench run --model /w/a/m.py:f --env new=/w/e --out '/w/my runs/one'"
    campaign.store.set_fact("command", command)
    for form in ("html", "json"):
        hidden = report.render(campaign, report.ReportOptions(form, anonymous=True))
        assert "--model m.py:f --env new=e --out one" in hidden
    campaign.store.set_fact("command", None)
    for anonymous in (False, True):
        given = report.ReportOptions("json", anonymous=anonymous)
        assert ('"host"' in report.render(campaign, given)) is not anonymous


def test_a_figure_costs_one_module_named_in_the_tuple(campaign, monkeypatch):
    """It is drawn where it applies alone, with its own heading; one that fails is told."""

    def draw(scene) -> Picture:
        figure, _ = style.make_grid([1.0])
        return Picture(figure, f"Words on {scene.label}, long enough for a page.", "How to read it")

    def fail(scene) -> Picture:
        raise ValueError("no such draws")

    mine = Figure("mine", "A figure of mine", Section.COST, lambda scene: True, draw)
    elsewhere = Figure("other", "Of other models", Section.COST, lambda scene: False, draw)
    broken = Figure("broken", "Never drawn", Section.DRAWS, lambda scene: True, fail)
    monkeypatch.setattr(gallery, "FIGURES", (mine, elsewhere, broken))
    told = report.render(campaign, report.ReportOptions("html"))
    assert "<h4>A figure of mine</h4>" in told and "Words on linear" in told
    assert "Of other models" not in told
    assert "broken: not drawn: ValueError: no such draws" in told


def test_every_figure_module_is_in_the_tuple():
    folder = pathlib.Path(gallery.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "FIGURE = Figure(" in path.read_text()}
    assert modules == {module.__name__.rpartition(".")[2] for module in gallery.MODULES}


# -- for every reader ----------------------------------------------------------------------------


@pytest.mark.slow
@needs_corner
def test_every_figure_has_words_and_every_heading_and_table_its_place(outline):
    assert_readable(outline, figures=13)
    assert outline.headings[0] == 1 and outline.headings.count(1) == 1


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_stand_out_from_the_page_and_marks_too(theme):
    """WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for marks (1.4.11)."""
    blocks = re.findall(r":root \{(.*?)\}", (template.HERE / "page.css").read_text(), flags=re.S)
    colors = dict(re.findall(r"--(\w+): (#\w{6})", blocks[theme]))
    series = {k: v for k, v in colors.items() if re.fullmatch(r"s\d", k)}
    if theme == 0:
        found = style.STYLE.read_text()
        found = re.findall(r"'([0-9a-f]{6})'", found)
        series = {f"s{i}": f"#{color}" for i, color in enumerate(found)}
    assert len(series) == 8
    for ground in (colors["page"], colors["card"]):
        for name in ("ink", "soft", "link", "good", "bad", "warn"):
            assert contrast(colors[name], ground) >= 4.5, name
        for name, color in series.items():
            assert contrast(color, ground) >= 3, name


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# -- odd campaigns -------------------------------------------------------------------------------


@pytest.mark.slow
@needs_corner
def test_draws_that_are_lost_or_garbage_are_told_and_the_rest_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(figure_data, "MOST_SERIES", 3)
    with stored.campaign(tmp_path / "c") as one:
        first, second = one.store.trials()[:2]
        one.rows()  # scored before the files are hurt
        one.store.draws_path(first.id).unlink()
        one.store.draws_path(second.id).write_bytes(b"PK\x03\x04 garbage")
        told = report.render(one, report.ReportOptions("html"))
    assert told.count("cannot be read") == 2
    assert "Posterior of shifted_one" in told


def test_many_models_are_drawn_up_to_a_number_that_is_said(campaign, monkeypatch):
    monkeypatch.setattr(gallery, "MOST_MODELS", 0)
    told = report.render(campaign, report.ReportOptions("html"))
    assert "Figures are drawn for the first 0 models; 1 more" in told
    assert "<svg" not in told


@pytest.mark.slow
def test_a_page_that_would_be_too_large_leaves_figures_out_and_says_so(campaign, made, monkeypatch):
    monkeypatch.setattr(campaign_page, "MOST_BYTES", len(made.encode()) - 1)
    told = report.render(campaign, report.ReportOptions("html"))
    assert "1 figures are left out, which would make this page too large" in told
    assert told.count("<svg") == made.count("<svg") - 1 and "Posterior of exact_iid" not in told
    monkeypatch.setattr(campaign_page, "MOST_BYTES", 0)
    assert (
        report.render(campaign, report.ReportOptions("html")).count("<svg") <= 1
    )  # the model's graph


@pytest.mark.slow
@needs_corner
def test_a_model_without_an_exact_answer_gets_its_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(figure_data, "MOST_SERIES", 1)
    with stored.unscored_campaign(
        tmp_path / "c", model="/no/where.py:mine", model_digest="0"
    ) as one:
        told = report.render(one, report.ReportOptions("html"))
    assert "no exact answer" in told and "Ranks of the draws" in told
    assert "not drawn" not in told and "which a report does not run" in told


@pytest.mark.slow
def test_figures_are_written_in_three_formats_with_a_style_on_top(
    campaign, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(gallery, "FIGURES", (ess.FIGURE, seconds.FIGURE))  # two are enough here
    style = tmp_path / "mine.mplstyle"
    style.write_text("axes.facecolor: fedcba\n")
    given = ["report", str(campaign.folder), "--figures", str(tmp_path / "f")]
    table = tmp_path / "table.md"
    also = ["--format", "markdown", "-o", str(table)]  # and the table that is asked for with them
    assert main([*given, "--style", str(style), *also]) == 0
    assert "| sampler |" in table.read_text()
    names = sorted(path.name for path in (tmp_path / "f").iterdir())
    assert {"ess.svg", "ess.pdf", "ess.png", "figures.md"} <= set(names)
    assert "#fedcba" in (tmp_path / "f" / "ess.svg").read_text()
    style.write_text("no.such.key: 3\n")
    assert main([*given, "--style", str(style)]) == 2
    assert "is no matplotlib style" in capsys.readouterr().err


def test_a_row_that_failed_stands_in_the_sentence_of_its_problem(campaign):
    rows = campaign.rows()
    there = [{**row, "environment": "elsewhere"} for row in rows if row["status"] != "ok"]
    head = campaign_page._prepare_head(8, [*rows, {**rows[0], "environment": "elsewhere"}, *there])
    (_, said), (_, told) = head["problems"]
    assert "failed_one" in said and "declined_one" in told


def test_an_empty_campaign_s_page_says_so(tmp_path):
    from samplerbench.harness.campaign.campaign import Campaign

    with Campaign(Store.create(tmp_path / "c")) as one:
        assert "This campaign holds no trial." in report.render(one, report.ReportOptions("html"))


# -- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(made, tmp_path_factory):
    return browser.open_page(made, tmp_path_factory.mktemp("browser"), "cold_s")


@pytest.mark.browser
@pytest.mark.process
def test_a_press_on_a_heading_sorts_and_the_browser_asks_for_nothing(seen):
    browser.assert_sorts_and_stays_shut(seen, "cold_s")
    assert seen["up"][-2:] == ["", ""]  # failed and declined


@pytest.mark.browser
@pytest.mark.process
def test_on_a_phone_and_a_desk_in_light_and_dark_the_page_passes_an_accessibility_audit(seen):
    browser.assert_accessible(seen)


@pytest.mark.browser
@pytest.mark.process
def test_what_is_wrong_with_a_page_is_seen(made, tmp_path):
    """The judge of pages is judged: a page with planted faults is not let through."""
    bad = made.replace(' lang="en"', "", 1).replace("--soft: #57606a", "--soft: #b8bcc2", 1)
    bad = bad.replace("<main>", '<main><p style="width: 500px">wide</p><img src="http://[::1]:9/">')
    found = browser.open_page(bad, tmp_path, "cold_s")
    told = " ".join(found["audits"]["light", 390])
    for fault in ("html-has-lang", "color-contrast", "image-alt", "scrolls sideways: "):
        assert fault in told
    assert found["wide"] > 390 and any("Content Security Policy" in s for s in found["console"])


@pytest.mark.browser
@pytest.mark.process
@pytest.mark.parametrize("verdict", ["overconfident", "overcautious"])
def test_a_verdict_is_in_one_piece_on_a_phone(made, tmp_path, verdict):
    path = tmp_path / "page.html"
    cell = re.search(r'<td class="[^"]*" data-label="verdict" data-key="honest">\s*honest', made)
    path.write_text(made.replace(cell[0], cell[0].replace("honest", verdict)), encoding="utf-8")
    assert browser.count_lines(path, f"table.sortable tbody td.{verdict}", browser.PHONE) == 1


# -- the graph -----------------------------------------------------------------------------------


def test_without_graphviz_the_page_says_that_there_is_no_graph_and_why(monkeypatch):
    monkeypatch.setattr(model_graph.shutil, "which", lambda name: None)
    found = model_graph.Graph(stored.trial("any"))
    assert found.svg("words") is None and "no command dot" in found.why


@pytest.mark.skipif(
    bool(model_graph.missing_tools()),
    reason="graphviz (dot, and Python's graphviz) or NumPyro is not installed here",
)
def test_the_graph_is_drawn_by_numpyro_in_the_colours_of_the_page():
    shape = model_graph.Graph(stored.trial("any")).svg("words")
    assert shape.startswith("<svg viewBox=") and 'aria-label="words"' in shape
    assert shape.count("<ellipse") == 3 and "white" not in shape and "<title>" not in shape
