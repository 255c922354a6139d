"""What a run reports while it goes on; a progress display overrides the methods that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from samplerbench.harness.records import Result, Trial

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.campaign.durations import Guess


class Watcher:
    """Receives the events of a run; this base class ignores them."""

    def on_guess(self, guesses: Mapping[str, Guess]) -> None:
        """What each trial that is to run may take, by its id; told before ``on_start``."""

    def on_start(self, campaign: Campaign, waiting: list[Trial]) -> None:
        """The campaign is open and ``waiting`` are the trials to run."""

    def on_phase(self, trial: Trial, phase: str) -> None:
        """A worker entered a phase (called from the thread that watches the worker).

        A phase is a word, and after a comma what is to come, as "replicates, about 3 min".
        """

    def on_result(self, trial: Trial, result: Result, seconds: float) -> None:
        """A result was committed and scored; its trial took ``seconds``."""

    def on_round(self, blocks: Sequence[Trial]) -> None:
        """A round of ``blocks`` begins: clocked phases once more, each in a process of its own."""

    def on_block(self, block: Trial, result: Result, seconds: float) -> None:
        """A block was put into the result of its trial."""

    def on_end(self) -> None:
        """Nothing more will run, whether all is done or the run was stopped."""

    def on_interrupt(self) -> None:
        """The run was stopped before its end."""
