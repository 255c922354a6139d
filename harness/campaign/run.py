"""A campaign: run what is planned and not yet finished, keep it, read it again."""

from __future__ import annotations

import gc
import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError
from samplerbench.harness import launcher
from samplerbench.harness.campaign import plan, sweep
from samplerbench.harness.campaign.dispatch import (
    Crew,
    CrewLost,
    Here,
    feed,
    stopped_by_signals,
)
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.environments import environments, precompile
from samplerbench.harness.records import Result, Trial
from samplerbench.models.loading import model_names

if TYPE_CHECKING:
    import pandas
    from distributed import Client

    from samplerbench.harness.ground_truth import consensus
    from samplerbench.models.base import Exact


class Interrupted(Exception):
    """The run was stopped from outside; what had finished is kept. ``folder`` says where."""

    def __init__(self, folder: Path, left: int, lost: str = "") -> None:
        why = f"{lost}: " if lost else ""
        said = f"stopped with {left} trial(s) to go; what is finished is in {folder}"
        super().__init__(why + said)
        self.folder, self.left = folder, left
        self.lost = lost  # what those who did the work were lost by; "" where a user stopped it


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

    Options are the fields of ``harness.campaign.plan.Plan``; ``model``, ``sampler`` (or
    ``samplers``), ``env``, ``device`` and ``precision`` take one value or a list; a model may also
    be a function at the top level of a file, a NumPyro program or one that gives a Model. ``out``
    is the folder; a campaign that is there goes on where it stopped. ``retry`` runs again what did
    not end ok. ``command`` is kept for the report. Raises UsageError for bad options,
    ``harness.campaign.store.StoreError`` for a folder that can't be used, Interrupted on Ctrl-C and
    where a cluster's scheduler is lost.
    """
    for plural in ("samplers", "models", "environments", "devices"):
        if plural in options:
            single = {"environments": "env"}.get(plural, plural[:-1])
            options[single] = options.pop(plural)
    _refuse_in_a_worker()
    wanted = plan.Plan(**plan.checked_options(_in_words(options), "run()"))
    planned = plan.trials(wanted)
    with _connected(wanted) as client:
        if client is None:
            _refuse_missing_devices(wanted)
        store = Store.create(Path(out) if out else plan.default_folder(planned))
        campaign = Campaign(store)
        try:
            planned = _noted(campaign, planned, wanted, command, retry)
            _run(campaign, planned, wanted, watcher or Watcher(), client)
            store.release()  # what comes now only reads
        except (KeyboardInterrupt, CrewLost) as error:
            left = len({trial.id for trial in planned} - store.finished().keys())
            store.close()
            raise Interrupted(store.folder, left, str(error)) from error
        except UsageError:
            store.discard()
            raise
        except BaseException:
            store.close()
            raise
    return campaign


def _connected(wanted: plan.Plan) -> AbstractContextManager[Client | None]:
    """The cluster that is to do the work, seen to be fit for it; None: this machine does it."""
    if not wanted.scheduler:
        return nullcontext()
    from samplerbench.harness.campaign.dask_backend import connected

    return connected(wanted)


def _noted(
    campaign: Campaign, planned: list[Trial], wanted: plan.Plan, command: str, retry: bool
) -> list[Trial]:
    """Write down what is to be run and forget what is to be run again; the trials that it is."""
    store = campaign.store
    planned = _surveyed(store, planned, wanted)
    store.add_trials(planned)
    if command:
        store.note("command", command)
    axes = sweep.told(plan.swept(wanted))
    store.note("sweep", list(dict.fromkeys([*(store.noted("sweep") or ()), *axes])))
    if retry:
        ended = store.finished()
        store.forget([t.id for t in planned if ended.get(t.id, "ok") != "ok"])
    return planned


def _refuse_in_a_worker() -> None:
    """A model's file that calls ``run`` when imported would start itself for ever."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main and Path(main) == launcher.BOOTSTRAP:
        raise UsageError(
            "run() was called while a model's file was read\n"
            "  expected: it under `if __name__ == '__main__':`, where a file runs its own model"
        )


