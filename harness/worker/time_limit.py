"""The limit of a trial's time: what still ends before it, so that what has been made is saved.

A guess of what a call takes is the longest such call so far. A call that takes longer all the same
is left behind at the limit, with time enough to save what there is; compiled code can't be
interrupted, but goes on in a thread of its own.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from samplerbench.harness.run_cost import describe_seconds
from samplerbench.samplers.base import Draws
from samplerbench.samplers.support.background_call import BackgroundCall

T = TypeVar("T")

MARGIN = 1.2  # a guess is taken this many times
SAVING_S = 2.0  # to end in good order, beside what the size of the draws asks for:
SAVED_PER_S = 2e8  # bytes: stacked, written, and read again for their digest
SAVING_SHARE = 0.2  # of the limit, from which on saving is told of
MENTIONED_S = 60.0  # a guess of less is not worth telling


class OutOfTime(Exception):
    """Raised for what would not end before the limit."""


class TimeLimit:
    """``seconds`` from ``start`` (of the monotonic clock) on, after which the process is ended."""

    def __init__(self, seconds: float = math.inf, start: float = 0.0) -> None:
        self.seconds, self.start = seconds, start
        self.saving_s, self.largest = SAVING_S, ""

    def reserve(self, draws: Draws, count: int) -> None:
        """Leave time to save ``count`` runs such as ``draws``."""
        arrays = [*draws.sites.values(), *draws.stats.values()]
        arrays += [] if draws.log_weights is None else [draws.log_weights]
        self.saving_s = SAVING_S + count * sum(x.nbytes for x in arrays) / SAVED_PER_S
        self.largest = max(draws.sites, key=lambda name: draws.sites[name].nbytes)

    def describe_saving(self) -> str:
        """What saving takes of the limit, and which site most of it; "" where that is little."""
        if self.saving_s < SAVING_SHARE * self.seconds:
            return ""
        took = describe_seconds(self.saving_s)
        return f", of which {took} are left for saving draws, most of them of {self.largest!r}"

    def seconds_left(self) -> float:
        """Seconds that are left, less what saving takes."""
        return self.start + self.seconds - self.saving_s - time.monotonic()

    def allows(self, guess: float) -> bool:
        """Whether a call that is guessed to take ``guess`` seconds ends in time."""
        return MARGIN * guess <= self.seconds_left()

    def count(self, guess: float, most: int) -> int:
        """How many calls of ``guess`` seconds, one after the other, end in time; up to ``most``."""
        fitting = self.seconds_left() / max(guess, 1e-9) - (MARGIN - 1)
        return most if fitting >= most else max(0, int(fitting))

    def call(self, function: Callable[[], T]) -> T:
        """``function()``; raises OutOfTime where it has not returned in time."""
        background = BackgroundCall(function)
        if not background.wait(min(max(0.0, self.seconds_left()), threading.TIMEOUT_MAX)):
            raise OutOfTime
        return background.result()

    def describe(self, guess: float) -> str:
        """``guess`` seconds to come, as ", about 3 min"; "" where that is soon and in time."""
        limit = f"; past the limit of {self.seconds:g} s (--timeout)"
        over = "" if guess <= self.seconds_left() else limit
        if guess < MENTIONED_S and not over:
            return ""
        return f", {describe_seconds(guess)}{over}"
