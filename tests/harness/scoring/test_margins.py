"""Margins are read, kept with a campaign, and decide what is shown to be honest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samplerbench.cli.main import build_parser
from samplerbench.errors import UsageError
from samplerbench.harness.campaign.campaign import Campaign, load
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.plan_options import check_options
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.scoring.margins import DEFAULT, Margins, read_margins
from samplerbench.harness.scoring.verdict import judge
from tests.support import stored
from tests.support.summaries import ideal


def test_margins_are_read_in_any_number_of_words():
    wanted = Margins(calibration=1.2, bias=0.1, log_z=1.0)
    assert read_margins(["calibration=1.2,bias=0.1", "log_z=1"]) == wanted
    assert read_margins(str(wanted).split(",")) == wanted
    assert check_options({"margin": {"sd": 0.1}}, "here")["margin"] == ("sd=0.1",)


def test_commands_that_judge_take_margins():
    for words in (["run"], ["judge", "a.npz"]):
        args = build_parser().parse_args([*words, "--margin", "bias=0.1", "--model", "linear"])
        assert args.margin == ["bias=0.1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("calibraton=1.2", "did you mean 'calibration'"),
        ("calibration=1", "a number above 1, as in calibration=1.35"),
        ("bias=-1", "a number above 0, as in bias=0.05"),
        ("bias=much", "margin bias=much"),
        ("sd", "margin sd="),
        ("log_z=inf", "margin log_z=inf"),
        ("sd=0.1,sd=0.2", "'sd' is set twice in 'margin'"),
    ],
)
def test_a_margin_that_is_none_is_refused_before_anything_runs(text, message):
    with pytest.raises(UsageError, match=message):
        Plan(margin=(text,))


def test_the_margin_decides_what_is_shown_and_what_is_accused():
    summary = ideal(64)
    summary = replace(summary, se=summary.se / 1.5)  # errors 1.5 times the claimed ones
    assert judge(summary).verdict in ("undecided", "overconfident")
    wide = replace(summary, margins=Margins(calibration=2.5, log_z=2.0, bias=0.2, sd=0.2))
    found = judge(wide)
    assert found.verdict != "overconfident" and "honest is below 2.5" not in found.reason
    narrow = replace(summary, margins=Margins(calibration=1.05))
    assert judge(narrow).verdict == "overconfident"
    assert DEFAULT.accused_calibration == pytest.approx(1.15)
    assert (DEFAULT.place, DEFAULT.width) == pytest.approx((0.025, 0.025))


def test_margins_of_a_campaign_without_results_are_kept_without_a_word(tmp_path, capsys):
    with Campaign(Store.create(tmp_path / "c")) as campaign:
        campaign.store.add_trials([stored.trial("honest_one")])
        campaign.trial_scores.set_margins(["calibration=1.05"])
        assert campaign.store.fact("margin") == ["calibration=1.05"]
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_campaign_keeps_its_margins_and_a_later_report_uses_them(tmp_path, capsys):
    with stored.campaign(tmp_path / "c") as campaign:
        before = {row["sampler"]: row for row in campaign.rows()}
        assert before["honest_one"]["margins"] == "calibration=1.35,bias=0.05,sd=0.06,log_z=0.5"
        assert before["honest_one"]["verdict"] == "honest"
        campaign.trial_scores.set_margins(["calibration=1.05"])
        finished = campaign.store.count_finished()
        assert f"{finished} rows of {tmp_path / 'c'}, judged anew by" in capsys.readouterr().err
        row = campaign.rows()[0]
        assert row["margins"].startswith("calibration=1.05,") and row["verdict"] == "undecided"
        assert "honest is below 1.05" in row["verdict_reason"]
    with load(tmp_path / "c") as campaign:
        assert campaign.rows()[0]["verdict"] == "undecided"