def _in_words(options: dict[str, Any]) -> dict[str, Any]:
    """Options with functions as ``file.py:name`` and paths as text; raises UsageError."""
    found = {k: str(v) if isinstance(v, Path) else v for k, v in options.items()}
    given = found.get("model", ())
    several = isinstance(given, (list, tuple))
    words = [model_names.named(one) for one in (given if several else [given])] if given else []
    return {**found, **({"model": words} if words else {})}


def _surveyed(store: Store, planned: list[Trial], wanted: plan.Plan) -> list[Trial]:
    """The trials that make sense once their models are known; raises UsageError for bad ones."""
    from samplerbench.harness.campaign import inspection

    stop = threading.Event()
    with stopped_by_signals(stop):
        inspection.survey(store, planned, wanted.timeout, stop.is_set)
    if tuple(wanted.sampler) != plan.DEFAULT_SAMPLERS:
        return planned
    return [trial for trial in planned if inspection.suits(store.folder, trial)]


def load(folder: str | Path) -> Campaign:
    """The campaign in ``folder``, for reading; raises StoreError where there is none."""
    return Campaign(Store.open(Path(folder)))


def _refuse_missing_devices(wanted: plan.Plan) -> None:
    """Refuse a device that no stack sees; where only some don't, theirs are rows with a reason."""
    from samplerbench.harness.environments.devices import refuse_missing

    for device in wanted.device:
        lacking: list[UsageError] = []
        for name in wanted.env if device != "cpu" else ():
            try:
                refuse_missing(device, environments.resolve(name))
            except UsageError as error:
                lacking.append(error)
        if lacking and len(lacking) == len(wanted.env):
            raise lacking[0]


def _run(
    campaign: Campaign,
    planned: list[Trial],
    wanted: plan.Plan,
    watcher: Watcher,
    client: Client | None,
) -> None:
    finished = campaign.store.finished()
    waiting = [trial for trial in planned if trial.id not in finished]
    # a seeded random order: slow drifts of the machine hit every sampler alike
    random.Random(wanted.seed).shuffle(waiting)
    watcher.planned(campaign, waiting)
    if not waiting:
        return
    stop = threading.Event()
    with stopped_by_signals(stop), _crew(campaign.store, waiting, wanted, watcher, client) as crew:
        feed(crew, campaign, waiting, watcher)


@contextmanager
def _crew(
    store: Store,
    waiting: list[Trial],
    wanted: plan.Plan,
    watcher: Watcher,
    client: Client | None,
) -> Iterator[Crew]:
    """Who does the work. Whatever ends it, trials under way are ended too."""
    if client is not None:
        from samplerbench.harness.campaign.dask_backend import Cluster

        yield Cluster.of(client, store, wanted)  # its trials end with the client
        return
    for name in {trial.environment for trial in waiting}:
        here = [trial for trial in waiting if trial.environment == name]
        precompile.compile_once(environments.identify(name), here)
    stop = threading.Event()
    with ThreadPoolExecutor(wanted.jobs) as executor:
        try:
            yield Here(executor, store, wanted.jobs, wanted.timeout, watcher, stop)
        finally:
            stop.set()  # the executor waits for the workers that it has


