"""Cold rounds under pytest-benchmark: a fresh process each, its imports outside of the clock."""

from __future__ import annotations

import json
import os
import pickle
import select
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samplerbench.harness import launcher
from samplerbench.harness.pytest_plugin.scores import make_record
from samplerbench.harness.pytest_plugin.warm_runs import score_draws, set_timing
from samplerbench.harness.records import (
    Job,
    Result,
    Trial,
    to_json,
)
from samplerbench.models.loading.model_names import load_model

PROCESS = Path(__file__).with_name("cold_process.py")
TIMEOUT_S = 600.0  # for the imports, and again for the run
OF_WARM = ("aot_s", "warm_s", "warmup_s", "sample_s", "rerun_s", "compiles_per_rerun")
NOT_WARM = "not timed: a cold benchmark runs once in each process"


class Cold:
    """What pytest-benchmark calls; round i runs the seed of replicate i."""

    def __init__(self, trial: Trial, folder: Path) -> None:
        self.trial, self.folder = trial, folder
        self.rounds: list[dict[str, Any]] = []
        self.process: Process | None = None

    def setup(self) -> tuple[tuple[Process], dict[str, Any]]:
        """A process that has imported what the sampler needs, and waits."""
        at = len(self.rounds)
        one = replace(self.trial, seed=self.trial.seed + at, replicates=1)
        self.process = Process(one, self.folder / f"round-{at}")
        return (self.process,), {}

    def target(self, process: Process) -> None:
        """Build the sampler and make its first run: trace, compile, warm-up, sampling."""
        process.go()

    def teardown(self, process: Process) -> None:
        """Take what the run found and end its process."""
        results = process.read_results()
        if "jax" in results["versions"] and not results["laps"]["compiles"]:
            pytest.fail(f"round {len(self.rounds) + 1} compiled nothing: it was not cold")
        self.rounds.append(results)

    def row(self) -> dict[str, Any]:
        """The row of what the rounds took and drew."""
        last = self.rounds[-1]
        laps = [results["laps"] for results in self.rounds]
        result = Result("ok", mode="plain", machine=last["machine"], versions=last["versions"])
        result.precision = laps[-1]["precision"]
        for name in ("compile_s", "compiles", "import_s", "peak_rss_mb"):
            known = [lap[name] for lap in laps if lap[name] is not None]
            result.timings[name] = statistics.median(known) if known else None
        set_timing(result, "cold_s", [lap["cold_s"] for lap in laps])
        result.missing.update(dict.fromkeys(OF_WARM, NOT_WARM))
        model = load_model(self.trial.model, self.trial.model_options)
        trial = replace(self.trial, replicates=len(self.rounds))
        return score_draws(trial, model, result, [results["draws"] for results in self.rounds])


class Process:
    """One fresh process, ready once constructed; ``go`` starts it, ``read_results`` ends it."""

    def __init__(self, trial: Trial, scratch: Path) -> None:
        scratch.mkdir(parents=True)
        self.scratch, self.log = scratch, scratch / "log.txt"
        job_file = scratch / "job.json"
        job_file.write_text(to_json(Job(trial, str(scratch), time.monotonic())))
        read_go, self._go = os.pipe()
        self._pipe, write_pipe = os.pipe()
        command = [sys.executable, "-P", str(PROCESS), str(job_file), str(read_go), str(write_pipe)]
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(trial),
                pass_fds=(read_go, write_pipe),
            )
        os.close(read_go)
        os.close(write_pipe)
        self._wait_for("ready")

    def go(self) -> None:
        """Start the run and wait for its end: the only part that is timed."""
        os.write(self._go, b"!")
        self._wait_for("ended")

    def read_results(self) -> dict[str, Any]:
        """Laps, machine, versions and draws of the run that has ended."""
        self._wait_for("written")
        self.end()
        return pickle.loads((self.scratch / "results.pickle").read_bytes())

    def _wait_for(self, word: str) -> None:
        line = self._line()
        answer, reason = json.loads(line) if line else ("", "")
        if answer == word:
            return
        self.end()
        if answer == "declined":
            pytest.skip(reason)
        log = self.log.read_text(errors="replace")[-2000:]
        pytest.fail(f"no word of {word!r} from the process; its log ends with:\n{log}")

    def _line(self) -> bytes:
        """The next line of the pipe; shorter where the process ends or time runs out."""
        line = b""
        while not line.endswith(b"\n") and select.select([self._pipe], [], [], TIMEOUT_S)[0]:
            part = os.read(self._pipe, 1)  # no further than this line
            if not part:
                break
            line += part
        return line if line.endswith(b"\n") else b""

    def end(self) -> None:
        """End it, whatever it does; more than once does no harm."""
        if self._process.returncode is not None:
            return
        self._process.kill()
        self._process.wait()
        os.close(self._go)
        os.close(self._pipe)


def _environment(trial: Trial) -> dict[str, str]:
    """A worker's, with JAX's device and precision as in this process, where the warm runs are."""
    ours = {n: os.environ[n] for n in ("JAX_PLATFORMS", "JAX_ENABLE_X64") if n in os.environ}
    theirs = launcher.environment_variables(trial)
    return {n: v for n, v in theirs.items() if n not in ("JAX_PLATFORMS", "JAX_ENABLE_X64")} | ours


def measure(benchmark: Any, trial: Trial, rounds: int, folder: Path) -> dict[str, Any]:
    """Time ``rounds`` cold runs; the row, which also goes to ``extra_info``."""
    cold = Cold(trial, folder)
    benchmark.group = f"cold: {trial.model_label}"
    try:
        benchmark.pedantic(cold.target, setup=cold.setup, teardown=cold.teardown, rounds=rounds)
        if benchmark.disabled:  # then pytest-benchmark leaves the teardown out
            cold.teardown(cold.process)
    except BaseException:  # a skip too: pytest-benchmark itself notes what is an Exception alone
        benchmark.has_error = True
        raise
    finally:
        if cold.process:
            cold.process.end()
    row = cold.row()
    benchmark.extra_info.update(make_record(row, "cold_s"))
    return row
