"""Trials handed out to an execution backend, and their results as they come."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Protocol

from samplerbench.harness.records import Result, Trial

POLL_S = 0.2  # between looks at a backend's capacity, which may grow, and at its clocks
Outcome = tuple[Result, float]  # a result, and the seconds that the trial took


class BackendLost(Exception):
    """An execution backend that is gone for good; the text says which. Results so far are kept."""


class ExecutionBackend(Protocol):
    """Where trials are run: local processes or a Dask cluster."""

    def capacity(self) -> int:
        """How many trials may be under way now; at least 1."""

    def submit(self, trial: Trial) -> Future[Any]:
        """Start a trial."""

    def is_clocked(self) -> bool:
        """Whether a clock may run on this machine, so that nothing else should."""

    def collect(self, trial: Trial, task: Future[Any]) -> Outcome | None:
        """The result of a task that has ended, and its seconds, its files in the scratch folder.

        None where there is no result: the trial is then started again.
        """


def run_trials(
    backend: ExecutionBackend, trials: Sequence[Trial], beside: Callable[[], None] = lambda: None
) -> Iterator[tuple[Trial, Result, float]]:
    """Start ``trials`` in this order; each trial with its result and seconds once it has ended.

    With a capacity of 1 nothing runs while the caller handles a result. ``beside`` is called again
    and again while trials are under way and no clock runs; none is started until it returns.
    """
    queue = iter(trials)
    under_way: dict[Future[Any], Trial] = {}
    while True:
        for trial in itertools.islice(queue, max(0, backend.capacity() - len(under_way))):
            under_way[backend.submit(trial)] = trial
        if not under_way:
            return
        if not backend.is_clocked():
            beside()
        for task in wait(under_way, POLL_S, FIRST_COMPLETED).done:
            trial = under_way.pop(task)
            outcome = backend.collect(trial, task)
            if outcome is None:
                under_way[backend.submit(trial)] = trial
            else:
                yield trial, *outcome
