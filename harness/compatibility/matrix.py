"""Stacks side by side: those that are not known yet are tried, and each is kept as it finishes."""

from __future__ import annotations

import dataclasses
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.signals import interrupt_on_sigterm
from samplerbench.harness.compatibility import known_stacks, stages
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix_file import Budget, Matrix
from samplerbench.harness.compatibility.stack_tables import Stack
from samplerbench.harness.compatibility.stages import Config, Tools
from samplerbench.harness.environments import uv
from samplerbench.text import format_count

Say = Callable[[str], object]
KEEPING = "name a folder that can be written with --out"


@dataclass(frozen=True)
class Entry:
    """A stack of the matrix, and what is known of it."""

    stack: Stack
    row: StackRow | None  # None: not run
    reference: bool = False  # seconds are held against this one


class MatrixInterrupted(Exception):
    """The matrix was stopped from outside; what had finished is kept in ``file``."""

    def __init__(self, file: Path, left: int) -> None:
        stacks = format_count(left, "stack")
        super().__init__(f"stopped with {stacks} to go; what is finished is in {file}")


def read_stored(matrix: Matrix, file: Path | None = None) -> list[Entry]:
    """Every stack of ``matrix`` with its known row, in the order of the file; runs nothing.

    One that asks for several launches is shown with a row of one, where there is no other, and
    where samplers are new since the last run, with a row of the others.
    """
    rows = _rows_by_key(file)
    budgets = (matrix.budget, _without_new(matrix.budget, rows.values()))
    entries = []
    for stack in matrix.stacks:
        variants = (stack, dataclasses.replace(stack, launches=1))
        keys = [known_stacks.key(variant, budget) for budget in budgets for variant in variants]
        row = next((rows[key] for key in keys if key in rows), None)
        entries.append(Entry(stack, row, stack.name == matrix.reference))
    return entries


def _without_new(budget: Budget, rows: Iterable[StackRow]) -> Budget:
    """``budget`` of those samplers alone that some row tells of."""
    told = {name for row in rows for name in row.samplers}
    counts = (budget.replicates or {}).items()
    return dataclasses.replace(budget, replicates={n: c for n, c in counts if n in told})


def _rows_by_key(file: Path | None) -> dict[str, StackRow]:
    return {row.key: row for row in known_stacks.everything(file)}


def run(
    matrix: Matrix,
    file: Path | None = None,
    *,
    jobs: int = 1,
    again: bool = False,
    keep_environments: bool = False,
    tools: Tools | None = None,
    say: Say = lambda line: None,
) -> list[Entry]:
    """Try what is not known (with ``again``, everything); then every stack with its row.

    ``file`` keeps the rows (None: the user's own). Raises MatrixInterrupted on Ctrl-C and
    SIGTERM, EnvironmentFailed where something is to be tried and there is no uv, UsageError where
    nothing can be kept.
    """
    _refuse_jobs(jobs)
    file = file or known_stacks.own()
    waiting = _list_waiting(matrix, file, again)
    if waiting and tools is None:
        uv.find_uv()  # else every row would say that it is not here
    _make_folder(file.parent)
    say(_count_waiting(matrix, waiting, file))
    config = Config(
        file.parent / "work", matrix.budget, keep_environments, jobs, tools=tools or Tools()
    )
    rows = [] if again else known_stacks.everything(file)
    fresh = _run_all(waiting, config, file, say, {row.pins_key: row for row in rows if row.pins})
    # a transient failure is no knowledge: it is shown, and tried again next time
    return [
        dataclasses.replace(entry, row=fresh.get(entry.stack.name, entry.row))
        for entry in read_stored(matrix, file)
    ]


def describe_plan(matrix: Matrix, file: Path | None, jobs: int, again: bool) -> list[str]:
    """Lines that say which stacks ``run`` would try, and how long it may take; nothing is run."""
    _refuse_jobs(jobs)
    file = file or known_stacks.own()
    waiting = _list_waiting(matrix, file, again)
    lines = [_count_waiting(matrix, waiting, file)]
    lines += [f"  {s.name}" + f", Python {s.python}" * bool(s.python) for s in waiting]
    if took := [row.took_s for row in known_stacks.everything(file) if row.took_s]:
        minutes = statistics.median(took) * len(waiting) / jobs / 60
        lines.append(f"time: about {minutes:.0f} min, guessed from stacks that were tried before")
    return lines


def _refuse_jobs(jobs: int) -> None:
    if jobs < 1:
        raise UsageError(f"jobs={jobs}\n  expected: a whole number from 1 on")


def _list_waiting(matrix: Matrix, file: Path, again: bool) -> list[Stack]:
    rows = _rows_by_key(file)
    return [s for s in matrix.stacks if again or known_stacks.key(s, matrix.budget) not in rows]


def _count_waiting(matrix: Matrix, waiting: Sequence[Stack], file: Path) -> str:
    known = len(matrix.stacks) - len(waiting)
    return f"{format_count(len(waiting), 'stack')} to try, {known} known; kept in {file}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"can't keep rows in {str(folder)!r}: {error.strerror}\n"
            "  expected: a folder that can be written; name another with --out"
        ) from error


def _run_all(
    waiting: Sequence[Stack], config: Config, file: Path, say: Say, by_pins: dict[str, StackRow]
) -> dict[str, StackRow]:
    """Name -> row of each of ``waiting``, ``config.jobs`` at once; kept one by one."""
    stop, rows = threading.Event(), dict[str, StackRow]()
    turns: dict[str, Any] = defaultdict(threading.Lock)
    config = dataclasses.replace(
        config,
        is_cancelled=stop.is_set,
        find_known=by_pins.get,
        turn=lambda pins_key: turns[pins_key],
    )
    started = time.monotonic()
    with interrupt_on_sigterm(stop), ThreadPoolExecutor(config.jobs) as executor:
        tasks = {executor.submit(stages.run_stages, stack, config): stack for stack in waiting}
        try:
            for task in as_completed(tasks):
                row = rows[task.result().name] = _keep(file, task.result(), say)
                if row.pins and not row.passing:
                    by_pins[row.pins_key] = row
                left = (time.monotonic() - started) / len(rows) * (len(tasks) - len(rows))
                say(f"[{len(rows)}/{len(tasks)}] {describe(row)}; about {left / 60:.0f} min left")
        except KeyboardInterrupt as error:
            raise MatrixInterrupted(file, len(tasks) - len(rows)) from error
        finally:
            stop.set()  # whatever ends it: the executor waits for what is under way
            for task in tasks:
                task.cancel()
    return rows


def _keep(file: Path, row: StackRow, say: Say) -> StackRow:
    """The row, put into ``file``; where the disk is full it is shown, and tried again next time."""
    try:
        known_stacks.keep(file, row)
    except OSError as error:
        advice = uv.advise(str(error), KEEPING)
        say(f"can't keep the next row: {error}\n  next: {advice.text}")
        return dataclasses.replace(row, passing=True)
    return row


def describe(row: StackRow) -> str:
    """One line on a finished stack."""
    outcome = f"{row.failed_stage}: {row.cause}" if row.failed_stage else "passes"
    return f"{row.name}: {outcome} (after {row.took_s:.0f} s)"
