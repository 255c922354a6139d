"""Stacks side by side: those that are not known yet are tried, and each is kept as it finishes."""

from __future__ import annotations

import dataclasses
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.dispatch import stopped_by_signals
from samplerbench.harness.compatibility import known_stacks, stages
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix_file import Matrix, Stack
from samplerbench.harness.compatibility.matrix_run import Tools, Way
from samplerbench.harness.environments import environments, uv

Say = Callable[[str], object]
KEEPING = "name a folder that can be written with --out"


@dataclass(frozen=True)
class Entry:
    """A stack of the matrix, and what is known of it."""

    stack: Stack
    row: StackRow | None  # None: not run
    reference: bool = False  # seconds are held against this one


class Interrupted(Exception):
    """The matrix was stopped from outside; what had finished is kept in ``file``."""

    def __init__(self, file: Path, left: int) -> None:
        super().__init__(f"stopped with {left} stack(s) to go; what is finished is in {file}")


def stored(matrix: Matrix, file: Path | None = None) -> list[Entry]:
    """Every stack of ``matrix`` with its known row, in the order of the file; runs nothing.

    One that asks for several launches is shown with a row of one, where there is no other.
    """
    rows, place = _rows(file), environments.identity(_python(matrix))
    entries = []
    for stack in matrix.stacks:
        ways = (stack, dataclasses.replace(stack, launches=1))
        keys = [known_stacks.key(way, matrix.budget, place) for way in ways]
        row = next((rows[key] for key in keys if key in rows), None)
        entries.append(Entry(stack, row, stack.name == matrix.reference))
    return entries


def _rows(file: Path | None) -> dict[str, StackRow]:
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

    ``file`` keeps the rows (None: the user's own). Raises Interrupted on Ctrl-C and SIGTERM,
    EnvironmentFailed where something is to be tried and there is no uv, UsageError where nothing
    can be kept.
    """
    if jobs < 1:
        raise UsageError(f"jobs={jobs}\n  expected: a whole number from 1 on")
    file = file or known_stacks.own()
    before = stored(matrix, file)
    rows, place = _rows(file), environments.identity(_python(matrix))
    known = {s.name for s in matrix.stacks if known_stacks.key(s, matrix.budget, place) in rows}
    waiting = [entry.stack for entry in before if again or entry.stack.name not in known]
    if waiting and tools is None:
        uv.find_uv()  # else every row would say that it is not here
    _can_be_kept(file)
    say(f"{len(waiting)} stack(s) to try, {len(before) - len(waiting)} known; kept in {file}")
    way = Way(file.parent / "work", matrix.budget, _python(matrix), keep_environments, jobs)
    if tools:
        way = dataclasses.replace(way, tools=tools)
    fresh = _side_by_side(waiting, way, file, say, {} if again else _by_pins(file))
    # a failure of the network or the disk is no knowledge: it is shown, and tried again next time
    return [
        dataclasses.replace(entry, row=fresh.get(entry.stack.name, entry.row))
        for entry in stored(matrix, file)
    ]


def _can_be_kept(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"can't keep rows in {str(file.parent)!r}: {error.strerror}\n"
            "  expected: a folder that can be written; name another with --out"
        ) from error


def _python(matrix: Matrix) -> str | None:
    """The Python to make environments with; None is the running one."""
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return None if matrix.python in ("", running) else matrix.python


def _by_pins(file: Path) -> dict[str, StackRow]:
    return {row.pins_key: row for row in known_stacks.everything(file) if row.pins}


def _side_by_side(
    waiting: Sequence[Stack], way: Way, file: Path, say: Say, by_pins: dict[str, StackRow]
) -> dict[str, StackRow]:
    """Name -> row of each of ``waiting``; kept one by one."""
    stop, found = threading.Event(), {}
    turns: dict[str, Any] = defaultdict(threading.Lock)
    way = dataclasses.replace(
        way, cancelled=stop.is_set, known=by_pins.get, turn=lambda pins_key: turns[pins_key]
    )
    started = time.monotonic()
    with stopped_by_signals(stop), ThreadPoolExecutor(way.jobs) as executor:
        tasks = {executor.submit(stages.take, stack, way): stack for stack in waiting}
        try:
            for task in as_completed(tasks):
                row = found[task.result().name] = _kept(file, task.result(), say)
                if row.pins and not row.passing:
                    by_pins[row.pins_key] = row
                left = (time.monotonic() - started) / len(found) * (len(tasks) - len(found))
                say(f"[{len(found)}/{len(tasks)}] {told(row)}; about {left / 60:.0f} min left")
        except KeyboardInterrupt as error:
            raise Interrupted(file, len(tasks) - len(found)) from error
        finally:
            stop.set()  # whatever ends it: the executor waits for what is under way
            for task in tasks:
                task.cancel()
    return found


def _kept(file: Path, row: StackRow, say: Say) -> StackRow:
    """The row, put into ``file``; where the disk is full it is shown, and tried again next time."""
    try:
        known_stacks.keep(file, row)
    except OSError as error:
        say(f"can't keep the next row: {error}\n  next: {uv.advise(str(error), KEEPING)}")
        return dataclasses.replace(row, passing=True)
    return row


def told(row: StackRow) -> str:
    """One line on a finished stack."""
    what = f"{row.failed}: {row.cause}" if row.failed else "passes"
    return f"{row.name}: {what} (after {row.took_s:.0f} s)"
