"""How long trials may take, before they have run: from trials stored here, else from typical ones.

These are guesses, for the time left and for a dry run; nothing that is measured rests on them.
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samplerbench.errors import SamplerbenchError
from samplerbench.harness.campaign.blocks import choose_blocks
from samplerbench.harness.campaign.database import open_database
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.stored_records import parse_trial
from samplerbench.harness.campaign.stored_runs import list_runs
from samplerbench.harness.records import TIMED_RUNS, Trial, fit_replicates
from samplerbench.samplers.base import samplers
from samplerbench.user_files import full_path

TYPICAL_DRAWS = 5000  # of the runs that a sampler's typical seconds are of
START_S = 1.5  # to start a worker and import its libraries
COMPILES = 1.3  # of the first run's seconds: the program is compiled once more, ahead of time
CLOCKED_RUNS = TIMED_RUNS + 2  # the same seed again, and in the other mode
MOST_FOLDERS = 20  # the newest of ./samplerbench-runs that are looked through
TIMINGS = """
SELECT t.id, t.record, json_extract(r.record, '$.timings.cold_s'),
    COALESCE(json_extract(r.record, '$.timings.warm_s'),
             json_extract(r.record, '$.timings.rerun_s')),
    json_extract(r.record, '$.timings.clocked_s')
FROM results r JOIN trials t ON t.id = r.trial WHERE r.status = 'ok'
"""
#: trials alike -> seconds of a first and a further run, and until no clock runs
Experience = Mapping[tuple[object, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Guess:
    """Seconds that a trial may take."""

    first: float  # of its own process
    block: float  # of each further process
    blocks: int  # how many of these

    @property
    def total(self) -> float:
        """All of it."""
        return self.first + self.block * self.blocks


def guess_all(trials: Sequence[Trial], plan: Plan, folder: Path | None = None) -> dict[str, Guess]:
    """Trial -> its guess, where it runs as ``plan`` says.

    ``folder``: a campaign to look through beside those in ./samplerbench-runs.
    """
    if not trials:
        return {}
    folders = [*([folder] if folder else []), *(path for path, _ in list_runs()[:MOST_FOLDERS])]
    known = read_known(dict.fromkeys(full_path(path) for path in folders))
    how = plan.blocks, plan.runs_alone, known, plan.timeout
    return {trial.id: guess(trial, *how) for trial in trials}


def guess(
    trial: Trial, blocks: int, alone: bool, known: Experience | None = None, limit: float = math.inf
) -> Guess:
    """What one trial may take, no process more than ``limit`` seconds.

    ``blocks`` and ``alone`` as ``choose_blocks`` has them.
    """
    typical, run = samplers.get(trial.sampler).typical_s
    run *= trial.draws * trial.chains / TYPICAL_DRAWS
    guessed = typical, run, _guess_clocked(typical, run)
    cold, run, clocked = (known or {}).get(_likeness(trial), guessed)
    untimed = max(0, fit_replicates(trial, run) - TIMED_RUNS)
    number = choose_blocks(blocks, cold, alone)
    first = clocked + untimed * run / (os.cpu_count() or 1)
    return Guess(min(first, limit), min(clocked, limit), number - 1)


def _guess_clocked(cold: float, run: float) -> float:
    """Seconds until no clock runs, where only those of a first and a further run are known."""
    return START_S + COMPILES * cold + CLOCKED_RUNS * run


def read_known(folders: Iterable[Path]) -> Experience:
    """Median seconds of the trials in stored campaigns."""
    found: dict[tuple[object, ...], list[tuple[float, float, float]]] = {}
    for folder in folders:
        # a folder that can't be read has no guesses; who opens it says why
        with contextlib.suppress(SamplerbenchError, sqlite3.Error, OSError, ValueError, TypeError):
            with contextlib.closing(open_database(folder)) as database:
                for name, record, cold, run, clocked in database.execute(TIMINGS):
                    if cold and run:
                        seconds = cold, run, clocked or _guess_clocked(cold, run)
                        found.setdefault(_likeness(parse_trial(name, record)), []).append(seconds)
    return {
        likeness: tuple(map(statistics.median, zip(*several, strict=True)))
        for likeness, several in found.items()
    }


def _likeness(trial: Trial) -> tuple[object, ...]:
    """What trials share that take about as long a run."""
    names = trial.sampler, trial.label, trial.model, trial.model_label, trial.data_file_digest
    sizes = trial.chains, trial.warmup, trial.draws, trial.precision
    return (*names, *sizes, trial.environment, trial.device)
