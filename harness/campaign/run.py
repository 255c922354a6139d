"""Runs a campaign: the trials of a plan that are not finished yet, each committed as it ends."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import DrawsLost, RunInModelFile, RunInterrupted, StoreLost, UsageError
from samplerbench.harness import launcher
from samplerbench.harness.campaign import durations, inspection, long_runs, programs, sweep
from samplerbench.harness.campaign.blocks import plan_rounds
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.campaign_folder import LOCK
from samplerbench.harness.campaign.changed_names import note_versions, refuse_changed
from samplerbench.harness.campaign.dispatch import BackendLost, ExecutionBackend
from samplerbench.harness.campaign.execution import order_trials, run_and_commit, run_blocks
from samplerbench.harness.campaign.expand import default_folder, expand, swept_axes
from samplerbench.harness.campaign.local_backend import local_backend
from samplerbench.harness.campaign.model_data import read_model_data
from samplerbench.harness.campaign.plan import DEFAULT_SAMPLERS, Plan
from samplerbench.harness.campaign.plan_options import check_options, use_field_names
from samplerbench.harness.campaign.signals import interrupt_on_sigterm
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Trial
from samplerbench.harness.run_cost import RunCost
from samplerbench.harness.scoring.ci_gate import refuse_unknown_rows
from samplerbench.text import tell
from samplerbench.user_files import as_optional_path

if TYPE_CHECKING:
    from distributed import Client


def run(
    out: str | Path | None = None,
    watcher: Watcher | None = None,
    retry: bool = False,
    command: str = "",
    **options: Any,
) -> Campaign:
    """Run a campaign and return it; ``samplerbench.run`` describes the options.

    ``watcher`` receives the events of the run. ``command`` is kept for the report. Raises
    UsageError for bad options, StoreError for a folder that can't be used, RunInterrupted on
    Ctrl-C and where a cluster's scheduler is lost.
    """
    refuse_in_a_worker("run()")
    folder = as_optional_path("out", out)
    plan, shipped, memory = make_plan(options)
    data = read_model_data(plan, memory, folder)
    trials = expand(plan, data)
    for note in data.list_notes():
        tell(note)
    with _cluster(plan, trials) as client:
        if client is None:
            _refuse_missing_devices(trials)
        campaign = Campaign(Store.create(folder or default_folder(trials)))
        with discard_when_refused(campaign.store, trials):
            refuse_changed(campaign.store, trials)
            labels = {trial.label for trial in (*trials, *campaign.store.trials())}
            refuse_unknown_rows(plan.gate, labels)
            data.save(campaign.folder, trials)
            programs.save_programs(campaign.store.folder, shipped)
            if client is None:
                _make_environments(trials)
            cost = RunCost()
            trials = _prepare(campaign.store, trials, plan, command, retry)
            if plan.margin:
                campaign.trial_scores.set_margins(plan.margin)
            cost.end_preparing()
            watcher = watcher or Watcher()
            try:
                _run(campaign, trials, plan, watcher, client, cost)
            finally:
                watcher.on_end()
            campaign.store.release()  # what comes now only reads
    return campaign


def refuse_in_a_worker(call: str) -> None:
    """Refuse ``call`` in a model's file, which would start itself for ever when imported."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main and Path(main) == launcher.BOOTSTRAP:
        raise RunInModelFile(
            f"{call} was called while a model's file was read\n"
            "  expected: it under `if __name__ == '__main__':`, where a file runs its own model"
        )


def make_plan(options: dict[str, Any]) -> tuple[Plan, list[programs.ShippedProgram], Any]:
    """The plan of ``run``'s options, the functions that it has to ship, and data in memory."""
    words = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in use_field_names(options, "run()").items()
    }
    memory = words.pop("data") if not isinstance(words.get("data", ""), str) else None
    shipped: list[programs.ShippedProgram] = []
    model = words.pop("model", None)
    checked = check_options(words, "run()", ("out", "retry", "watcher"))
    if model is not None:
        names, shipped, memory = programs.ship_models(model, memory)
        checked |= check_options({"model": names}, "run()")
    plan = Plan(**checked)
    sweep.refuse_set_budgets(plan.sweep, words)
    return plan, shipped, memory


def _cluster(plan: Plan, trials: Sequence[Trial]) -> AbstractContextManager[Client | None]:
    """The cluster that is to run the trials, once seen to fit; None: this machine runs them."""
    if not plan.scheduler:
        return nullcontext()
    from samplerbench.harness.campaign.dask_backend import connect

    return connect(plan.scheduler, trials)


def _refuse_missing_devices(trials: Sequence[Trial]) -> None:
    """Refuse a device that no environment sees; where only some don't, their rows say so."""
    from samplerbench.harness.environments.devices import refuse_missing

    for device in {trial.device: None for trial in trials if trial.device != "cpu"}:
        names = {trial.environment: None for trial in trials if trial.device == device}
        errors: list[UsageError] = []
        for name in names:
            try:
                refuse_missing(device, environments.resolve(name))
            except UsageError as error:
                errors.append(error)
        if len(errors) == len(names):
            raise errors[0]


