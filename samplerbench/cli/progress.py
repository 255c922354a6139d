"""What a run shows while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from samplerbench.harness.campaign.run import Watcher
from samplerbench.harness.records import Result, Trial, visible
from samplerbench.rounding import number

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign


def watcher(quiet: bool, stream: TextIO | None = None) -> Watcher:
    """The watcher that fits ``stream`` (standard error where none is given)."""
    stream = stream or sys.stderr
    if quiet:
        return Watcher()
    return Bar(stream) if stream.isatty() else Lines(stream)


@dataclass(frozen=True)
class Told:
    """What is known of a trial that has just ended; numbers as text, "" where there is none."""

    verdict: str  # or the status, where that is not ok
    claimed: str = ""  # ESS
    realised: str = ""  # ESS
    warm: str = ""  # seconds
    reason: str = ""  # why it is not ok

    @property
    def line(self) -> str:
        """All of it in one sentence."""
        if self.reason:
            return f"{self.verdict}: {self.reason}"
        words = [self.verdict]
        words += [f"ESS {self.claimed} claimed"] * bool(self.claimed)
        words += [f"{self.realised} realised"] * bool(self.realised)
        return ", ".join(words + [f"{self.warm} s warm"] * bool(self.warm))


def _text(found: float | None) -> str:
    return "" if found is None else number(found)


class _Clock(Watcher):
    """Counts what is done and guesses the time left from what finished trials took."""

    def planned(self, campaign: Campaign, waiting: list[Trial]) -> None:
        self.campaign = campaign
        self.total, self.done = len(waiting), 0
        self.started = time.monotonic()

    def finished(self, trial: Trial, result: Result, took_s: float) -> None:
        self.done += 1

    def told(self, trial: Trial, result: Result) -> Told:
        """What the row will say, in a few words."""
        if result.status != "ok":
            return Told(result.status, reason=visible(" ".join(result.reason.split())))
        found = self.campaign.scores(trial)["columns"]
        return Told(
            found.get("verdict") or "no verdict",
            *(_text(found.get(name)) for name in ("ess", "realised_ess")),
            warm=_text(result.timings.get("warm_s")),
        )

    def left(self) -> str:
        """Time left in words."""
        if not self.done:
            return "time left: not known yet"
        elapsed = time.monotonic() - self.started
        seconds = elapsed / self.done * (self.total - self.done)
        return (
            f"about {seconds:.0f} s left" if seconds < 120 else f"about {seconds / 60:.0f} min left"
        )


class Lines(_Clock):
    """One line an event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def planned(self, campaign: Campaign, waiting: list[Trial]) -> None:
        super().planned(campaign, waiting)
        kept = len(campaign.store.finished())
        finished = f", {kept} finished before" if kept else ""
        self._say(f"{len(waiting)} trial(s) to run in {campaign.folder}{finished}")

    def finished(self, trial: Trial, result: Result, took_s: float) -> None:
        super().finished(trial, result, took_s)
        told = self.told(trial, result).line
        self._say(
            f"[{self.done}/{self.total}] {visible(trial.label)}, {visible(_place(trial))}: {told};"
            f" took {took_s:.1f} s, {self.left()}"
        )


#: a verdict's colour while it goes by; what is not here is red
COLORS = {"honest": "green", "overcautious": "green", "no exact answer": "", "no verdict": "",
          "too few replicates": ""}  # fmt: skip
HEADS = ("sampler", "on", "verdict", "ESS claim", "realised", "warm s", "took s")
LONGEST = 36  # of a sampler's name and of a place; longer ones are folded


class Bar(_Clock):
    """A row for each trial as it comes in, above a bar with the trial under way and its phase."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(
            *columns,
            TextColumn("{task.fields[left]}"),
            console=Console(file=stream),
            transient=True,
        )
        self._phases: dict[str, str] = {}
        self._lock = threading.Lock()

    def planned(self, campaign: Campaign, waiting: list[Trial]) -> None:
        super().planned(campaign, waiting)
        if waiting:
            places = {_place(trial) for trial in waiting}
            self._widths = [
                min(LONGEST, max(len(trial.label) for trial in waiting)),
                min(LONGEST, max(map(len, places))) if len(places) > 1 else 0,
                len("overconfident"),
                *(max(len(head), 8) for head in HEADS[3:]),
            ]
            self._print(HEADS, "bold")
            self._task = self._progress.add_task("starting", total=self.total, left=self.left())
            self._progress.start()

    def entered(self, trial: Trial, phase: str) -> None:
        with self._lock:
            self._phases[trial.id] = f"{trial.label}: {phase}"
            self._show()

    def finished(self, trial: Trial, result: Result, took_s: float) -> None:
        super().finished(trial, result, took_s)
        told = self.told(trial, result)
        cells = (trial.label, _place(trial), told.verdict, told.claimed, told.realised, told.warm)
        with self._lock:
            self._phases.pop(trial.id, None)
            self._print((*cells, f"{took_s:.1f}"), "", COLORS.get(told.verdict, "red"))
            if told.reason:
                self._progress.console.print(f"  {told.reason}", markup=False, highlight=False)
            self._show()
        if self.done == self.total:
            self._progress.stop()

    def _print(self, cells: Sequence[str], style: str, verdict: str = "") -> None:
        """One line of the table, in the widths of all."""
        from rich.table import Table
        from rich.text import Text

        line = Table.grid(padding=(0, 2, 0, 0))
        kept = [at for at, width in enumerate(self._widths) if width]
        for at in kept:
            justify = "left" if at < 3 else "right"
            line.add_column(width=self._widths[at], justify=justify, overflow="fold")
        line.add_row(
            *(Text(visible(cells[at]), verdict if at == 2 and verdict else style) for at in kept)
        )
        self._progress.console.print(line)

    def _show(self) -> None:
        what = "; ".join(self._phases.values()) or "next trial"
        self._progress.update(
            self._task, description=what[:60], completed=self.done, left=self.left()
        )

    def stop(self) -> None:
        """Leave the terminal as it was (after an interruption)."""
        self._progress.stop()


def _place(trial: Trial) -> str:
    """The trial's model and stack, and its device where that is not the usual one."""
    device = "" if trial.device == "cpu" else f", {trial.device}"
    return f"{trial.model_label} on {trial.environment}{device}"
