"""Runs replicates by a library's own call, in as many processes as pay; no clock runs for them.

A library that calls back into Python holds its lock, so that threads would wait for one another.
What a replicate draws depends on its seed alone, whoever runs it. A process that dies takes one
replicate with it, and so does one that is stuck.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from samplerbench.harness.descendants import name_signal
from samplerbench.harness.draws_file import make_nan_draws
from samplerbench.harness.records import PATIENCE, PATIENCE_S, Job, Result, to_json
from samplerbench.harness.worker.outcome import explain_error
from samplerbench.harness.worker.raised_errors import RaisedErrors
from samplerbench.harness.worker.seed_queue import SeedQueue
from samplerbench.harness.worker.time_limit import OutOfTime, TimeLimit
from samplerbench.harness.worker.timing import read_available_mb, read_peak_rss_mb
from samplerbench.samplers.base import Draws

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
PAYS = 3.0  # times the start of a process must the replicates take one after the other
MEMORY_SHARE = 0.5  # of what is free that further processes may take
POLL_S = 0.02
ENDED_BY_ERROR = "an exception ended its process"
Helpers = dict[int, "subprocess.Popen[bytes]"]  # by their process id


class PlainReplicates:
    """Runs ``count`` replicates, those that end before ``limit``; notes losses in ``result``."""

    def __init__(self, job: Job, result: Result, limit: TimeLimit, count: int, guess: float):
        self.job, self.result, self.limit, self.count = job, result, limit, count
        self.longest = guess  # seconds of a run so far
        self.patience = max(PATIENCE_S, PATIENCE * guess, result.timings.get("cold_s") or 0.0)
        self.raised = RaisedErrors(lambda error: explain_error(job, error, "")[1])
        self.processes = 1 + (count_helpers(result, count, guess) if limit.allows(guess) else 0)

    def run(self, replicate: Callable[[int], Draws], like: Draws) -> list[Draws]:
        """The draws of each, up to the first that is not there in time; NaN for a lost one."""
        queue = SeedQueue(Path(self.job.scratch) / "replicates", self.count)
        queue.folder.mkdir()
        helpers = self._start_helpers(queue)
        try:
            found = self._run_own_share(
                queue.take_all() if helpers else range(self.count), replicate, like
            )
            if helpers:
                with contextlib.suppress(OutOfTime):
                    self._await_others(queue, helpers, found, replicate, like)
        finally:
            _end(helpers)
        self.raised.report(self.result)
        missing = next(i for i in range(self.count + 1) if i not in found)
        return [found[i] for i in range(missing)]

    def _run_own_share(
        self, indices: Iterable[int], replicate: Callable[[int], Draws], like: Draws
    ) -> dict[int, Draws]:
        """What this process runs, up to the first that does not end in time, which is the last."""
        found: dict[int, Draws] = {}
        for index in indices:
            try:
                found[index] = self._run_here(replicate, index, like)
            except OutOfTime:
                self.count = index
                break
        return found

    def _start_helpers(self, queue: SeedQueue) -> Helpers:
        started = [self._start_helper(queue, number) for number in range(1, self.processes)]
        return {process.pid: process for process in started}

    def _start_helper(self, queue: SeedQueue, number: int) -> subprocess.Popen[bytes]:
        scratch = queue.folder / f"process{number}"
        scratch.mkdir()
        job = replace(self.job, scratch=str(scratch), shared_replicates=self.count)
        (scratch / "job.json").write_text(to_json(job))
        # in this process's group, and held by a pipe: it ends when this one does
        command = [sys.executable, str(BOOTSTRAP), str(scratch / "job.json"), "seed_share"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, cwd=scratch)

    def _run_here(self, replicate: Callable[[int], Draws], index: int, like: Draws) -> Draws:
        """One replicate in this process, NaN where it raises an error; may raise OutOfTime."""
        if not self.limit.allows(self.longest):
            raise OutOfTime
        start = time.monotonic()
        try:
            draws = self.limit.call(functools.partial(replicate, index))
        except Exception as error:  # a library's; other seeds may do
            self.raised.add(error, self.job.trial.seed + index)
            return make_nan_draws(like)
        self.longest = max(self.longest, time.monotonic() - start)
        return draws

    def _await_others(
        self,
        queue: SeedQueue,
        helpers: Helpers,
        found: dict[int, Draws],
        replicate: Callable[[int], Draws],
        like: Draws,
    ) -> None:
        """Add the others' draws to ``found``; what an exception ended is run here again."""
        while missing := [i for i in range(self.count) if i not in found]:
            for index in missing:
                loss, draws = "", queue.read(index)
                if draws is None:
                    loss = self._describe_loss(queue, helpers, index)
                    draws = queue.read(index)  # its holder may just have ended
                if draws is not None:
                    found[index] = draws
                elif loss == ENDED_BY_ERROR:
                    found[index] = self._run_here(replicate, index, like)
                elif loss:
                    found[index] = make_nan_draws(like)
                    self.result.warnings.append(
                        f"replicate {index} was lost and counts as a failure: {loss}"
                    )
            if self.limit.seconds_left() <= 0:
                raise OutOfTime
            time.sleep(POLL_S)

    def _describe_loss(self, queue: SeedQueue, helpers: Helpers, index: int) -> str:
        """Why the process that took a replicate won't hand it in, or ""."""
        holder, seconds = queue.find_holder(index)
        if holder not in helpers:  # not taken: whoever is free will
            return ""
        code = helpers[holder].poll()
        if code is None and seconds > self.patience:
            helpers[holder].kill()
            return f"given up after {self.patience:.0f} s"
        if code is None:
            return ""
        return ENDED_BY_ERROR if code >= 0 else f"its process was killed by {name_signal(-code)}"


def count_helpers(result: Result, count: int, guess: float) -> int:
    """How many further processes pay: each must import and compile what this one has."""
    timings = result.timings
    start = (timings.get("import_s") or 0.0) + max(0.0, (timings.get("cold_s") or 0.0) - guess)
    if result.machine.get("device") != "cpu" or guess * count < PAYS * start:
        return 0
    most = min(os.cpu_count() or 1, count) - 1
    free, own = read_available_mb(), read_peak_rss_mb()
    return most if free is None or own is None else min(most, int(MEMORY_SHARE * free / own))


def _end(helpers: Helpers) -> None:
    """End them; only then their pipes, whose end would have them end this process's group."""
    for process in helpers.values():
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()
