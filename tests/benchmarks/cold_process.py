"""One cold run in a fresh process, on demand: libraries first, then a word from the test, then it.

Run by path with a job file and two pipes: what is read from ``go`` starts the run; lines of JSON on
``pipe`` say ready, ended, written. Draws and laps go to the job's scratch folder.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from samplerbench.harness.records import Job, read_job
from samplerbench.harness.worker import provenance
from samplerbench.harness.worker.timing import CompileClock, read_peak_rss_mb
from samplerbench.models.loading.model_names import load_model
from samplerbench.options import fill
from samplerbench.samplers.base import (
    Budget,
    Declined,
    Draws,
    samplers,
)


def main(job_file: str, go: int, pipe: int) -> None:
    """Import, wait, run, write."""
    job = read_job(Path(job_file).read_text())
    trial, clock = job.trial, CompileClock()
    sampler = samplers.get(trial.sampler)
    _import(sampler.needs, clock)
    import_s = time.monotonic() - job.launched_at
    model = load_model(trial.model, trial.model_options)
    settings = fill(sampler.settings, trial.settings, sampler.name)
    budget = Budget(trial.chains, trial.warmup, trial.draws)
    where = provenance.describe_machine()
    _send(pipe, "ready")
    if not os.read(go, 1):
        return  # the test has gone
    try:
        draws, lap = clock.lap(lambda: sampler.prepare(model, budget, settings).plain(trial.seed))
    except Declined as declined:
        _send(pipe, "declined", str(declined))
        return
    _send(pipe, "ended")
    jax = sys.modules.get("jax")
    laps = {
        "precision": 64 if jax and jax.config.jax_enable_x64 else 32,
        "cold_s": lap.wall,
        "compile_s": lap.compile,
        "compiles": lap.compiles,
        "import_s": import_s,
        "peak_rss_mb": read_peak_rss_mb(),
    }
    _write(job, laps, where, draws)
    _send(pipe, "written")


def _import(needs: tuple[str, ...], clock: CompileClock) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in needs:
            importlib.import_module(module)
    if "jax" in sys.modules:
        import jax

        jax.devices()  # starts the backend: part of what is ready before the first call
        clock.listen()


def _write(job: Job, laps: dict[str, Any], where: dict[str, Any], draws: Draws) -> None:
    results = {
        "laps": laps,
        "machine": where,
        "versions": provenance.read_versions(),
        "draws": draws,
    }
    (Path(job.scratch) / "results.pickle").write_bytes(pickle.dumps(results))


def _send(pipe: int, word: str, reason: str = "") -> None:
    os.write(pipe, json.dumps([word, reason]).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    os._exit(0)  # nothing of the libraries' own farewells
