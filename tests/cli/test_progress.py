"""What a run shows while it goes on: rows on a terminal, plain lines in a log, or nothing."""

from __future__ import annotations

import io

import pytest

from samplerbench.cli import progress
from samplerbench.harness.campaign.watcher import Watcher
from tests.support import stored


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    with stored.campaign(tmp_path_factory.mktemp("progress") / "c") as reader:
        reader.rows()
        yield reader


def shown(campaign, stream):
    """What was written of a run that goes through all of the campaign."""
    watcher = progress.choose_watcher(False, stream)
    trials = [t for t in campaign.store.trials() if t.id in campaign.store.statuses()]
    watcher.on_start(campaign, trials)
    for trial in trials:
        watcher.on_phase(trial, "sampling")
        watcher.on_result(trial, campaign.store.result(trial.id), 1.5)
    return stream.getvalue()


@pytest.mark.slow
def test_a_terminal_shows_a_row_for_each_trial_under_one_heading(campaign, monkeypatch):
    monkeypatch.setenv("COLUMNS", "130")
    monkeypatch.setenv("TERM", "xterm-256color")
    text = shown(campaign, Terminal())
    assert text.count("ESS claim") == 1 and "realised" in text
    for name in ("honest_one", "shifted_one", "nested_one", "failed_one"):
        assert name in text
    assert "\x1b[32mhonest" in text and "\x1b[31mbroken" in text  # green and red


def test_a_terminal_is_not_steered_by_a_reason_or_a_name(campaign, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "400")
    text = shown(campaign, Terminal())
    assert "<script>alert(1)</script>" in text and "\\x1b[31m" in text
    assert "\x1b[31m" not in text


def test_a_log_has_one_plain_line_a_trial_with_what_came_of_it(campaign):
    text = shown(campaign, io.StringIO())
    assert "\x1b" not in text
    lines = text.splitlines()
    assert len(lines) == 1 + 7 and lines[0].startswith("7 trial(s) to run in ")
    (honest,) = [line for line in lines if "] honest_one, " in line]
    assert "linear on pinned: honest, ESS 1" in honest and "0.0200 s warm; took 1.5 s" in honest
    (declined,) = [line for line in lines if "declined_one" in line]
    assert "declined: no gradient here; took" in declined


def test_a_log_tells_a_phase_that_takes_long_and_no_other(campaign):
    stream = io.StringIO()
    watcher, trial = progress.LineProgress(stream), campaign.store.trials()[0]
    watcher.on_phase(trial, "warm")
    watcher.on_phase(trial, "replicates, about 3 min; past the limit of 120 s")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("linear on pinned: replicates, about 3 min; past the limit of 120 s")


def test_quiet_is_quiet():
    assert type(progress.choose_watcher(True, Terminal())) is Watcher
