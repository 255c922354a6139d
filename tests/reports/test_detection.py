"""Replicates that find a flaw, in general and with a campaign's own ESS and times."""

from __future__ import annotations

import json
import re

import pytest

from samplerbench.cli.main import main
from samplerbench.errors import UsageError
from samplerbench.harness.scoring import power
from samplerbench.harness.scoring.power import plan_replicates, read_wanted
from samplerbench.reports import detection
from tests.support import stored


def test_flaws_are_read_with_their_sizes():
    wanted = read_wanted(["bias=0.1,calibration=1.3", "failures=1%"])
    assert wanted == {"bias": 0.1, "calibration": 1.3, "failures": 0.01}


@pytest.mark.parametrize("text", ["bias", "bias=0", "bias=-1", "failures=200%", "log_z=big"])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="a number above 0"):
        read_wanted([text])


@pytest.mark.parametrize(
    ("text", "words"),
    [("calibration=0.5", "above 1"), ("calibration=1", "above 1"), ("bias=1,bias=2", "twice")],
)
def test_what_is_no_flaw_and_what_is_wanted_twice_is_refused(text, words):
    with pytest.raises(UsageError, match=words):
        read_wanted([text])


def test_where_none_would_do_the_least_that_is_found_is_said():
    table = detection.plan_in_general({"calibration": 1.05, "bias": 0.1}, 1000, 2)
    (note,) = table.notes[1:]
    assert re.search(r"calibration: none would do, as [\d,]+ replicates, .* find 1\.1", note)
    least = power.find_least_size("calibration", 1000, 2)
    assert plan_replicates("calibration", least * 1.001, 1000, 2)


def test_a_plan_as_json_has_numbers_and_null_where_none_would_do(capsys, tmp_path):
    assert main(["plan", "--detect", "calibration=1.05,failures=1%", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    wanted = [
        ("calibration", 1.05, None),
        ("failures", 0.01, plan_replicates("failures", 0.01, 1000, 2)),
    ]
    assert [(r["flaw"], r["size"], r["replicates"]) for r in found["rows"]] == wanted
    assert any("none would do" in note for note in found["notes"])
    with stored.campaign(tmp_path / "c") as campaign:
        table = detection.plan_for_campaign({"calibration": 1.3}, campaign)
    for row in json.loads(detection.as_json(table))["rows"]:
        assert row["time_s"] > 0 and row["replicates"] > 16


@pytest.mark.parametrize("flaw", ["bias", "failures"])
def test_what_is_found_at_the_least_is_not_rounded_onto_what_is_wanted(flaw):
    digits = f"{power.find_least_size(flaw, 1000, 2):.3e}"
    wanted = float(f"{digits[:4]}{digits[5:]}")  # cut off at three digits, not rounded
    note = detection.plan_in_general({flaw: wanted}, 1000, 2).notes[-1]
    found = float(note.rpartition("find ")[2].removesuffix(" %")) / (100 if "%" in note else 1)
    assert found > wanted


def test_rows_of_several_models_are_told_apart(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        rows = campaign.rows()
        rows[0]["model"] = "another"
        campaign.rows = lambda: rows
        table = detection.plan_for_campaign({"calibration": 1.3}, campaign)
    assert len({row[0].text for row in table.rows}) == len(table.rows)
    assert any(row[0].text.endswith(" on another") for row in table.rows)


def test_small_flaws_take_more_replicates_and_more_draws_fewer():
    assert plan_replicates("bias", 0.07, 100, 2) > plan_replicates("bias", 0.07, 400, 2)
    assert plan_replicates("bias", 0.03, 100, 2) is None  # tolerated
    counts = [plan_replicates("calibration", size, 100, 2) for size in (2.0, 1.5, 1.3)]
    assert counts == sorted(counts) and plan_replicates("calibration", 1.15, 100, 2) is None
    assert plan_replicates("calibration", 1.5, 100, 50) > counts[1]
    assert 470 < plan_replicates("failures", 0.01, 100, 2) < 700


def test_what_is_planned_is_what_such_a_campaign_says_it_would_have_shown():
    count = plan_replicates("calibration", 1.4, 200, 2)
    # two parameters, two directions and the distance
    assert power.detect_calibration(count, power.ALPHA / 10, 1.15) <= 1.4


@pytest.mark.slow
def test_a_campaign_plans_with_its_own_draws_and_times(tmp_path, capsys):
    with stored.campaign(tmp_path / "c") as campaign:
        table = detection.plan_for_campaign({"calibration": 1.3, "failures": 0.01}, campaign)
    rows = {(row[0].text, row[1].text): [cell.text for cell in row[2:]] for row in table.rows}
    size, count, seconds = rows["honest_one", "calibration"]
    assert size == "1.3" and float(seconds) == pytest.approx(0.02 * int(count), rel=0.01)
    assert rows["nested_one", "failures"][:2] == [
        "1 %",
        str(plan_replicates("failures", 0.01, 9, 2)),
    ]
    assert any("failed_one" in note and "failed" in note for note in table.notes)
    assert main(["plan", str(tmp_path / "c"), "--detect", "bias=0.1"]) == 0
    assert main(["plan", "--detect", "bias=0.1", str(tmp_path / "c")]) == 0  # in either order
    assert "honest_one" in capsys.readouterr().out
    assert main(["plan", str(tmp_path / "c"), "--detect", "bias=0.1", "--ess", "9"]) == 2
    assert "a campaign has its own" in capsys.readouterr().err
    assert main(["plan", "--detect", "bias=0.1", "--parameters", "0"]) == 2


def test_without_a_campaign_a_run_is_worth_what_is_said(capsys):
    assert main(["plan", "--detect", "calibration=1.05,bias=0.06", "--ess", "100"]) == 0
    text = capsys.readouterr().out
    assert "2 parameters, runs worth 100 draws" in text and "none would do" in text


@pytest.mark.parametrize(
    "replicates, ends, words",
    [(2, (None, None), "several times off"), (8, (90.0, 160.0), "between 90.0 and 160")],
)
def test_a_forecast_of_few_replicates_says_how_uncertain_it_is(replicates, ends, words):
    row = {"sampler": "one", "settings": {}, "replicates": replicates}
    row |= {"ess_mean_lo": ends[0], "ess_mean_hi": ends[1]}
    doubt = detection.describe_doubt(row, "one")
    assert doubt.startswith("one: a rough forecast") and words in doubt
    assert f"once in {replicates}" in doubt
