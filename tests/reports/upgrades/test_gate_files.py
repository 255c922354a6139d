"""What a gate writes for a pipeline: valid XML, and markdown of one row a case."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.scoring.ci_gate import Case, check_rows
from samplerbench.reports import gate_files
from tests.support.rows import row
from tests.support.stored import NASTY

CASES = [
    Case("numpyro_nuts", "linear on pinned", note="honest: why"),
    Case(NASTY, "linear", failure=f"biased: {NASTY}", note=NASTY),
]


def test_junit_has_a_case_a_row_and_a_failure_for_each_that_fails():
    root = ElementTree.fromstring(gate_files.as_junit(CASES, "a title"))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("name")) == ("2", "1", "a title")
    good, bad = suite.findall("testcase")
    assert good.get("classname") == "linear on pinned" and good.find("failure") is None
    assert good.findtext("system-out") == "honest: why"
    assert bad.find("failure").text.startswith("biased: <script>") and "\x1b" not in bad.get("name")


def test_the_summary_counts_and_shows_every_case_without_markup_of_its_own():
    text = gate_files.as_summary(CASES, "run")
    assert text.startswith("### run: 1 of 2 pass\n") and "<script>" not in text
    assert "| numpyro\\_nuts | linear on pinned | passes | honest: why |" in text
    assert sum(line.startswith("|") for line in text.splitlines()) == 4


def test_files_are_written_and_a_job_of_github_gets_its_summary(tmp_path, monkeypatch):
    monkeypatch.delenv(gate_files.SUMMARY_VARIABLE, raising=False)
    gate_files.write_files(CASES, "a", tmp_path / "j.xml", None)
    assert ElementTree.parse(tmp_path / "j.xml").getroot().tag == "testsuites"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["j.xml"]
    monkeypatch.setenv(gate_files.SUMMARY_VARIABLE, str(tmp_path / "s.md"))
    for title in ("first", "second"):
        gate_files.write_files(CASES, title, None, None)
    assert (tmp_path / "s.md").read_text().count("###") == 2  # steps share the file


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UsageError, match="--junit or --summary"):
        gate_files.write_files(CASES, "a", tmp_path / "none" / "j.xml", None)


def test_a_case_says_what_its_replicates_would_have_shown():
    rows = [row(power="errors 1.4 times those claimed"), row("biased", sampler="b")]
    good, bad = check_rows(rows, ["honest"])
    assert good.note.endswith("would have shown (95 %): errors 1.4 times those claimed")
    assert bad.failure == "biased, not honest: why biased"


def test_a_full_disk_is_told_with_the_file_that_it_stopped():
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with pytest.raises(UsageError, match="can't write '/dev/full': No space left on device"):
        gate_files.write_files(CASES, "a title", Path("/dev/full"), None)
