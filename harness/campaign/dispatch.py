"""Handing trials out and taking in what comes of them; the crew that does them here."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from samplerbench.harness import launcher
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Result, Trial

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign, Watcher
    from samplerbench.harness.campaign.store import Store

PATIENCE_S = 1.0  # between looks at how many there are to do the work


class CrewLost(Exception):
    """Those who did the work are gone for good; the text says who. Finished trials are kept."""


class Crew(Protocol):
    """Who does trials: on this machine or on a cluster."""

    def room(self) -> int:
        """How many trials may be under way now; at least 1."""

    def start(self, trial: Trial) -> Future[Any]:
        """Hand a trial out."""

    def taken(self, trial: Trial, task: Future[Any]) -> tuple[Result, float] | None:
        """What came of it and the seconds that it took, its files in the store's scratch folder.

        None where nothing did: the trial is to be handed out again.
        """


def feed(crew: Crew, campaign: Campaign, waiting: Sequence[Trial], watcher: Watcher) -> None:
    """Have every trial done, in this order, and commit each result as it comes."""
    queue = iter(waiting)
    under_way: dict[Future[Any], Trial] = {}
    while True:
        for trial in itertools.islice(queue, max(0, crew.room() - len(under_way))):
            under_way[crew.start(trial)] = trial
        if not under_way:
            return
        for task in wait(under_way, PATIENCE_S, FIRST_COMPLETED).done:
            trial = under_way.pop(task)
            found = crew.taken(trial, task)
            if found is None:
                under_way[crew.start(trial)] = trial
                continue
            campaign.commit(trial, *found)
            campaign.scores(trial)
            watcher.finished(trial, *found)


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: workers killed, finished trials kept."""

    def interrupt(*_: Any) -> None:
        stop.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread; another one is stopped by its owner
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Places:
    """Environments by name, each made once, or the reason why it can't be."""

    def __init__(self) -> None:
        self._found: dict[str, environments.Environment | str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> environments.Environment | str:
        """The environment, made where it is not there, or why it can't be."""
        with self._lock:
            if name not in self._found:
                try:
                    self._found[name] = environments.resolve(name)
                except environments.EnvironmentFailed as error:
                    self._found[name] = str(error)
            return self._found[name]


@dataclass(frozen=True)
class Here:
    """Threads that launch workers on this machine; with one job nothing runs beside a trial."""

    executor: Executor
    store: Store
    jobs: int
    timeout: float  # seconds a trial
    watcher: Watcher
    stop: threading.Event
    places: Places = field(default_factory=Places)

    def room(self) -> int:
        """As many as were asked for."""
        return self.jobs

    def start(self, trial: Trial) -> Future[tuple[Result, float]]:
        """Launch a worker once a thread is free."""
        return self.executor.submit(self._done, trial)

    def taken(
        self, trial: Trial, task: Future[tuple[Result, float]]
    ) -> tuple[Result, float] | None:
        """What the worker answered; its files are where it wrote them."""
        return task.result()

    def _done(self, trial: Trial) -> tuple[Result, float]:
        place = self.places.get(trial.environment)
        if isinstance(place, str):
            return Result("failed", place), 0.0
        started = time.perf_counter()
        result = launcher.launch(
            trial,
            place.python,
            self.store.scratch(trial.id),
            self.timeout,
            watching=lambda phase: self.watcher.entered(trial, phase),
            cancelled=self.stop.is_set,
        )
        return result, time.perf_counter() - started
