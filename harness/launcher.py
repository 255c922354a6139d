"""Runs one worker process for one trial; whatever happens, the process is ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from samplerbench.harness import descendants, scratch_folder
from samplerbench.harness.descendants import name_signal
from samplerbench.harness.records import SAVING, Job, Result, Trial, to_json
from samplerbench.harness.worker_files import LOG
from samplerbench.harness.worker_log import WorkerLog
from samplerbench.models.base import models
from samplerbench.models.loading.script import SEARCH_VARIABLE, describe_search_path
from samplerbench.options import fill
from samplerbench.plugins import Plugin
from samplerbench.samplers.base import samplers

BOOTSTRAP = Path(__file__).with_name("worker") / "bootstrap.py"
#: what a worker inherits; everything else could change its timing or its answer
INHERITED_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"),
    *("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"),
)
POLL_S = 0.02
SAVING_S = 300.0  # beyond its limit, for a worker that saves: all would be lost on a slow disk
MOST_HOST_DEVICES = 64  # XLA starts threads for each; more chains run one after the other


def environment_variables(trial: Trial) -> dict[str, str]:
    """The worker's environment variables, from a whitelist and from what the trial asks for."""
    variables = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    devices = count_host_devices(trial)
    if devices > 1:  # read once, when JAX starts
        variables["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    return {
        **variables,
        "JAX_PLATFORMS": "cpu" if trial.device == "cpu" else "cuda",
        "JAX_ENABLE_X64": "1" if trial.precision == 64 else "0",
        "JAX_ENABLE_COMPILATION_CACHE": "false",  # a warm cache would hide the compile seconds
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # the device's memory peak then means something
        "PYTHONHASHSEED": "0",  # NumPyro collects fields in the order of a set of strings
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "MPLBACKEND": "Agg",
        SEARCH_VARIABLE: describe_search_path(),  # for the modules of a user's file
        "TQDM_DISABLE": "1",
    }


def _plugins(trial: Trial, names: Sequence[str]) -> tuple[Plugin, ...]:
    """The plug-ins that the worker needs."""
    others = [samplers.plugin(name) for name in {trial.sampler, *names}]
    plugins = (*others, models.plugin(trial.model))
    return tuple(plugin for plugin in plugins if plugin)


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed under the command: a user's file then does without
        return ""


def count_host_devices(trial: Trial) -> int:
    """Devices that the processor must pass for: what the sampler asks for, else one.

    More than MOST_HOST_DEVICES are not made; the sampler then does with one.
    """
    sampler = samplers.get(trial.sampler)
    if sampler.host_devices is None or trial.device != "cpu":
        return 1
    settings = fill(sampler.settings, trial.settings, trial.sampler)
    devices = sampler.host_devices(settings, trial.chains)
    return devices if devices <= MOST_HOST_DEVICES else 1


def launch(
    trial: Trial,
    python: str,
    scratch: Path,
    timeout: float,
    watching: Callable[[str], None] = lambda phase: None,
    cancelled: Callable[[], bool] = lambda: False,
    task: str = "run_trial",
    names: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Result:
    """Run ``trial`` with the interpreter ``python``; its files are left in ``scratch``.

    Always a Result: a worker that hangs, crashes, is killed or answers with garbage is one with a
    status and a reason. ``watching`` is told each phase that the worker enters. Raises
    KeyboardInterrupt when ``cancelled``. ``task`` is the module of ``harness.worker`` that does it,
    for the samplers called ``names`` where it is about several; ``variables`` are further
    environment variables.
    """
    scratch_folder.make_scratch(scratch)
    job_file, mark = scratch / "job.json", uuid.uuid4().hex
    plugins, folder = _plugins(trial, names), _working_folder()
    job = Job(trial, str(scratch), time.monotonic(), plugins, folder, timeout, tuple(names))
    job_file.write_text(to_json(job))
    before = _count_oom_kills()
    with WorkerLog(scratch / LOG) as log:
        try:
            process = subprocess.Popen(
                [python, str(BOOTSTRAP), str(job_file), task],
                stdin=subprocess.PIPE,  # held open: its end tells the worker that we are gone
                stdout=log.file,
                stderr=subprocess.STDOUT,
                env={
                    **environment_variables(trial),
                    **(variables or {}),
                    descendants.VARIABLE: mark,
                },
                cwd=scratch,
                start_new_session=True,
            )
        except OSError as error:
            return Result("crashed", f"the worker could not be started: {error}")
        try:
            timed_out = _wait(process, log, timeout, watching, cancelled)
        finally:
            _kill_group(process)
            descendants.kill_all(mark)
            log.finish()
        oom = _count_oom_kills() > before
        return _read_answer(trial, process.returncode, timeout if timed_out else None, log, oom)


def _wait(
    process: subprocess.Popen[bytes],
    log: WorkerLog,
    timeout: float,
    watching: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> bool:
    """Wait for the end of the process; True when the time ran out first."""
    deadline, last = time.monotonic() + timeout, ""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
            return False
        if cancelled():
            raise KeyboardInterrupt
        log.cut_flood()
        phase = scratch_folder.read_phase(log.path.parent)
        if phase != last:
            watching(phase)
            last = phase
        if time.monotonic() > deadline + SAVING_S * (phase == SAVING):
            return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the worker and all processes that it started; the group outlives its leader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


def _read_answer(
    trial: Trial, returncode: int, timed_out_s: float | None, log: WorkerLog, oom: bool
) -> Result:
    scratch = log.path.parent
    where = f"in phase {scratch_folder.read_phase(scratch)!r}"
    if timed_out_s is not None:
        over = f"over {round(timed_out_s, 1):g} s"  # of what is left of a limit, too
        return Result("timeout", f"{over} {where}; more time: --retry --timeout")
    try:
        result = scratch_folder.read_answer(scratch)
    except (OSError, ValueError) as error:
        return Result("crashed", f"the worker answered with garbage: {error}")
    if result is None:
        return _exit_result(returncode, where, oom, log)
    if result.status == "ok" and not trial.block and not scratch_folder.holds_draws(scratch):
        return Result("crashed", "the worker answered ok without its draws")
    return result


def _exit_result(returncode: int, where: str, oom: bool, log: WorkerLog) -> Result:
    if returncode == -signal.SIGKILL and oom:
        return Result("out of memory", f"killed by the kernel for memory {where}")
    if returncode < 0:
        return Result("crashed", f"killed by {name_signal(-returncode)} {where}")
    last = log.last_line()
    return Result("crashed", f"ended with exit code {returncode} {where}" + (last and f": {last}"))


def _count_oom_kills() -> int:
    """The number of processes that the kernel has killed for memory since boot; 0 if unknown."""
    try:
        with open("/proc/vmstat") as counters:
            for line in counters:
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    except OSError:
        pass  # no /proc here: a kill for memory is then told as a kill
    return 0
