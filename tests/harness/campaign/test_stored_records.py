"""Records are checked field by field as they are read; the first misfit is named."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import pytest

from samplerbench.harness.campaign import store_queries, stored_records
from samplerbench.harness.campaign.draws_digest import DrawsDigests
from samplerbench.harness.record_fields import explain_misfit, make_check
from samplerbench.harness.records import Result, Trial, to_json
from samplerbench.harness.run_cost import RunCost
from samplerbench.harness.scoring import stored_scores
from tests.support import stored


def test_records_that_were_written_fit():
    assert explain_misfit(Trial, asdict(stored.TRIAL)) == ""
    assert explain_misfit(Result, asdict(stored.result())) == ""
    assert stored_records.parse_trial(stored.TRIAL.id, to_json(stored.TRIAL)) == stored.TRIAL
    odd = stored.result(runs={"warm_s": [math.nan, math.inf]})
    assert stored_records.parse_result(to_json(odd)).runs["warm_s"][1] == math.inf


@pytest.mark.parametrize(
    ("hint", "good", "bad"),
    [
        (int, [1], [True, 1.0, "1", None]),
        (float, [1, 1.5], [True, "1", None]),
        (float | None, [1, None], [False, []]),
        (dict[str, int], [{}, {"a": 1}], [[], {"a": 1.5}, {"a": True}]),
        (list[dict[str, float | None]], [[], [{"a": None}]], [{}, [1], [{"a": "b"}]]),
        (str | list[str], ["a", ["a"]], [1, None]),
    ],
)
def test_values_of_json_are_told_by_their_types(hint, good, bad):
    check = make_check(hint)
    assert all(check(value) for value in good) and not any(check(value) for value in bad)


@pytest.mark.parametrize("field", ["settings", "model_options"])
@pytest.mark.parametrize("value", [{"a": {"b": [1]}}, {"a": [1]}, [], "a=1"])
def test_settings_and_options_are_single_values(field, value):
    record = {**asdict(stored.TRIAL), field: {"a": 1, "b": None, "c": "x", "d": 0.5, "e": True}}
    assert explain_misfit(Trial, record) == ""
    assert explain_misfit(Trial, {**record, field: value}).startswith(f"its {field!r} is ")


def test_a_damaged_trial_is_told_of_and_the_others_are_read():
    rows = [("a", "{"), (stored.TRIAL.id, to_json(stored.TRIAL))]
    told = {}
    assert list(store_queries.read_trials(rows, told.__setitem__)) == [stored.TRIAL]
    assert "not JSON" in str(told["a"])


def test_scores_have_numbers_where_columns_are_numbers():
    good = {"columns": {"ess": 1.5, "verdict": "honest"}, "missing": {}}
    assert stored_records.parse_scores(json.dumps(good)) == good
    for columns in ({"ess": "x"}, {"ess_lo": "x"}, {"verdict": 1}):
        with pytest.raises(ValueError, match="no scores: their"):
            stored_scores.check_scores({"columns": columns, "missing": {}})


def test_a_digest_is_made_anew_once_a_file_has_changed(tmp_path):
    digests, file = DrawsDigests(), tmp_path / "draws.npz"
    assert "can't be read: No such file" in digests.explain_misfit(file, "")
    file.write_bytes(b"one")
    assert digests.explain_misfit(file, "") == ""
    assert "has another digest" in digests.explain_misfit(file, "f" * 64)
    expected = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert digests.explain_misfit(file, expected) == ""
    file.write_bytes(b"two!")
    assert "has another digest" in digests.explain_misfit(file, expected)


def test_a_cost_that_no_run_has_is_no_fact():
    whole = RunCost(wall_s=2.0).end()
    assert stored_records.parse_fact("cost", json.dumps(whole)) == whole
    for harm in ({"cores": 0}, {"wall_s": -1.0}, {"rest_cpu_s": math.inf}, {"prepare_s": 10**400}):
        with pytest.raises(ValueError, match="is no 'cost' of a campaign"):
            stored_records.parse_fact("cost", json.dumps({**whole, **harm}))
    with pytest.raises(ValueError, match="is no 'cost' of a campaign"):
        stored_records.parse_fact("cost", '{"wall_s": 1.0}')


def test_a_trial_with_a_setting_beyond_64_bits_is_the_one_that_its_name_says():
    trial = stored.trial("exact_iid", settings={"most": 10**25})
    stored_records.check_trial(trial.id, to_json(trial))
