"""A trial inside a Dask worker on another machine: its files unpacked, run, and packed again.

Both ends import this file; neither needs a folder that the other sees.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.harness import launcher
from samplerbench.harness.environments import environments, precompile
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.worker_files import DRAWS, LOG
from samplerbench.models.base import models
from samplerbench.samplers.base import samplers
from samplerbench.version import ROOT, __version__

FOLDERS = ("harness", "models", "samplers")  # what a trial runs; links in a checkout, hence named
_one_at_a_time = threading.Lock()  # a Dask worker may have threads; a timed trial has no company


class TaskCancelled(Exception):
    """The trial was stopped since Dask wants it no more, or its worker is about to close."""


@dataclass(frozen=True)
class EnvironmentSpec:
    """An environment as the coordinator knows it."""

    name: str
    digest: str
    pins: bytes | None  # content of a user's own file of pins, which travels
    packages: tuple[str, ...] = ()  # beside these pins


@dataclass(frozen=True)
class RemoteTrial:
    """A trial with all that a machine without the coordinator's files needs to run it."""

    trial: Trial
    timeout: float  # seconds
    environment: EnvironmentSpec
    code: str  # digest of the coordinator's files
    files: dict[str, bytes] = field(default_factory=dict)  # relative path -> content
    model: str = ""  # relative path that stands for the trial's, "" for a registered model
    data_file: str = ""
    sampler: str = ""  # as ``model``; "" for one by name


@dataclass(frozen=True)
class RemoteResult:
    """A trial's result with its log and draws."""

    result: Result
    seconds: float
    log: bytes
    draws: bytes | None
    unfit: str = ""  # why this worker may run nothing of the campaign; then there is no result


def code_digest() -> str:
    """16 hex digits over the project's files: equal where the same code runs."""
    digest = hashlib.sha256()
    paths = [*ROOT.glob("*"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*"))]
    for path in sorted(paths):
        if path.suffix in (".py", ".txt", ".toml", ".json") and path.is_file():
            digest.update(f"\n{path.relative_to(ROOT).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def find_difference(code: str, specs: list[EnvironmentSpec], devices: tuple[str, ...] = ()) -> str:
    """How this Python and machine differ from the coordinator's, in words; "" where they don't.

    ``devices`` other than the processor are looked for too, in each environment.
    """
    if code_digest() != code:
        return f"samplerbench {__version__}, code {code_digest()} instead of {code}"
    for spec in specs:
        if difference := _environment_difference(spec) or _missing_device(spec, devices):
            return difference
    return ""


@functools.cache
def _environment_difference(spec: EnvironmentSpec) -> str:
    try:
        with _local_name(spec) as name:
            digest = environments.identify(name).digest
    except (UsageError, environments.EnvironmentFailed) as error:
        return f"environment {spec.name!r}: {str(error).splitlines()[0]}"
    if digest == spec.digest:
        return ""
    reasons = {"current": f"other distributions are installed in {sys.prefix}"}
    reason = reasons.get(spec.name, "another Python or platform, or other pins")
    return f"environment {spec.name!r}: {reason}"


def _missing_device(spec: EnvironmentSpec, devices: tuple[str, ...]) -> str:
    from samplerbench.harness.environments.devices import refuse_missing

    for device in devices:
        environment = _resolve(spec)
        if isinstance(environment, str):
            return environment.splitlines()[0]
        try:
            refuse_missing(device, environment)
        except UsageError as error:
            return str(error).splitlines()[0]
    return ""


@contextmanager
def _local_name(spec: EnvironmentSpec) -> Iterator[str]:
    """The environment's name here; a file of pins is written anew."""
    if spec.pins is None:
        yield spec.name
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pins.txt"
        path.write_bytes(spec.pins)
        yield environments.add_packages(str(path), spec.packages)


@functools.cache
def _resolve(spec: EnvironmentSpec) -> environments.Environment | str:
    """The environment on this machine, made once, or why it can't be made."""
    try:
        with _local_name(spec) as name:
            return environments.resolve(name)
    except environments.EnvironmentFailed as error:
        return str(error)


def run_remote_trial(task: RemoteTrial) -> RemoteResult:
    """Run one trial in this Dask worker, one at a time; raises TaskCancelled where it is cancelled.

    The worker process may be killed at any moment: the trial's own process then ends by itself,
    since the pipe that it watches is gone (``harness.worker.run_trial``).
    """
    status = _TaskStatus()
    with _one_at_a_time, _scratch_folder(status.folder) as scratch:
        if status.is_cancelled():
            raise TaskCancelled(platform.node())
        if difference := find_difference(task.code, [task.environment]):
            unfit = f"{status.address}: {difference}"
            return RemoteResult(Result("failed"), 0.0, b"", None, unfit)
        try:
            return _launch(task, scratch, status)
        except KeyboardInterrupt as error:  # which would end the Dask worker itself
            raise TaskCancelled(platform.node()) from error
        except (UsageError, OSError) as error:  # no such plug-in here, a full disk
            return _failure(f"on {platform.node()}: {error}")


def _failure(reason: str) -> RemoteResult:
    return RemoteResult(Result("failed", reason), 0.0, b"", None)


def _launch(task: RemoteTrial, scratch: Path, status: _TaskStatus) -> RemoteResult:
    trial = _unpack(task, scratch / "inputs")
    if samplers.digest(trial.sampler) != trial.sampler_digest or (
        not task.model and models.digest(trial.model) != trial.model_digest
    ):
        raise UsageError("the plug-in that it needs is not the coordinator's")
    environment = _resolve(task.environment)
    if isinstance(environment, str):
        return _failure(environment)
    precompile.compile_once(environment, [trial])
    job, start = scratch / "job", time.perf_counter()
    result = launcher.launch(
        trial, environment.python, job, task.timeout, cancelled=status.is_cancelled
    )
    seconds = time.perf_counter() - start
    log, draws = job / LOG, job / DRAWS
    return RemoteResult(
        result,
        seconds,
        log.read_bytes() if log.is_file() else b"",  # bounded, as the launcher leaves it
        draws.read_bytes() if result.status == "ok" and draws.is_file() else None,
    )


def _unpack(task: RemoteTrial, folder: Path) -> Trial:
    """The trial with the paths of its files on this machine."""
    for name, content in task.files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"a file called {name!r} would lie outside of the trial's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    relative = {"model": task.model, "data_file": task.data_file, "sampler": task.sampler}
    paths: dict[str, Any] = {n: str(folder / path) for n, path in relative.items() if path}
    return replace(task.trial, **paths)


@contextmanager
def _scratch_folder(parent: str | None) -> Iterator[Path]:
    """A folder of the trial's own below Dask's for this worker, removed afterwards."""
    path = tempfile.mkdtemp(prefix="samplerbench-", dir=parent)
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


class _TaskStatus:
    """Whether Dask still wants this thread's task; asked very often, without the network."""

    def __init__(self) -> None:
        from distributed import get_worker

        self._worker: Any = get_worker()
        self._key = self._worker.get_current_task()
        self.address = self._worker.address
        self.folder = self._worker.local_directory or os.environ.get("TMPDIR")

    def is_cancelled(self) -> bool:
        """The task was released (the coordinator stopped or died), or the worker is closing."""
        task = self._worker.state.tasks.get(self._key)
        closing = self._worker.status.name in ("closing", "closed", "failed")
        return closing or task is None or task.state == "cancelled"
