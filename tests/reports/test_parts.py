"""Parts of reports on their own: appendix, main table, split rows, scaling, what differs."""

from __future__ import annotations

import copy
import re

import pytest

from samplerbench.harness.scoring.columns import MAIN_COLUMNS
from samplerbench.reports.comparison import provenance_diff
from samplerbench.reports.pages import appendix, main_table
from samplerbench.reports.scaling import analysis
from samplerbench.reports.tables import by_parameter, csv_json
from samplerbench.reports.tables.notes import make_notes


def test_the_appendix_tells_each_failure_with_the_end_of_its_log(campaign, rows):
    values = appendix.prepare_appendix(campaign, rows, campaign.store.trials(), sections=1)
    failures = {failure["label"].partition(":")[0]: failure for failure in values["failures"]}
    assert set(failures) == {"failed_one", "declined_one"} and not values["more_failures"]
    assert failures["failed_one"]["log"].startswith("Traceback")
    assert failures["declined_one"]["reason"] == "no gradient here"
    assert "\x1b" not in failures["failed_one"]["log"]


def test_the_main_table_has_a_row_each_and_its_columns_in_groups(rows):
    table = main_table.prepare_main_table(rows, None)["table"]
    groups = [column.group for column in table.columns]
    assert len(table.rows) == len(rows)
    assert list(dict.fromkeys(groups)) == [
        name for name in main_table.GROUPS.values() if name in groups
    ]
    chosen = main_table.prepare_main_table(rows, ["calibration", "sampler"])["table"]
    assert len(chosen.columns) == 2 and len(chosen.rows[0]) == 2


def test_a_parameter_without_a_number_has_its_own_reason(campaign, rows):
    trial, row = campaign.store.trials()[0], rows[0]
    record = copy.deepcopy(campaign.scores(trial))
    record["parameters"]["c"]["realised_ess"] = [None, None, None]
    why = "the answer's own error, 0.3 sd, is as large"
    record["missing_by_parameter"] = {"c": {"realised_ess": why}}
    m, c = by_parameter.split_by_parameter([row], {trial.id: record})
    assert c["realised_ess"] is None and c["realised_ess_per_s"] is None
    assert c["missing"]["realised_ess"] == c["missing"]["realised_ess_per_s"] == why
    assert m["realised_ess_per_s"] and "realised_ess" not in m["missing"]
    del record["missing_by_parameter"]  # as of an older version
    _, c = by_parameter.split_by_parameter([row], {trial.id: record})
    assert c["missing"]["realised_ess_per_s"] == "this parameter's draws give no number"


def test_every_ess_over_a_cost_is_the_parameters_own(rows):
    ratios = [c.name for c in MAIN_COLUMNS if re.search(r"\b(realised_)?ess /", c.description)]
    costs = dict.fromkeys(ratios, 0.5)
    row = {**rows[0], **costs, "ess": 50.0, "realised_ess": 50.0, "warm_s": 100.0}
    record = {"parameters": {"m": {name: [100.0, 90.0, 110.0] for name in ("ess", "realised_ess")}}}
    (m,) = by_parameter.split_by_parameter([row], {row["trial"]: record})
    assert len(ratios) == 5 and {m[name] for name in ratios} == {1.0}


def test_a_fact_differs_where_its_sides_do():
    assert provenance_diff.Fact("jax", ("0.4.23", "0.10.2", "0.4.23")).differs
    assert not provenance_diff.Fact("jax", ("0.4.23", "0.4.23")).differs


def test_a_campaign_of_one_size_has_no_scaling(campaign, rows):
    assert analysis.analyse_campaign(campaign, rows) == []


def test_columns_written_as_numbers_hold_none_of_words(rows):
    assert any(row["termination"] for row in rows) and "termination" not in csv_json.NUMBERS
    assert csv_json.NUMBERS <= rows[0].keys()
    for row in rows:
        assert not [name for name in csv_json.NUMBERS if isinstance(row[name], str)]


@pytest.mark.parametrize(("blocks", "words"), [(2, "1 degree of"), (3, "2 degrees of")])
def test_the_note_on_seconds_counts_degrees_of_freedom(rows, blocks, words):
    (said,) = make_notes([{**rows[0], "blocks": blocks}], ["cold_s"])[-1:]
    assert said.endswith(f"by Student's t with {words} freedom")
