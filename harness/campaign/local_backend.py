"""Execution backend on this machine: each trial is a worker process that a thread waits for.

Trials on a GPU run one at a time, beside what runs on the processor: each launches thousands of
small programs, and five beside one another on an H100 took twenty times as long each, and more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from samplerbench.harness import launcher
from samplerbench.harness.campaign import programs
from samplerbench.harness.campaign.dispatch import Outcome
from samplerbench.harness.campaign.model_data import use_stored
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.environments import environments, precompile
from samplerbench.harness.records import Result, Trial

UNCLOCKED_PHASES = ("replicates", "save")  # of a worker, in which others may use the machine


class EnvironmentCache:
    """Environments by name, each made once, or the reason why it can't be made."""

    def __init__(self) -> None:
        self._environments: dict[str, environments.Environment | str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> environments.Environment | str:
        """The environment, made where it is not there, or why it can't be made."""
        with self._lock:
            if name not in self._environments:
                try:
                    self._environments[name] = environments.resolve(name)
                except environments.EnvironmentFailed as error:
                    self._environments[name] = str(error)
            return self._environments[name]


@dataclass(frozen=True)
class LocalBackend:
    """Threads that launch workers on this machine; with one job nothing runs beside a trial."""

    executors: dict[str, Executor]  # by device
    store: Store
    jobs: int
    timeout: float  # seconds a trial
    watcher: Watcher
    stop: threading.Event
    environments: EnvironmentCache = field(default_factory=EnvironmentCache)
    phases: dict[str, str] = field(default_factory=dict)  # of the trials under way, by name

    def capacity(self) -> int:
        """The number of concurrent trials that was asked for."""
        return self.jobs

    def submit(self, trial: Trial) -> Future[Outcome]:
        """Launch a worker once a thread is free."""
        self.phases[trial.id] = "start"
        return self.executors[trial.device].submit(self._run, trial)

    def is_clocked(self) -> bool:
        """Whether the one trial under way is clocked; of several, none has the machine alone."""
        words = [phase.partition(",")[0] for phase in list(self.phases.values())]
        return self.jobs == 1 and any(word not in UNCLOCKED_PHASES for word in words)

    def collect(self, trial: Trial, task: Future[Outcome]) -> Outcome:
        """The worker's result and seconds; its files are where it wrote them."""
        self.phases.pop(trial.id, None)
        return task.result()

    def _note_phase(self, trial: Trial, phase: str) -> None:
        self.phases[trial.id] = phase
        self.watcher.on_phase(trial, phase)

    def _run(self, trial: Trial) -> Outcome:
        environment = self.environments.get(trial.environment)
        if isinstance(environment, str):
            return Result("failed", environment), 0.0
        start = time.perf_counter()
        result = launcher.launch(
            programs.with_path(self.store.folder, use_stored(self.store.folder, trial)),
            environment.python,
            self.store.scratch(trial.id),
            self.timeout,
            watching=lambda phase: self._note_phase(trial, phase),
            cancelled=self.stop.is_set,
        )
        return result, time.perf_counter() - start


@contextmanager
def local_backend(
    store: Store, trials: Sequence[Trial], jobs: int, timeout: float, watcher: Watcher
) -> Iterator[LocalBackend]:
    """A backend for ``trials``; whatever ends this context ends the trials under way too."""
    for name in {trial.environment for trial in trials}:
        here = [trial for trial in trials if trial.environment == name]
        precompile.compile_once(environments.identify(name), here)
    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as cpu, ThreadPoolExecutor(1) as gpu:
        try:
            executors: dict[str, Executor] = {"cpu": cpu, "gpu": gpu}
            yield LocalBackend(executors, store, jobs, timeout, watcher, stop)
        finally:
            stop.set()  # the executors wait for the workers that they have
