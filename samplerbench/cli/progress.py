"""Progress of a run: a table with a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from samplerbench.cli.countdown import CountingWatcher
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.records import Result, Trial
from samplerbench.rounding import format_number
from samplerbench.text import escape_controls, format_count, in_one_line

if TYPE_CHECKING:
    from rich.progress import Progress

    from samplerbench.harness.campaign.campaign import Campaign

#: a verdict's colour while it goes by; what is not here is red
COLORS = {
    "honest": "green",
    "overcautious": "green",
    "no exact answer": "",
    "no verdict": "",
    "undecided": "",
    "agrees": "",
    "not judged": "",
    "too few replicates": "",
}
HEADINGS = ("sampler", "on", "verdict", "ESS claim", "realised", "warm s", "took s")
SILENCE_S = 15.0  # a log is silent for no longer
REFRESHES_PER_S = 2  # of a terminal's bar: few, since clocks run beside it
LONGEST = 36  # characters of a sampler's name and of a model's; longer ones are folded


def choose_watcher(quiet: bool, stream: TextIO | None = None, verbose: bool = False) -> Watcher:
    """The watcher that fits ``stream``; None is standard error. ``verbose``: a line a phase."""
    stream = stream or sys.stderr
    if quiet:
        return Watcher()
    if verbose or not stream.isatty():
        return LineProgress(stream, verbose)
    return TerminalProgress(stream)


def make_bar(stream: TextIO, describe_left: Callable[[], str]) -> Progress:
    """A bar with a spinner and the seconds so far; ``describe_left`` says what is left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        """The time that is left, asked for anew whenever the bar is drawn."""

        def render(self, task: Any) -> Text:
            return Text(describe_left())

    return Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False),  # a name may have brackets
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeLeft(),
        console=Console(file=stream),
        transient=True,
        refresh_per_second=REFRESHES_PER_S,
    )


@dataclass(frozen=True)
class Summary:
    """A trial that has just ended, in a few words; numbers as text, "" where there is none."""

    verdict: str  # or the status, where that is not ok
    claimed_ess: str = ""  # ESS
    realised_ess: str = ""  # ESS
    warm: str = ""  # seconds
    reason: str = ""  # why it is not ok

    @property
    def line(self) -> str:
        """All of it in one sentence."""
        if self.reason:
            return f"{self.verdict}: {self.reason}"
        words = [self.verdict]
        words += [f"ESS {self.claimed_ess} claimed"] * bool(self.claimed_ess)
        words += [f"{self.realised_ess} realised"] * bool(self.realised_ess)
        return ", ".join(words + [f"{self.warm} s warm"] * bool(self.warm))


def summarize(campaign: Campaign, trial: Trial, result: Result) -> Summary:
    """What the trial's row will say."""
    if result.status != "ok":
        return Summary(result.status, reason=escape_controls(" ".join(result.reason.split())))
    scores = campaign.scores(trial)["columns"]
    return Summary(
        scores.get("verdict") or "no verdict",
        claimed_ess=_text(scores.get("ess_mean")),
        realised_ess=_text(scores.get("realised_ess")),
        warm=_text(result.timings.get("warm_s")),
    )


def _text(value: float | None) -> str:
    return "" if value is None else format_number(value)


