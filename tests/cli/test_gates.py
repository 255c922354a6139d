"""Gates and histories by the command line, on stored campaigns."""

from __future__ import annotations

import json
import shutil
from xml.etree import ElementTree

import pytest

import samplerbench
from samplerbench.cli import common, main
from samplerbench.reports.gate_files import SUMMARY_VARIABLE
from tests.support import stored
from tests.support.rows import row, write_json


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gates") / "now"
    stored.campaign(folder).close()
    return folder


@pytest.mark.slow
def test_a_campaign_is_no_worse_than_its_copy_and_its_exported_json(campaign, tmp_path, capsys):
    baseline = tmp_path / "baseline.json"
    assert main.main(["report", str(campaign), "--format", "json", "-o", str(baseline)]) == 0
    junit, summary = tmp_path / "gate.xml", tmp_path / "summary.md"
    copy = shutil.copytree(campaign, tmp_path / "copy")
    for earlier in (copy, baseline):
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


def test_a_row_without_a_result_yet_is_told_as_such(campaign, tmp_path, capsys):
    good = row(sampler="shifted_one", warmup=100, draws=stored.DRAWS)
    baseline = write_json(tmp_path / "b.json", [good])
    now = shutil.copytree(campaign, tmp_path / "now")
    with samplerbench.load(now) as stopped:
        (trial,) = (t for t in stopped.store.trials() if t.sampler == "shifted_one")  # one had none
        stopped.store.delete_results([trial.id])
    assert main.main(["compare", str(now), "--gate", str(baseline)]) == common.EXIT_FAILED
    assert "there is no such row, and 2 of the campaign's trials have no result yet" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("option", ["--junit", "--summary"])
@pytest.mark.parametrize("command", [["run"], ["judge", "a.npz", "--model", "linear"]])
def test_files_of_a_gate_that_could_not_be_written_are_refused_first(
    command, option, tmp_path, capsys
):
    out = tmp_path / "out"
    for file in (tmp_path / "none" / "x", tmp_path):
        assert main.main([*command, "--out", str(out), option, str(file)]) == common.EXIT_USAGE
        assert f"{str(file)!r} can't be written" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("option", ["--junit", "--summary"])
@pytest.mark.parametrize("command", [["run"], ["judge", "a.npz", "--model", "linear"]])
def test_files_of_a_gate_that_there_is_none_are_refused(command, option, tmp_path, capsys):
    out, file = tmp_path / "out", tmp_path / "file"
    assert main.main([*command, "--out", str(out), option, str(file)]) == common.EXIT_USAGE
    told = f"{option} writes what a gate found, and there is none\n  expected: --gate VERDICT"
    assert told in capsys.readouterr().err
    assert not out.exists() and not file.exists()


