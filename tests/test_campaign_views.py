"""What a campaign shows in Python: its sentence, tables, figures, and itself below a cell."""

from __future__ import annotations

import contextlib
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import samplerbench
from samplerbench.errors import StoreError, UsageError
from samplerbench.harness.campaign.store import Store
from samplerbench.reports.figures import gallery, plot
from samplerbench.reports.pages import notebook
from samplerbench.reports.tables.campaign_table import MAIN
from samplerbench.reports.tables.selection import choose_columns
from tests.support import stored

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # locks of folders left open
]


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views") / "c"
    stored.campaign(folder).close()
    with samplerbench.load(folder) as reader:
        yield reader


def test_the_sentence_is_the_one_of_its_page(campaign):
    from samplerbench.reports import summary

    sentence = summary.summarise(campaign.rows(), 8)
    assert "\x1b" in sentence and campaign.summary() == sentence.replace("\x1b", "\\x1b")
    assert campaign.summary().startswith("Shown honest: ")


def test_the_table_has_the_main_columns_all_or_those_asked_for(campaign):
    table = campaign.table()
    assert list(table) == [*MAIN, "status", "reason"]  # since not all ended ok
    assert table["reason"][table["status"] != "ok"].all()
    assert list(campaign.table("all")) == choose_columns(None)  # as in CSV
    chosen = campaign.table(columns=["rhat", "sampler", "comparable"])
    assert list(chosen) == ["rhat", "sampler", "comparable"]
    rows = campaign.rows()
    assert list(chosen["sampler"]) == [row["sampler"] for row in rows]
    assert list(campaign.table("verdict")["verdict"]) == [row["verdict"] for row in rows]


def test_a_column_that_is_named_twice_is_there_once_and_an_index_of_names_does(campaign):
    import pandas

    assert campaign.table(["verdict", "verdict"]).shape == (len(campaign.rows()), 1)
    assert list(campaign.table(pandas.Index(["rhat", "sampler"]))) == ["rhat", "sampler"]


def test_a_pickled_campaign_is_opened_again_from_its_folder(campaign):
    with pickle.loads(pickle.dumps(campaign)) as again:
        assert again.folder == campaign.folder and again.summary() == campaign.summary()
        assert again.store is not campaign.store


def test_a_column_that_is_not_there_is_refused_with_the_nearest(campaign):
    with pytest.raises(UsageError, match="did you mean 'rhat'"):
        campaign.table(columns=["rhta"])
    with pytest.raises(UsageError, match="no column is named"):
        campaign.table([])


def test_it_names_its_folder_and_how_far_it_is(campaign):
    assert repr(campaign) == f"<Campaign '{campaign.folder}': 7 of 8 trials finished>"


def test_a_closed_campaign_says_so_and_how_to_open_it_again(campaign):
    closed = samplerbench.load(campaign.folder)
    closed.close()
    closed.close()
    assert repr(closed) == f"<Campaign '{campaign.folder}': closed>"
    assert "closed&gt;" in closed._repr_html_()
    for ask in (closed.rows, closed.summary, closed.table, lambda: closed.frame("honest_one")):
        with pytest.raises(StoreError, match=r"is closed\n  expected: .*samplerbench.load"):
            ask()


def test_a_cell_shows_the_sentence_and_the_twelve_columns_and_names_as_text(campaign):
    html = campaign._repr_html_()
    assert html == notebook.render(campaign)
    assert campaign.summary().split(":")[0] in html
    headings = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', html)
    assert len(headings) == 12 and "sampler" in headings[0]
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_a_campaign_without_a_result_shows_itself_too(tmp_path):
    from samplerbench.harness.campaign.store import Store

    Store.create(tmp_path / "c").close()
    with samplerbench.load(tmp_path / "c") as empty:
        assert "This campaign holds no trial." in empty._repr_html_()
        assert len(empty.table()) == len(empty.table("all")) == 0


def test_every_figure_of_a_page_is_drawn_by_its_name(campaign):
    drawn = []
    for figure in gallery.FIGURES:
        if figure.name == "corner":  # ChainConsumer is no requirement
            continue
        sampler = None if figure.draw else "honest_one"
        made = campaign.plot(figure.name, sampler)
        assert isinstance(made, Figure)
        drawn.append(figure.name)
    assert {"ess", "evidence", "speed", "ranks", "traces"} <= {*drawn}


def test_rows_of_one_sampler_are_drawn_by_what_tells_them_apart(tmp_path):
    with contextlib.closing(Store.create(tmp_path / "c")) as store:
        both = [stored.trial("honest_one", environment=name) for name in ("pinned", "latest")]
        store.add_trials(both)
        for one in both:
            stored.commit_result(store, one, stored.result())
    with samplerbench.load(tmp_path / "c") as campaign:
        for name in ("ess", "ranks"):
            assert isinstance(campaign.plot(name), Figure)


def test_a_notebook_is_given_the_picture(campaign):
    assert campaign.plot("ess")._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "esss"}, "did you mean 'ess'.*\n.*known figures: corner, data-sets"),
        ({"name": "ess", "sampler": "honest_one"}, "expected: none, it shows them all"),
        ({"name": "corner"}, "expected: sampler= one of honest_one, quick_one"),
        ({"name": "corner", "sampler": "honest"}, "did you mean 'honest_one'"),
        ({"name": "ess", "model": "banana"}, "no model in this figure is called 'banana'"),
    ],
)
def test_what_is_no_figure_is_refused_with_what_there_is(campaign, options, text):
    with pytest.raises(UsageError, match=text):
        campaign.plot(**options)


@pytest.mark.parametrize("given", [3, None, ["ess"], {}, b"ess"])
def test_what_is_no_name_is_refused_as_one_that_is_not_there(campaign, given):
    said = re.escape(f"is called {given!r}\n  known ")
    with pytest.raises(UsageError, match=f"no figure {said}figures: corner"):
        campaign.plot(given)
    for read in (campaign.draws, campaign.frame):
        with pytest.raises(UsageError, match=f"no sampler in this campaign {said}samplers in"):
            read(given)
    for columns in ([given], given if isinstance(given, (int, bytes)) else [given]):
        with pytest.raises(UsageError, match=f"no column {said}columns: accept_prob"):
            campaign.table(columns)


def test_what_is_no_path_is_refused(campaign):
    for refused, given in (
        ("folder", lambda: samplerbench.load(3)),
        ("style", lambda: campaign.plot("ess", style=3)),
        ("out", lambda: samplerbench.run(model="linear", out=3)),
        ("out", lambda: samplerbench.judge({"m": [[[0.0]]]}, model="linear", out=3)),
    ):
        with pytest.raises(UsageError, match=f"{refused}=3\n  expected: a path"):
            given()


def test_a_figure_with_nothing_to_show_names_those_that_have(campaign, monkeypatch):
    figures = [replace(figure, applies=lambda scene: False) for figure in plot.FIGURES[:2]]
    monkeypatch.setattr(plot, "FIGURES", (*figures, *plot.FIGURES[2:]))
    with pytest.raises(UsageError, match="nothing for figure 'ess'.*\n.*another of speed"):
        campaign.plot("ess")


def test_it_is_closed_at_the_end_of_its_block(tmp_path):
    stored.campaign(tmp_path / "c").close()
    with samplerbench.load(Path(tmp_path / "c")) as reader:
        assert reader.store.count_trials() == 8
    with pytest.raises(StoreError, match="is closed"):
        reader.store.count_trials()
