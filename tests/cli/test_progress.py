"""What a run shows while it goes on: rows on a terminal, plain lines in a log, or nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from samplerbench.cli import countdown, progress
from samplerbench.cli.countdown import Countdown
from samplerbench.harness.campaign.durations import Guess
from samplerbench.harness.campaign.watcher import Watcher
from tests.support import stored
from tests.support.trials import wait_until


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


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


def test_brackets_in_a_name_are_no_markup_of_a_terminals_bar(monkeypatch):
    monkeypatch.setenv("COLUMNS", "130")
    stream = Terminal()
    with progress.make_bar(stream, lambda: "") as bar:
        bar.add_task("d[/x].py:kernel: running", total=1)
        bar.refresh()
    assert "d[/x].py:kernel: running" in stream.getvalue()


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
    assert len(lines) == 1 + 7 and lines[0].startswith("7 trials to run in ")
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


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_left_is_guesses_times_how_wrong_they_were(monkeypatch):
    monkeypatch.setattr(countdown, "TRUST_S", 1e-9)
    clock = Clock()
    left = Countdown({("a", 1): 60.0, ("b", 1): 40.0}, clock)
    assert left.describe() == "about 100 s left"
    left.begin(("a", 1))
    clock.now = 30.0
    left.begin(("a", 1))
    assert left.describe() == "about 70 s left"  # it counts down while nothing ends
    left.end(("a", 1), 30.0)  # took half as long as guessed
    assert left.describe() == "about 20 s left"
    left.begin(("b", 1))
    clock.now = 40.0
    assert left.describe() == "about 10 s left"
    clock.now = 200.0
    assert left.describe() == "the last takes longer than guessed"
    left.end(("b", 1), 170.0)
    assert left.describe() == "nearly done"


def test_a_part_that_is_late_makes_more_time_left_not_less():
    clock = Clock()
    left = Countdown({("a", 1): 10.0, ("b", 1): 40.0}, clock)
    left.begin(("a", 1))
    clock.now = 10.0
    assert left.describe() == "about 40 s left"
    clock.now = 30.0
    assert left.describe() == "about 60 s left"


def test_one_short_trial_that_took_long_says_little_of_the_rest():
    left = Countdown({("a", 1): 1.0, ("b", 1): 100.0}, Clock())
    left.end(("a", 1), 5.0)  # five times as long, of a second
    assert left.describe() == "about 119 s left"


def test_of_rounds_that_come_only_those_are_left_that_are_needed(campaign):
    watcher = progress.LineProgress(io.StringIO())
    trials = [t for t in campaign.store.trials() if t.id in campaign.store.statuses()][:2]
    watcher.on_guess({t.id: Guess(10.0, 5.0, 2) for t in trials})
    watcher.on_start(campaign, trials)
    assert watcher.time_left() == "about 40 s left"
    for trial in trials:
        watcher.on_result(trial, campaign.store.result(trial.id), 10.0)
    assert watcher.time_left() == "about 20 s left"
    watcher.on_round([replace(trials[0], block=2)])  # of the other one process is enough
    assert watcher.time_left() == "about 10 s left"
    watcher.on_block(replace(trials[0], block=2), campaign.store.result(trials[0].id), 5.0)
    assert watcher.time_left() == "about 5 s left"
    watcher.on_end()


def test_a_log_is_not_silent_for_long(campaign, monkeypatch):
    monkeypatch.setattr(progress, "SILENCE_S", 0.0)
    stream = io.StringIO()
    watcher, trial = progress.LineProgress(stream), campaign.store.trials()[0]
    watcher.on_start(campaign, [trial])
    watcher.on_phase(trial, "cold")
    assert wait_until(lambda: "cold; " in stream.getvalue())
    watcher.on_end()
    (line, *_) = [line for line in stream.getvalue().splitlines() if "cold; " in line]
    assert line.startswith(f"  {trial.label}: cold; ") and " s so far, " in line


def test_verbose_is_a_line_for_each_phase_on_a_terminal_too(campaign):
    stream = Terminal()
    watcher, trial = progress.choose_watcher(False, stream, True), campaign.store.trials()[0]
    watcher.on_phase(trial, "cold")
    assert stream.getvalue().splitlines() == [f"{trial.label}, linear on pinned: cold"]


def test_blocks_of_trials_that_an_earlier_run_finished_are_told_apart():
    stream = io.StringIO()
    watcher = progress.LineProgress(stream, verbose=True)
    blocks = [stored.trial("numpyro_nuts", chains=chains, block=2) for chains in (1, 64)]
    watcher.on_round(blocks)
    watcher.on_phase(blocks[1], "cold")
    assert stream.getvalue().splitlines()[-1] == "numpyro_nuts, linear on pinned, 64 chains: cold"
