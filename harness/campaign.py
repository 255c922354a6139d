"""A campaign: run what is planned and not yet finished, keep it, read it again."""

from __future__ import annotations

import gc
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import launcher, plan
from harness.records import Result, Trial
from harness.stacks import bytecode, environments
from harness.store import Store

if TYPE_CHECKING:
    import pandas

    from models.base import Exact


class Interrupted(Exception):
    """The run was stopped from outside; what had finished is kept. ``folder`` says where."""

    def __init__(self, folder: Path, left: int) -> None:
        super().__init__(f"stopped with {left} trial(s) to go; what is finished is in {folder}")
        self.folder, self.left = folder, left


class Watcher:
    """What a run tells while it goes on; the base class keeps silent."""

    def planned(self, campaign: Campaign, waiting: list[Trial]) -> None:
        """The campaign is open and ``waiting`` are the trials to run."""

    def entered(self, trial: Trial, phase: str) -> None:
        """A worker entered a phase (called from the thread that watches the worker)."""

    def finished(self, trial: Trial, result: Result, took_s: float) -> None:
        """A result was committed."""


def run(
    out: str | Path | None = None,
    watcher: Watcher | None = None,
    retry: bool = False,
    command: str = "",
    **options: Any,
) -> Campaign:
    """Run a campaign and return it.

    Options are the fields of ``harness.plan.Plan``; ``model``, ``sampler`` (or ``samplers``),
    ``env``, ``device`` and ``precision`` take one value or a list. ``out`` is the folder; a
    campaign that is there goes on where it stopped. ``retry`` runs again
    what did not end ok. ``command`` is kept for the report. Raises UnknownName for bad options,
    ``harness.store.StoreError`` for a folder that can't be used, Interrupted on Ctrl-C.
    """
    for plural in ("samplers", "models", "environments", "devices"):
        if plural in options:
            single = {"environments": "env"}.get(plural, plural[:-1])
            options[single] = options.pop(plural)
    wanted = plan.Plan(**plan.checked_options(options, "run()"))
    planned = plan.trials(wanted)
    _refuse_missing_devices(wanted)
    store = Store.create(Path(out) if out else plan.default_folder(planned))
    campaign = Campaign(store)
    try:
        store.add_trials(planned)
        if command:
            store.note("command", command)
        if retry:
            ended = store.finished()
            store.forget([t.id for t in planned if ended.get(t.id, "ok") != "ok"])
        _run(campaign, planned, wanted, watcher or Watcher())
        store.release()  # what comes now only reads
    except KeyboardInterrupt as error:
        left = len({trial.id for trial in planned} - store.finished().keys())
        store.close()
        raise Interrupted(store.folder, left) from error
    except BaseException:
        store.close()
        raise
    return campaign


def load(folder: str | Path) -> Campaign:
    """The campaign in ``folder``, for reading; raises StoreError where there is none."""
    return Campaign(Store.open(Path(folder)))


def _refuse_missing_devices(wanted: plan.Plan) -> None:
    from harness.devices import refuse_missing

    for name in wanted.env:
        for device in wanted.device:
            if device != "cpu":
                refuse_missing(device, environments.resolve(name))


def _run(campaign: Campaign, planned: list[Trial], wanted: plan.Plan, watcher: Watcher) -> None:
    finished = campaign.store.finished()
    waiting = [trial for trial in planned if trial.id not in finished]
    # a seeded random order: slow drifts of the machine hit every sampler alike
    random.Random(wanted.seed).shuffle(waiting)
    watcher.planned(campaign, waiting)
    if not waiting:
        return
    for name in {trial.environment for trial in waiting}:
        here = [trial for trial in waiting if trial.environment == name]
        bytecode.compile_once(environments.identify(name), here)
    stop = threading.Event()
    with stopped_by_signals(stop), ThreadPoolExecutor(wanted.jobs) as executor:
        try:
            _feed(executor, campaign, waiting, wanted, watcher, stop)
        finally:
            stop.set()  # whatever ends it: the executor waits for the workers that it has


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


