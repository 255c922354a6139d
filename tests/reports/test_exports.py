"""Rows for other programs: JSON as its schema says, and Parquet."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from samplerbench.cli.main import main
from samplerbench.harness.records import STATUSES
from samplerbench.reports import report
from samplerbench.reports.tables import csv_json, parquet, selection
from tests.support import stored


class Ends(NamedTuple):
    """Any tuple with names."""

    lo: float
    hi: float


SCHEMA = json.loads(Path(csv_json.__file__).with_name("report.schema.json").read_text())
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # locks of folders left open


def refuse(document) -> list[str]:
    """What the schema says against a document."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return [
        error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)
    ]


@pytest.mark.parametrize(
    "options", [{}, {"by_parameter": True}, {"sort": ["ess"]}, {"columns": ["sampler", "ess"]}]
)
def test_what_is_printed_is_what_the_schema_says(campaign, options):
    text = report.render(campaign, report.ReportOptions("json", **options))
    assert refuse(json.loads(text)) == []


def test_infinities_and_rows_without_a_campaign_fit_the_schema(campaign):
    row = {**campaign.rows()[0], "w1": math.inf, "settings": {"most": -math.inf}}
    for rows in ([row], []):
        text = "".join(csv_json.as_json(rows, selection.choose_columns(None, rows)))
        assert refuse(json.loads(text)) == []


def test_the_schema_refuses_what_is_not_its_own(campaign):
    document = json.loads(report.render(campaign, report.ReportOptions("json")))
    first = document["rows"][0]
    for other in (
        document["rows"],
        {**document, "schema": 2},
        {**document, "campaign": {}},
        {**document, "rows": [{**first, "status": "fine"}]},
        {**document, "rows": [{**first, "ess": [1.0]}]},
        {**document, "rows": [{**first, "missing": {"ess": 3}}]},
    ):
        assert refuse(other)


def test_the_schema_knows_this_number_and_every_status():
    assert SCHEMA["properties"]["schema"]["const"] == csv_json.SCHEMA
    assert SCHEMA["$defs"]["row"]["properties"]["status"]["enum"] == list(STATUSES)
    assert SCHEMA["$defs"]["row"]["properties"].keys() <= selection.BY_NAME.keys()


# -- Parquet ---------------------------------------------------------------------------------------


def test_parquet_holds_every_number_in_columns_named_as_those_of_csv(campaign, tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="needs samplerbench[parquet]")
    import pandas

    target = tmp_path / "rows.parquet"
    words = ["report", str(campaign.folder), "--format"]
    assert main([*words, "parquet", "-o", str(target)]) == 0
    assert main([*words, "csv"]) == 0
    table = pandas.read_parquet(target)
    assert {*table.columns} == {*capsys.readouterr().out.splitlines()[0].split(",")}
    rows = campaign.rows()
    for name in ("ess", "calibration", "cold_s"):
        assert table[name].dtype == "float64"
        found = [None if math.isnan(value) else value for value in table[name]]
        assert found == [row[name] for row in rows]
    assert list(table["settings.note"].dropna()) == [stored.NASTY]


def test_parquet_of_some_columns_and_mixed_settings_has_one_type_each(campaign):
    first, second, *_ = campaign.rows()
    rows = [{**first, "settings": {"size": 3}}, {**second, "settings": {"size": "all"}}]
    table = parquet.make_frame(rows, ["sampler", "settings", "ess"])
    assert list(table.columns) == ["sampler", "settings.size", "ess"]
    assert list(table["settings.size"]) == ["3", "all"]


@pytest.mark.parametrize("more", [[], ["--by", "size"]])
def test_parquet_without_a_file_to_write_to_is_refused(campaign, capsys, more):
    assert main(["report", str(campaign.folder), "--format", "parquet", *more]) == 2
    assert "expected: a campaign, and -o FILE.parquet" in capsys.readouterr().err


def test_parquet_without_pyarrow_names_the_extra(campaign, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    target = str(tmp_path / "rows.parquet")
    assert main(["report", str(campaign.folder), "--format", "parquet", "-o", target]) == 2
    assert "pip install 'samplerbench[parquet]'" in capsys.readouterr().err


def test_a_pyarrow_that_does_not_import_is_told_from_none(campaign, tmp_path, capsys, monkeypatch):
    (tmp_path / "pyarrow.py").write_text("raise ImportError('pyarrow requires NumPy 2.0')")
    monkeypatch.delitem(sys.modules, "pyarrow", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    target = str(tmp_path / "rows.parquet")
    assert main(["report", str(campaign.folder), "--format", "parquet", "-o", target]) == 2
    said = capsys.readouterr().err
    assert "pyarrow requires NumPy 2.0" in said and "pip install 'pyarrow<24'" in said


def test_parquet_into_a_folder_that_is_not_there_is_refused(campaign, tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="needs samplerbench[parquet]")
    target = str(tmp_path / "no" / "rows.parquet")
    assert main(["report", str(campaign.folder), "--format", "parquet", "-o", target]) == 2
    assert "can't be written" in capsys.readouterr().err


def test_what_json_writes_is_json_whatever_numbers_and_texts_a_row_has():
    row = {"settings": {"steps": 10**30, "file": "a\udc80.py", "rate": float("inf")}}
    (back,) = json.loads("".join(csv_json._list_rows([row], ["settings"])))
    assert back["settings"]["steps"] == 10**30 and back["settings"]["rate"] == "inf"
    nested = json.loads(csv_json.as_indented_json({"end": Ends(1.0, math.nan)}))
    assert nested == {"end": [1.0, None]}
