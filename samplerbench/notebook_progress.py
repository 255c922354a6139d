"""Progress of a run below a notebook's cell."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samplerbench.cli.progress import LineProgress, summarize
from samplerbench.harness.campaign.trial_names import TrialNames
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.records import Result, Trial

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign


def choose_watcher() -> Watcher:
    """In a notebook a bar of tqdm, or plain lines where that is missing; elsewhere silence."""
    if not is_notebook():
        return Watcher()
    try:
        return NotebookProgress()
    except ModuleNotFoundError:
        return LineProgress(sys.stdout)  # notebooks paint standard error red


def is_notebook() -> bool:
    """Whether a notebook's kernel runs this process."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


class NotebookProgress(Watcher):
    """A bar of tqdm with the phase under way, and a line for each result."""

    def __init__(self) -> None:
        self._names = TrialNames()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # without ipywidgets it is text, and says so
            from tqdm.auto import tqdm
        self._bar: Any = tqdm(total=0, desc="inspecting the model", file=sys.stdout)

    def on_start(self, campaign: Campaign, waiting: list[Trial]) -> None:
        self.campaign = campaign
        self._names = TrialNames(waiting)
        self._reset(len(waiting), "starting")

    def on_phase(self, trial: Trial, phase: str) -> None:
        self._bar.set_description(f"{self._names.name(trial)}: {phase}")

    def on_result(self, trial: Trial, result: Result, seconds: float) -> None:
        words = summarize(self.campaign, trial, result).line
        self._bar.write(f"{self._names.describe(trial)}: {words}; took {seconds:.0f} s")
        self._advance()

    def on_round(self, blocks: Sequence[Trial]) -> None:
        self._names = TrialNames(blocks)
        self._reset(len(blocks), f"block {blocks[0].block}")

    def on_block(self, block: Trial, result: Result, seconds: float) -> None:
        self._advance()

    def on_interrupt(self) -> None:
        self._bar.close()

    def on_end(self) -> None:
        self._bar.close()

    def _reset(self, total: int, words: str) -> None:
        self._bar.reset(total=total)
        self._bar.set_description(words)

    def _advance(self) -> None:
        self._bar.update()
        if self._bar.n == self._bar.total:
            self._bar.set_description("finished")
            self._bar.refresh()
