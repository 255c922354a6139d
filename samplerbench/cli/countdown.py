"""The time that a run has left, from guesses and from how right they have been."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from samplerbench.harness.campaign.trial_names import TrialNames
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.run_cost import describe_seconds
from samplerbench.text import format_count

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.campaign.durations import Guess

TRUST_S = 20.0  # guesses count as having been right for so long

Part = tuple[str, int]  # a trial's id, and which of its processes: 1 is its own, then its blocks


class Countdown:
    """The time that is left of parts that were guessed to take so many seconds."""

    def __init__(
        self, guesses: Mapping[Part, float], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._waiting = dict(guesses)
        self._running: dict[Part, tuple[float, float]] = {}  # its guess, and when it began
        self._guessed = self._took = TRUST_S

    def begin(self, part: Part) -> None:
        """A part has begun; told again and again while it goes on."""
        if part in self._waiting:
            self._running[part] = self._waiting.pop(part), self._now()

    def end(self, part: Part, took: float) -> None:
        """A part has ended after ``took`` seconds."""
        guess, _ = self._running.pop(part, (self._waiting.pop(part, 0.0), 0.0))
        if guess:
            self._guessed, self._took = self._guessed + guess, self._took + took

    def keep(self, parts: Mapping[Part, float], block: int) -> None:
        """These parts make the round ``block``; in later ones there are no other trials."""
        names = {name for name, _ in parts}
        later = {p: g for p, g in self._waiting.items() if p[1] > block and p[0] in names}
        self._waiting = {**parts, **later}

    def describe(self) -> str:
        """Seconds left in words: guesses, times how wrong those of ended parts were together."""
        scale, now = self._took / self._guessed, self._now()
        late = max(
            (now - start - guess * scale for guess, start in self._running.values()), default=0
        )
        left = sum(max(0.0, g * scale - (now - start)) for g, start in self._running.values())
        left = (left + scale * sum(self._waiting.values())) / max(1, len(self._running))
        if not self._waiting and (late > 0 or not self._running):
            return "the last takes longer than guessed" if self._running else "nearly done"
        return f"{describe_seconds(max(left, 1.0) + max(late, 0.0))} left"


def _part(trial: Trial) -> Part:
    return replace(trial, block=0).id, trial.block or 1


class CountingWatcher(Watcher):
    """Counts results, and tells the time left from guesses and how right they have been."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.names = TrialNames()
        self._guesses: Mapping[str, Guess] = {}
        self._countdown = Countdown({})

    def on_guess(self, guesses: Mapping[str, Guess]) -> None:
        self._guesses = guesses

    def on_start(self, campaign: Campaign, waiting: list[Trial]) -> None:
        self.campaign = campaign
        self.names = TrialNames(waiting)
        self.total, self.done = len(waiting), 0
        guesses = {}
        for name, guess in self._guesses.items():
            guesses[name, 1] = guess.first
            guesses.update({(name, 2 + i): guess.block for i in range(guess.blocks)})
        self._countdown = Countdown(guesses)

    def on_phase(self, trial: Trial, phase: str) -> None:
        self._countdown.begin(_part(trial))

    def on_result(self, trial: Trial, result: Result, seconds: float) -> None:
        self.done += 1
        self._countdown.end(_part(trial), seconds)

    def on_round(self, blocks: Sequence[Trial]) -> None:
        self.names = TrialNames(blocks)  # of trials that an earlier run finished, too
        self.total, self.done = len(blocks), 0
        parts = {_part(block): self._guesses.get(_part(block)[0]) for block in blocks}
        guesses = {part: guess.block for part, guess in parts.items() if guess}
        self._countdown.keep(guesses, blocks[0].block)

    def on_block(self, block: Trial, result: Result, seconds: float) -> None:
        CountingWatcher.on_result(self, block, result, seconds)

    def time_left(self) -> str:
        """Time left in words."""
        return self._countdown.describe()

    def describe_round(self, blocks: Sequence[Trial]) -> str:
        """What a round of blocks is for, in words."""
        count, trials = blocks[0].block, format_count(len(blocks), "trial")
        return f"block {count}: seconds of {trials} once more, in new processes"
