"""Long runs for the models of a campaign that have no other ground truth, before its trials."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from samplerbench.files import write_beside
from samplerbench.harness.campaign import programs
from samplerbench.harness.campaign.inspection import needs_inspection
from samplerbench.harness.campaign.model_data import use_stored
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.campaign.wide_launch import WideLaunch, prepare_launch
from samplerbench.harness.draws_file import save_draws
from samplerbench.harness.ground_truth import long_run, select
from samplerbench.harness.ground_truth.improper_posterior import describe_wandering
from samplerbench.harness.ground_truth.long_run import EFFORTS, OWN_STARTS, LongRun, RunFailed
from samplerbench.harness.records import LEAST_CHAINS, Trial
from samplerbench.harness.scoring.verdict_words import LEAST
from samplerbench.harness.worker_files import DRAWS
from samplerbench.models.base import Sites
from samplerbench.samplers.base import Draws
from samplerbench.text import tell

LONGEST_S = 300.0  # of all attempts for one model; less or more as the trials' timeout has it
SHARE = 0.5  # of a timeout that leaves them more than that
LEAST_S = 30.0  # left for a further attempt
RHAT_DRIFT = 1.2  # of a chain by itself; one that mixes slowly may pass with more care
#: runs a job's chains within so many seconds; its file of draws is there within the ``with``
Launch = Callable[[Trial, float], AbstractContextManager[Path]]


def make_long_runs(
    store: Store,
    trials: Sequence[Trial],
    timeout: float,
    cancelled: Callable[[], bool] = lambda: False,
    keep_programs: bool = True,
) -> None:
    """Make a long run of each model of ``trials`` that nothing better can judge, once.

    None for trials of so few replicates that there is no verdict. What comes of it, or why there is
    none, is stored with the campaign. One that was short of time is made again with more.
    """
    first: dict[str, Trial] = {}  # by the most draws: as many claims there are to judge
    for trial in sorted(trials, key=lambda trial: -trial.draws * trial.chains):
        if (
            not (trial.calibrate or trial.reference)
            and trial.most_replicates >= LEAST
            and needs_inspection(trial)  # else it has an exact answer, which is not built here
        ):
            first.setdefault(select.model_key(trial), trial)
    limit = min(timeout, max(LONGEST_S, SHARE * timeout))
    for trial in first.values():
        path = select.long_run_path(store.folder, trial)
        record = long_run.read_record(path)
        if record and not 0 < record.short_s < limit:
            continue
        if select.find_ground_truth(store.folder, trial)[0] is None:
            scratch = store.scratch(path.stem)
            launch = prepare_launch(trial, scratch, "long_run", cancelled, keep_programs)
            if launch:
                _make(store, trial, partial(_launch, launch), path, limit)


def _make(store: Store, trial: Trial, launch: Launch, path: Path, limit: float) -> None:
    tell(
        f"model {trial.model_label!r} has no exact answer: a long run of "
        f"{long_run.SAMPLER} makes one, in at most {limit:.0f} s (--no-long-run leaves it out)"
    )
    path.parent.mkdir(exist_ok=True)
    start = time.monotonic()
    record = _try_efforts(store, trial, launch, path, limit)
    record = replace(record, seconds=time.monotonic() - start)
    record.save(long_run.record_path(path))
    key = select.model_key(trial)  # rows of an earlier run are judged anew
    store.delete_scores([t.id for t in store.trials() if select.model_key(t) == key])
    tell(_describe(record))


def _try_efforts(store: Store, trial: Trial, launch: Launch, path: Path, limit: float) -> LongRun:
    """The first attempt that passes; the record of why none does where there is none."""
    attempts: list[str] = []
    deadline, is_short = time.monotonic() + limit, False
    model = programs.with_path(store.folder, use_stored(store.folder, trial))
    improper = select.improper_sites(store.folder, trial)
    efforts = list(EFFORTS)
    while efforts:
        left = deadline - time.monotonic()
        if attempts and left < LEAST_S:
            break
        effort = efforts.pop(0)
        job = effort.make_trial(model)
        try:
            if improper and not attempts:
                _refuse_wandering(launch, job, left / 4, improper)
            with launch(job, deadline - time.monotonic()) as draws:
                sites, record = _accept(draws, job, improper)
            save_sites(path, sites)
            return replace(record, attempts=attempts)
        except RunFailed as failure:
            attempts.append(f"{job.label}: {failure}")
            is_short = not failure.hopeless and deadline - time.monotonic() < LEAST_S
            if failure.hopeless:
                break
            if failure.far_off:
                efforts = [] if effort in OWN_STARTS else list(OWN_STARTS)
    why = attempts[-1]
    if is_short:
        more = 2 * limit
        timeout = more if more <= LONGEST_S else more / SHARE
        why += f"; --timeout {timeout:.0f} gives it {more:.0f} s"
    return LongRun(why=why, attempts=attempts[:-1], short_s=limit * is_short)


def _refuse_wandering(launch: Launch, job: Trial, seconds: float, improper: Sequence[str]) -> None:
    """Raise RunFailed where a few chains of improper priors drift or overflow.

    They take the most steps that a chain can, so that hundreds of them take minutes for nothing.
    """
    words = ""
    with suppress(RunFailed), launch(replace(job, replicates=LEAST_CHAINS), seconds) as draws:
        words = describe_wandering(draws, improper, RHAT_DRIFT)
    if words:
        raise RunFailed(words, hopeless=True)


def _accept(path: Path, job: Trial, improper: Sequence[str]) -> tuple[Sites, LongRun]:
    """``accept_draws``, which is hopeless where the chains of improper priors drift or overflow."""
    try:
        return long_run.accept_draws(path, job)
    except RunFailed as failure:
        if words := describe_wandering(path, improper, RHAT_DRIFT):
            raise RunFailed(words, hopeless=True) from failure
        raise


@contextmanager
def _launch(launch: WideLaunch, job: Trial, seconds: float) -> Iterator[Path]:
    """The file of draws of the job's chains, while it is there. Raises RunFailed."""
    try:
        result = launch.run(job, seconds)
        if result.status != "ok":
            slow = result.status == "timeout"
            reason = result.reason if slow else f"{result.status}: {result.reason}"
            raise RunFailed(reason, hopeless=not slow, far_off=slow)
        yield launch.scratch / DRAWS
    finally:
        shutil.rmtree(launch.scratch, ignore_errors=True)


def save_sites(path: Path, sites: Sites) -> None:
    """Write draws, site -> [chain, draw, *event], to ``path`` as a whole."""
    chains = len(next(iter(sites.values())))
    runs = [
        Draws({name: values[i : i + 1] for name, values in sites.items()}) for i in range(chains)
    ]
    with write_beside(path) as part:
        save_draws(part, {"replicates": runs})


def _describe(record: LongRun) -> str:
    if record.why:
        return f"no answer by a long run, after {record.seconds:.0f} s: {record.why}"
    return (
        f"{record.chains} chains in {record.seconds:.0f} s, {record.ess:.0f} effective draws for "
        "the worst parameter"
    )
