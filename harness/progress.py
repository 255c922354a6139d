"""What a run shows while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from harness.campaign import Watcher
from harness.records import Result, Trial

if TYPE_CHECKING:
    from harness.campaign import Campaign


def watcher(quiet: bool, stream: TextIO | None = None) -> Watcher:
    """The watcher that fits ``stream`` (standard error where none is given)."""
    stream = stream or sys.stderr
    if quiet:
        return Watcher()
    return Bar(stream) if stream.isatty() else Lines(stream)


class _Clock(Watcher):
    """Counts what is done and guesses the time left from what finished trials took."""

    def planned(self, campaign: Campaign, waiting: list[Trial]) -> None:
        self.campaign = campaign
        self.total, self.done = len(waiting), 0
        self.started = time.monotonic()

    def finished(self, trial: Trial, result: Result, took_s: float) -> None:
        self.done += 1

    def told(self, trial: Trial, result: Result) -> str:
        """What the row will say, in a few words."""
        if result.status != "ok":
            return f"{result.status}: {result.reason}"
        found = self.campaign.scores(trial)["columns"]
        words = [found.get("verdict") or "no verdict"]
        for name, text in (("ess", "ESS {} claimed"), ("realised_ess", "{} realised")):
            if found.get(name) is not None:
                words.append(text.format(f"{found[name]:.3g}"))
        warm = result.timings.get("warm_s")
        return ", ".join([*words, *([f"{warm:.3g} s warm"] if warm else [])])

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
        place = f"{trial.model_label} on {trial.environment}"
        self._say(
            f"[{self.done}/{self.total}] {trial.label}, {place}: {self.told(trial, result)}; "
            f"took {took_s:.1f} s, {self.left()}"
        )


class Bar(_Clock):
    """A rich progress bar with the trial under way and its phase."""

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
            self._task = self._progress.add_task("starting", total=self.total, left=self.left())
            self._progress.start()

    def entered(self, trial: Trial, phase: str) -> None:
        with self._lock:
            self._phases[trial.id] = f"{trial.label}: {phase}"
            self._show()

    def finished(self, trial: Trial, result: Result, took_s: float) -> None:
        from rich.text import Text

        super().finished(trial, result, took_s)
        with self._lock:
            self._phases.pop(trial.id, None)
            line = Text(f"{trial.label}: {self.told(trial, result)} ({took_s:.1f} s)")
            line.stylize("red" if result.status != "ok" else "", 0, len(trial.label))
            self._progress.console.print(line)
            self._show()
        if self.done == self.total:
            self._progress.stop()

    def _show(self) -> None:
        what = "; ".join(self._phases.values()) or "next trial"
        self._progress.update(
            self._task, description=what[:60], completed=self.done, left=self.left()
        )

    def stop(self) -> None:
        """Leave the terminal as it was (after an interruption)."""
        self._progress.stop()