@contextmanager
def no_collection() -> Iterator[None]:
    """No search for garbage while very many records are made, none of them in a circle.

    It would go through all of them again and again, and take half of the time.
    """
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
        self._voices: dict[str, consensus.Voice | str] = {}  # by trial

    def close(self) -> None:
        """Give the folder back to other runs."""
        self.store.close()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def exact(self, trial: Trial) -> Exact | None:
        """Ground truth of the trial's model, or None; see ``harness.ground_truth.select``."""
        from samplerbench.harness.ground_truth import select

        name = select.key(trial) + trial.reference_digest
        if name not in self._exact:
            self._exact[name] = select.answer(self.folder, trial)[0]
        return self._exact[name]

    def commit(self, trial: Trial, result: Result, took_s: float) -> None:
        """Keep what a worker's scratch folder holds; rows judged by this one are scored anew."""
        if result.status == "ok" and self._relative(trial):
            self._voices.pop(trial.id, None)
            self.store.drop_scores([t.id for t in self._siblings(trial)])
        self.store.commit(trial, result, self.store.scratch(trial.id), took_s)

    def _relative(self, trial: Trial) -> bool:
        """Whether only other rows can judge this one."""
        return not trial.calibrate and self.exact(trial) is None

    def _siblings(self, trial: Trial) -> list[Trial]:
        """All trials of the same model and data that only other rows can judge."""
        from samplerbench.harness.ground_truth.select import key

        name = key(trial)
        same = [t for t in self.store.trials() if not (t.calibrate or t.reference)]
        return [t for t in same if key(t) == name]

    def _judge(self, trial: Trial) -> tuple[Exact | None, str]:
        """What the trial is judged by, or None and the reason."""
        from samplerbench.harness.ground_truth import consensus, select

        exact = self.exact(trial)
        if trial.calibrate or exact is not None:
            return exact, ""
        ended = self.store.finished()
        sites = select.shapes(self.folder, trial)
        for other in self._siblings(trial):
            if ended.get(other.id) == "ok" and other.id not in self._voices:
                path = self.store.draws_path(other.id)
                self._voices[other.id] = consensus.voice(other, path, sites)
        heard = [self._voices[t.id] for t in self._siblings(trial) if t.id in self._voices]
        return consensus.answer(trial, heard)

    def scores(self, trial: Trial) -> dict[str, Any]:
        """The scores of a finished trial, computed once and kept in the store."""
        from samplerbench.harness.scoring import score_trial as scores

        kept = self.store.score(trial.id, scores.VERSION)
        if kept is not None:
            return kept
        result = self.store.result(trial.id)
        if result is None:
            raise KeyError(f"trial {trial.id} has no result yet")
        # a size that the worker's memory did not hold is not built here either
        exact, why = self._judge(trial) if result.status == "ok" else (None, "")
        made = scores.score(trial, result, self.store.draws_path(trial.id), exact, why)
        self.store.keep_scores(trial.id, scores.VERSION, made)
        return made

    def rows(self, first: int | None = None) -> list[dict[str, Any]]:
        """One dict a finished trial, in the order of the plan; see
        ``harness.scoring.columns.COLUMNS``.

        ``first``: no more than so many. What is not scored yet is scored.
        """
        with no_collection():
            return list(self.each_row(first))

    def each_row(self, first: int | None = None) -> Iterator[dict[str, Any]]:
        """The rows one by one, for what needs no more than one at a time.

        What is not scored yet is scored and kept before the first one comes.
        """
        from samplerbench.harness.scoring import columns as rows
        from samplerbench.harness.scoring import score_trial as scores

        for trial in self.store.unscored(scores.VERSION, first):
            self.scores(trial)
        axes = self.store.noted("sweep") or ()
        for trial, result, scored in self.store.ended(scores.VERSION, first):
            # a folder that can't be written has kept no scores
            yield rows.row(trial, result, scored or self.scores(trial), sweep.where(trial, axes))

    def table(self) -> pandas.DataFrame:
        """The rows as a DataFrame, one column a quantity."""
        import pandas

        from samplerbench.harness.scoring.columns import COLUMNS

        names = [column.name for column in COLUMNS]
        with no_collection():  # column by column: a third of the memory of row by row
            columns = zip(*map(itemgetter(*names), self.each_row()), strict=True)
            found = dict(zip(names, columns, strict=False))  # no rows: no columns
        return pandas.DataFrame(found, columns=names)

    def draws(self, sampler: str, **options: Any) -> Any:
        """Draws of one sampler as ArviZ InferenceData; see ``campaign.arviz_export.draws``."""
        from samplerbench.harness.campaign.arviz_export import draws

        return draws(self, sampler, **options)
