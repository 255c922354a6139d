"""Errors that single replicates raise: each counts as a failed run, and the row says so once."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from samplerbench.errors import one_line
from samplerbench.harness.records import Result
from samplerbench.harness.worker.time_limit import OutOfTime
from samplerbench.samplers.base import Declined
from samplerbench.text import format_count

MOST_SEEDS = 10  # that are named


@dataclass
class RaisedErrors:
    """The seeds of runs that raised an error, and the first one in words."""

    explain: Callable[[Exception], str] = one_line
    seeds: list[int] = field(default_factory=list)
    first: str = ""

    def add(self, error: Exception, seed: int) -> None:
        """Note the error of one run; raises it where it is none of this seed alone."""
        if isinstance(error, (OutOfTime, Declined)) or is_out_of_memory(error):
            raise error
        if not self.seeds:
            traceback.print_exc()
            self.first = self.explain(error)
        self.seeds.append(seed)

    def report(self, result: Result) -> None:
        """Warn of them."""
        if self.seeds:
            seeds = name_seeds(sorted(self.seeds))
            count = format_count(len(self.seeds), "replicate")
            result.warnings.append(
                f"{count} raised an error, counted as failed (seed {seeds}); first {self.first}"
            )


def name_seeds(seeds: Sequence[int]) -> str:
    """The first MOST_SEEDS of them, in a list."""
    return ", ".join(map(str, seeds[:MOST_SEEDS]))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, the device, or XLA on the host had no memory left."""
    text = str(error)
    is_told = "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower()
    return is_told or isinstance(error, MemoryError)