@contextmanager
def discard_when_refused(store: Store, trials: Sequence[Trial]) -> Iterator[None]:
    """Close ``store`` on every error; a campaign that was refused at its start leaves nothing."""
    try:
        yield
    except (KeyboardInterrupt, BackendLost) as error:
        left = _count_unfinished(store, trials)
        store.close()
        raise RunInterrupted(store.folder, left, str(error)) from error
    except UsageError:
        store.discard()
        raise
    except (StoreLost, OSError, sqlite3.Error) as error:  # a full disk, another program's lock
        interrupted = _explain_loss(store, trials, error)
        store.close()
        raise interrupted from error
    except BaseException:
        store.close()
        raise


def _explain_loss(store: Store, trials: Sequence[Trial], error: Exception) -> RunInterrupted:
    """What ends a run whose folder can't be written, or is gone."""
    try:
        store.check_place()
    except StoreLost as lost:
        return RunInterrupted(store.folder, len(trials), str(lost), is_kept=False)
    if isinstance(error, DrawsLost):
        return RunInterrupted(store.folder, error.count, str(error))
    if isinstance(error, StoreLost):
        return RunInterrupted(store.folder, len(trials), str(error), is_kept=False)
    lost_what = f"{store.folder} could not be written: {error}"
    if isinstance(error, sqlite3.IntegrityError):  # the result is there, of a run without our lock
        lost_what = f"another run writes to {store.folder}, whose {LOCK} was removed"
    return RunInterrupted(store.folder, _count_unfinished(store, trials), lost_what)


def _count_unfinished(store: Store, trials: Sequence[Trial]) -> int:
    """How many trials have no result, as far as the database still tells."""
    finished: dict[str, str] = {}
    with suppress(sqlite3.Error):
        finished = store.statuses()
    return len({trial.id for trial in trials} - finished.keys())


def _make_environments(trials: Sequence[Trial]) -> None:
    """Make what has to be installed, once; a row says of each that can't be."""
    for name in {trial.environment for trial in trials}:
        with suppress(environments.EnvironmentFailed):
            environments.resolve(name)


def _prepare(
    store: Store, trials: list[Trial], plan: Plan, command: str, retry: bool
) -> list[Trial]:
    """Inspect the models and store the plan; the trials that make sense for them."""
    stop = threading.Event()
    with interrupt_on_sigterm(stop):
        keep = not plan.no_cache
        inspection.inspect_models(store, trials, plan.timeout, stop.is_set, keep)
        if not plan.no_long_run:
            long_runs.make_long_runs(store, trials, plan.timeout, stop.is_set, keep)
    if tuple(plan.sampler) == DEFAULT_SAMPLERS:
        trials = [trial for trial in trials if inspection.is_suitable(store.folder, trial)]
    forget_lost_draws(store, trials)
    store.add_trials(trials)
    note_versions(store, trials)
    if command:
        store.set_fact("command", command)
    axes = sweep.axis_names(swept_axes(plan))
    store.set_fact("sweep", list(dict.fromkeys([*(store.fact("sweep") or ()), *axes])))
    if retry:
        statuses = store.statuses()
        store.delete_results([t.id for t in trials if statuses.get(t.id, "ok") != "ok"])
    return trials


def forget_lost_draws(store: Store, trials: Sequence[Trial]) -> None:
    """Have trials run again whose draws are lost."""
    if lost := find_lost_draws(store, trials):
        store.delete_results(lost)


def find_lost_draws(store: Store, trials: Sequence[Trial]) -> list[str]:
    """The ids of trials that ended ok, and whose draws are lost."""
    ended = store.select_ok(trials)
    kept = {trial.id for trial in store.drop_lost_draws(ended)}
    return [trial.id for trial in ended if trial.id not in kept]


def _run(
    campaign: Campaign,
    trials: Sequence[Trial],
    plan: Plan,
    watcher: Watcher,
    client: Client | None,
    cost: RunCost,
) -> None:
    statuses = campaign.store.statuses()
    waiting = [trial for trial in trials if trial.id not in statuses]
    waiting = order_trials(waiting, plan.seed)
    guesses = durations.guess_all(waiting, plan, campaign.folder)
    watcher.on_guess(guesses)
    watcher.on_start(campaign, waiting)
    if not waiting and not next(_plan_rounds(campaign, trials, plan), None):
        return
    with (
        interrupt_on_sigterm(threading.Event()),
        _backend(campaign.store, trials, plan, watcher, client) as backend,
    ):
        run_and_commit(campaign, backend, waiting, watcher, cost)
        for lacking in _plan_rounds(campaign, trials, plan):
            run_blocks(campaign, backend, lacking, watcher, cost)
    campaign.store.check_whole(trials)
    if plan.jobs == 1 and not client:
        campaign.store.set_fact("cost", cost.end())


def _plan_rounds(
    campaign: Campaign, trials: Sequence[Trial], plan: Plan
) -> Iterator[Sequence[Trial]]:
    """The rounds of blocks that finished trials lack."""
    results = campaign.store.results()
    return plan_rounds(trials, results, plan.blocks, plan.runs_alone, plan.seed)


def _backend(
    store: Store, trials: Sequence[Trial], plan: Plan, watcher: Watcher, client: Client | None
) -> AbstractContextManager[ExecutionBackend]:
    """Where the trials are run."""
    if client is None:
        return local_backend(store, trials, plan.jobs, plan.timeout, watcher)
    from samplerbench.harness.campaign.dask_backend import DaskBackend

    # its trials end with the client
    return nullcontext(DaskBackend.create(client, store, trials, plan.timeout))
