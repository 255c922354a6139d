"""The worker's process: reads its job, writes its answer, and ends when the coordinator does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from samplerbench.errors import SamplerbenchError
from samplerbench.files import write_whole
from samplerbench.harness import descendants
from samplerbench.harness.records import Job, Result, Trial, read_job, to_json
from samplerbench.harness.worker import plugin_imports
from samplerbench.harness.worker_files import RESULT
from samplerbench.models.loading.model_names import digest_model, find_file
from samplerbench.models.loading.script import enter_script
from samplerbench.samplers.base import samplers


def serve(job_file: str, task: Callable[[Job], Result]) -> int:
    """Write what ``task`` makes of the job; the process ends when the coordinator does.

    Files that are not what the trial names are not run: their numbers would stand under its name.
    """
    _die_with_coordinator()
    _die_first()
    job = read_job(Path(job_file).read_text())
    plugin_imports.offer_plugins(job)
    for name in (job.trial.sampler, job.trial.model):  # the model's folder is searched first
        if file := find_file(name):
            enter_script(file, job.caller_folder)
    change = describe_change(job.trial)
    result = Result("failed", change) if change else task(job)
    write_whole(Path(job.scratch) / RESULT, to_json(result))
    return 0


def describe_change(trial: Trial) -> str:
    """Which of the model's and the sampler's files has changed or is gone; "" for none."""
    for name, planned, read in (
        (trial.model, trial.model_digest, digest_model),
        (trial.sampler, trial.sampler_digest, samplers.digest),
    ):
        try:
            found = read(name) if planned else ""
        except (OSError, SamplerbenchError) as error:
            return f"{name} can't be read as it could when the campaign began: {error}"
        if found != planned:
            return (
                f"{name} has changed since the campaign began (it was {planned[:8]}, it is "
                f"{found[:8]}): run what it is now with another --out"
            )
    return ""


def _die_with_coordinator() -> None:
    """Standard input is a pipe that the coordinator holds; its end means that it is gone.

    It is moved aside first, so that a model that reads finds the end at once, and can't close it.
    """
    mark = os.environ.get(descendants.VARIABLE)
    pipe = os.dup(0)  # which what a model starts does not inherit
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)

    def watch() -> None:
        while os.read(pipe, 4096):
            pass
        if mark:
            descendants.kill_all(mark)
        os.killpg(0, signal.SIGKILL)  # the launcher made this process the leader of its own group

    threading.Thread(target=watch, daemon=True).start()


def _die_first() -> None:
    """Where memory runs out, Linux is to end this process and not the coordinator."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass  # no Linux, or not allowed: the kernel then takes the largest process, mostly this one