class LineProgress(CountingWatcher):
    """One plain line for each result, and one where nothing has been said for a while.

    ``verbose``: one for each phase of a trial as well.
    """

    def __init__(self, stream: TextIO, verbose: bool = False) -> None:
        super().__init__()
        self._stream, self._verbose = stream, verbose
        self._phases: dict[str, str] = {}
        self._start = self._said = time.monotonic()
        self._ended = threading.Event()

    def _print(self, text: str) -> None:
        self._said = time.monotonic()
        with contextlib.suppress(OSError):  # what nobody reads is lost
            print(escape_controls(text), file=self._stream, flush=True)

    def _break_silence(self) -> None:
        """Print what is under way, every so often while nothing else is said."""
        while not self._ended.wait(1.0):
            if time.monotonic() - self._said >= SILENCE_S and self._phases:
                elapsed = time.monotonic() - self._start
                phases = "; ".join(list(self._phases.values())[:4])
                self._print(f"  {phases}; {elapsed:.0f} s so far, {self.time_left()}")

    def on_start(self, campaign: Campaign, waiting: list[Trial]) -> None:
        super().on_start(campaign, waiting)
        count = len(campaign.store.statuses())
        before = f", {count} finished before" if count else ""
        left = f": {self.time_left()}" if waiting else ""
        trials = format_count(len(waiting), "trial")
        self._print(f"{trials} to run in {in_one_line(campaign.folder)}{before}{left}")
        threading.Thread(target=self._break_silence, daemon=True).start()

    def on_phase(self, trial: Trial, phase: str) -> None:
        super().on_phase(trial, phase)
        self._phases[trial.id] = escape_controls(f"{self.names.name(trial)}: {phase}")
        if self._verbose or "," in phase:  # a guess, which only what takes long comes with
            self._print(escape_controls(f"{self.names.describe(trial)}: {phase}"))

    def on_result(self, trial: Trial, result: Result, seconds: float) -> None:
        super().on_result(trial, result, seconds)
        self._phases.pop(trial.id, None)
        summary = summarize(self.campaign, trial, result).line
        name = escape_controls(self.names.describe(trial))
        self._print(
            f"[{self.done}/{self.total}] {name}: {summary}; "
            f"took {seconds:.1f} s, {self.time_left()}"
        )

    def on_round(self, blocks: Sequence[Trial]) -> None:
        super().on_round(blocks)
        self._print(self.describe_round(blocks))

    def on_block(self, block: Trial, result: Result, seconds: float) -> None:
        super().on_block(block, result, seconds)
        self._phases.pop(block.id, None)

    def on_end(self) -> None:
        self._ended.set()


class TerminalProgress(CountingWatcher):
    """A row for each result, above a bar with the trials under way and their phases."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._progress = make_bar(stream, self.time_left)
        self._phases: dict[str, str] = {}
        self._lock = threading.Lock()

    def on_start(self, campaign: Campaign, waiting: list[Trial]) -> None:
        super().on_start(campaign, waiting)
        self._task = self._progress.add_task("starting", total=self.total)
        if waiting:
            models = {self.names.describe_place(trial) for trial in waiting}
            self._widths = [
                min(LONGEST, max(len(trial.label) for trial in waiting)),
                min(LONGEST, max(map(len, models))) if len(models) > 1 else 0,
                len("overconfident"),
                *(max(len(heading), 8) for heading in HEADINGS[3:]),
            ]
            self._print(HEADINGS, "bold")
            self._progress.start()

    def on_phase(self, trial: Trial, phase: str) -> None:
        super().on_phase(trial, phase)
        with self._lock:
            self._phases[trial.id] = f"{self.names.name(trial)}: {phase}"
            self._update()

    def on_result(self, trial: Trial, result: Result, seconds: float) -> None:
        super().on_result(trial, result, seconds)
        summary = summarize(self.campaign, trial, result)
        numbers = (summary.claimed_ess, summary.realised_ess, summary.warm, f"{seconds:.1f}")
        cells = (trial.label, self.names.describe_place(trial), summary.verdict, *numbers)
        with self._lock:
            self._phases.pop(trial.id, None)
            self._print(cells, "", COLORS.get(summary.verdict, "red"))
            if summary.reason:
                self._progress.console.print(f"  {summary.reason}", markup=False, highlight=False)
            self._update()
        if self.done == self.total:
            self._progress.stop()

    def on_round(self, blocks: Sequence[Trial]) -> None:
        super().on_round(blocks)
        with self._lock:
            self._progress.console.print(self.describe_round(blocks), highlight=False)
            self._progress.update(self._task, total=self.total)
            self._progress.start()

    def on_block(self, block: Trial, result: Result, seconds: float) -> None:
        super().on_block(block, result, seconds)
        with self._lock:
            self._phases.pop(block.id, None)
            self._update()
        if self.done == self.total:
            self._progress.stop()

    def on_interrupt(self) -> None:
        self._progress.stop()

    def _print(self, cells: Sequence[str], style: str, verdict_style: str = "") -> None:
        """One line of the table, in the widths of all."""
        from rich.table import Table
        from rich.text import Text

        line = Table.grid(padding=(0, 2, 0, 0))
        columns = [i for i, width in enumerate(self._widths) if width]
        for i in columns:
            line.add_column(
                width=self._widths[i], justify="left" if i < 3 else "right", overflow="fold"
            )
        styles = {2: verdict_style or style}
        line.add_row(*(Text(escape_controls(cells[i]), styles.get(i, style)) for i in columns))
        self._progress.console.print(line)

    def _update(self) -> None:
        phases = "; ".join(self._phases.values()) or "next trial"
        shown = escape_controls(phases[:60])
        self._progress.update(self._task, description=shown, completed=self.done)