def test_options_of_a_gate_without_one_are_refused(campaign, capsys):
    for options in (["--junit", "a.xml"], ["--slower", "2"], ["--gate", "b", "--slower", "0.5"]):
        assert main.main(["compare", str(campaign), *options]) == common.EXIT_USAGE
    assert "expected: --gate BASELINE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["compare", "NOW", "NOW"], "held against itself"),
        (["compare", "NOW", "--gate", "NOW"], "held against itself"),
        (["history", "NOW", "NOW"], "held against itself"),
        (["history", "NOW", "--slower", "0"], "--slower 0"),
        (["compare", "NOW", "--gate", "B", "--slower", "inf"], "--slower inf"),
        (["compare", "NOW", "--gate", "B", "-o", "x.csv"], "expected: --junit FILE"),
        (["compare", "NOW", "--gate", "EMPTY"], "holds no row"),
        (["compare", "NOW", "--gate", "B", "--reference", "x"], "--reference with --gate"),
        (["history", "EMPTY", "--format", "html"], "no row is in empty"),
        (["history", "NOW", "B", "--by-date"], "'b' does not say when its last result came"),
        (["history", "NOW", "none.json"], "'none.json': No such file"),
        (["compare", "NOW", "--gate", "none.json"], "`samplerbench report DIR --format json`"),
        (["compare", "NOW", "--gate", "none"], "is not a campaign: it does not exist"),
        (["history", "NOW", "TEXT"], "read the rows of a campaign from 'text.json': it is no JSON"),
        (["compare", "NOW", "--slower", "1"], "--slower without a gate"),
        (["plan", "--detect", "bias=0.1", "--ess", "-1"], "--ess -1\n  expected: a number above 0"),
        (["matrix", "--stored", "--into", "none.md"], "can't read 'none.md': No such file"),
        (["report", "NOW", "--columns", ""], "--columns '' names no column"),
        (["report", "NOW", "--sort", ","], "--sort ',' names no column"),
        (["report", "NOW", "--by", "size", "--columns", "verdict"], "--columns is for a table"),
        (["report", "NOW", "--draws", "d", "--sort", "verdict"], "--sort is for a table"),
        (["report", "--pytest-benchmark", "f.json", "--draws", "d"], "--pytest-benchmark and --dr"),
        (["report", "NOW", "--style", "ggplot"], "--style is for what has figures"),
        (["report", "NOW", "--style", "nope", "--figures", "f"], "known styles of matplotlib"),
    ],
)
def test_what_could_show_nothing_is_refused(
    options, words, campaign, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.json").write_text("m,c")
    write_json(tmp_path / "b.json", [row()])
    (tmp_path / "empty.json").write_text('{"schema": 1, "rows": []}')
    names = {"NOW": campaign, "B": tmp_path / "b.json", "EMPTY": tmp_path / "empty.json"}
    names["TEXT"] = "text.json"
    arguments = [str(names.get(word, word)) for word in options]
    assert main.main(arguments) == common.EXIT_USAGE
    assert words in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ending", "start"),
    [
        ("report", "html", "<!doctype html>"),
        ("report", "csv", "model,"),
        ("report", "tex", "% needs"),
        ("report", "json", '{"schema"'),
        ("compare", "csv", "row,reference,"),
        ("compare", "txt", ""),
        ("history", "html", "<!doctype html>"),
    ],
)
def test_the_ending_of_a_file_says_the_format(command, ending, start, campaign, tmp_path):
    file = tmp_path / f"out.{ending}"
    assert main.main([command, str(campaign), "-o", str(file)]) == common.EXIT_OK
    assert file.read_text().startswith(start)
    assert main.main([command, str(campaign), "--format", "table", "-o", str(file)]) == 0
    assert not start or not file.read_text().startswith(start)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ending"), [("report", "pdf"), ("report", "xlsx"), ("compare", "parquet")]
)
def test_a_file_of_a_kind_that_is_not_written_is_refused(
    command, ending, campaign, tmp_path, capsys
):
    file = tmp_path / f"out.{ending}"
    assert main.main([command, str(campaign), "-o", str(file)]) == common.EXIT_USAGE
    assert f"nothing is written as .{ending}\n  expected: a file in .csv" in capsys.readouterr().err
    assert not file.exists()
    assert main.main([command, str(campaign), "--format", "csv", "-o", str(file)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["report", "compare", "history"])
def test_what_is_printed_fits_a_narrow_terminal(command, campaign, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    assert main.main([command, str(campaign)]) == common.EXIT_OK
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40


def test_a_history_reads_campaigns_and_exported_rows_in_the_order_given(campaign, tmp_path, capsys):
    old = row(sampler="honest_one", warmup=100, draws=stored.DRAWS, versions={"jax": "0.4.20"})
    earlier = write_json(tmp_path / "v1.json", [old])
    page = tmp_path / "history.html"
    assert main.main(["history", str(earlier), str(campaign)]) == common.EXIT_OK
    assert "over 2 campaigns" in capsys.readouterr().out
    command = ["history", str(earlier), str(campaign), "--format", "html", "-o", str(page)]
    assert main.main(command) == common.EXIT_OK and "<svg" in page.read_text()
    assert json.loads(earlier.read_text())[0]["versions"] == {"jax": "0.4.20"}


def test_campaigns_of_one_name_are_told_apart_by_their_paths(campaign, tmp_path, capsys):
    copy = shutil.copytree(campaign, tmp_path / campaign.name)
    assert main.main(["history", str(campaign), str(copy), "--format", "markdown"]) == 0
    said = capsys.readouterr().out.replace("\\", "")  # markdown's
    assert "over 2 campaigns" in said and str(copy) in said and str(campaign) in said


def test_a_name_in_a_baseline_steers_no_terminal(campaign, tmp_path, capsys):
    file = write_json(tmp_path / "b.json", [row(sampler="red\x1b[31m")])
    assert main.main(["compare", str(campaign), "--gate", str(file)]) == common.EXIT_FAILED
    out = capsys.readouterr().out
    assert "\x1b" not in out and r"red\x1b[31m, linear on pinned: fails" in out


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