def _feed(
    executor: Executor,
    campaign: Campaign,
    waiting: list[Trial],
    wanted: plan.Plan,
    watcher: Watcher,
    stop: threading.Event,
) -> None:
    """Keep ``jobs`` trials under way; with one job nothing else runs beside a timed worker."""
    queue = iter(waiting)
    places = _Places()
    under_way: dict[Future[tuple[Result, float]], Trial] = {}

    def start_next() -> None:
        trial = next(queue, None)
        if trial is not None:
            task = executor.submit(_one, campaign.store, trial, places, wanted, watcher, stop)
            under_way[task] = trial

    for _ in range(wanted.jobs):
        start_next()
    while under_way:
        for task in wait(under_way, return_when=FIRST_COMPLETED).done:
            trial = under_way.pop(task)
            result, took_s = task.result()
            campaign.store.commit(trial, result, campaign.store.scratch(trial.id), took_s)
            campaign.scores(trial)
            watcher.finished(trial, result, took_s)
            start_next()


class _Places:
    """Environments by name, each made once, or the reason why it can't be."""

    def __init__(self) -> None:
        self._found: dict[str, environments.Environment | str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> environments.Environment | str:
        with self._lock:
            if name not in self._found:
                try:
                    self._found[name] = environments.resolve(name)
                except environments.EnvironmentFailed as error:
                    self._found[name] = str(error)
            return self._found[name]


def _one(
    store: Store,
    trial: Trial,
    places: _Places,
    wanted: plan.Plan,
    watcher: Watcher,
    stop: threading.Event,
) -> tuple[Result, float]:
    place = places.get(trial.environment)
    if isinstance(place, str):
        return Result("failed", place), 0.0
    started = time.perf_counter()
    result = launcher.launch(
        trial,
        place.python,
        store.scratch(trial.id),
        wanted.timeout,
        watching=lambda phase: watcher.entered(trial, phase),
        cancelled=stop.is_set,
    )
    return result, time.perf_counter() - started


@contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage while very many records are made that all stay: half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Campaign:
    """A stored campaign: its trials, their results, rows and draws."""

    def __init__(self, store: Store) -> None:
        self.store, self.folder = store, store.folder
        self._exact: dict[str, Exact | None] = {}

    def close(self) -> None:
        """Give the folder back to other runs."""
        self.store.close()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def exact(self, trial: Trial) -> Exact | None:
        """The exact answer of the trial's model, or None where it has none."""
        from models.files import is_file, load_model

        if is_file(trial.model):
            return None
        if trial.model_label not in self._exact:
            model = load_model(trial.model, trial.model_options)
            self._exact[trial.model_label] = model.exact()
        return self._exact[trial.model_label]

    def scores(self, trial: Trial) -> dict[str, Any]:
        """The scores of a finished trial, computed once and kept in the store."""
        from harness.judge import scores

        kept = self.store.score(trial.id, scores.VERSION)
        if kept is not None:
            return kept
        result = self.store.result(trial.id)
        if result is None:
            raise KeyError(f"trial {trial.id} has no result yet")
        made = scores.score(trial, result, self.store.draws_path(trial.id), self.exact(trial))
        self.store.keep_scores(trial.id, scores.VERSION, made)
        return made

    def rows(self, first: int | None = None) -> list[dict[str, Any]]:
        """One dict a finished trial, in the order of the plan; see ``harness.judge.rows.COLUMNS``.

        ``first``: no more than so many. What is not scored yet is scored.
        """
        from harness.judge import rows, scores

        with _no_collection():
            ended = list(self.store.ended(scores.VERSION, first))
            return [rows.row(t, result, scored or self.scores(t)) for t, result, scored in ended]

    def table(self) -> pandas.DataFrame:
        """The rows as a DataFrame, one column a quantity."""
        import pandas

        from harness.judge.rows import COLUMNS

        return pandas.DataFrame(self.rows(), columns=[c.name for c in COLUMNS])

    def draws(self, sampler: str, **options: Any) -> Any:
        """Draws of one sampler as ArviZ InferenceData; see ``harness.inference_data.draws``."""
        from harness.inference_data import draws

        return draws(self, sampler, **options)
