"""Gates and histories by the command line, on stored campaigns."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from samplerbench.cli import common, main
from samplerbench.reports.gate_files import SUMMARY_VARIABLE
from tests.support import stored
from tests.support.rows import row, write_json


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gates") / "now"
    stored.campaign(folder).close()
    return folder


def test_a_campaign_is_no_worse_than_itself_and_its_exported_json(campaign, tmp_path, capsys):
    baseline = tmp_path / "baseline.json"
    assert main.main(["report", str(campaign), "--format", "json", "-o", str(baseline)]) == 0
    junit, summary = tmp_path / "gate.xml", tmp_path / "summary.md"
    for earlier in (campaign, baseline):
        files = ["--junit", str(junit), "--summary", str(summary)]
        command = ["compare", str(campaign), "--gate", str(earlier), *files]
        assert main.main(command) == common.EXIT_OK
    suite = ElementTree.parse(junit).getroot()[0]
    assert int(suite.get("tests")) == 7 and suite.get("failures") == "0"
    assert summary.read_text().count("7 of 7 pass") == 2
    assert "would have shown" in capsys.readouterr().out


def test_a_campaign_that_is_worse_exits_1(campaign, tmp_path, capsys):
    good = row(sampler="shifted_one", warmup=100, draws=stored.DRAWS)
    baseline = write_json(tmp_path / "b.json", [good])
    assert main.main(["compare", str(campaign), "--gate", str(baseline)]) == common.EXIT_FAILED
    out = capsys.readouterr().out
    assert "shifted_one, linear on pinned: fails" in out and "was honest" in out


def test_options_of_a_gate_without_one_are_refused(campaign, capsys):
    for options in (["--junit", "a.xml"], ["--slower", "2"], ["--gate", "b", "--slower", "0.5"]):
        assert main.main(["compare", str(campaign), *options]) == common.EXIT_USAGE
    assert "expected: --gate BASELINE" in capsys.readouterr().err


def test_a_history_reads_campaigns_and_exported_rows_in_the_order_given(campaign, tmp_path, capsys):
    old = row(sampler="honest_one", warmup=100, draws=stored.DRAWS, versions={"jax": "0.4.20"})
    earlier = write_json(tmp_path / "v1.json", [old])
    page = tmp_path / "history.html"
    assert main.main(["history", str(earlier), str(campaign)]) == common.EXIT_OK
    assert "over 2 campaign(s)" in capsys.readouterr().out
    command = ["history", str(earlier), str(campaign), "--format", "html", "-o", str(page)]
    assert main.main(command) == common.EXIT_OK and "<svg" in page.read_text()
    assert json.loads(earlier.read_text())[0]["versions"] == {"jax": "0.4.20"}


@pytest.mark.process
def test_a_run_in_a_pipeline_writes_what_its_gate_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(SUMMARY_VARIABLE, str(tmp_path / "summary.md"))
    options = ["--sampler", "exact_iid", "--env", "current", "--replicates", "16", "--draws", "50"]
    files = ["--junit", str(tmp_path / "gate.xml"), "--out", str(tmp_path / "run"), "--quiet"]
    command = ["run", *options, "--blocks", "1", "--gate", "broken", *files]
    assert main.main(command) == common.EXIT_FAILED
    assert "samplerbench: gate: exact_iid" in capsys.readouterr().err
    assert ElementTree.parse(tmp_path / "gate.xml").getroot()[0].get("failures") == "1"
    assert "0 of 1 pass" in (tmp_path / "summary.md").read_text()
