"""A trial on another machine, inside a Dask worker: its files unpacked, launched, packed up again.

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
from samplerbench.models.base import models
from samplerbench.samplers.base import samplers
from samplerbench.version import ROOT, __version__

FOLDERS = ("harness", "models", "samplers")  # what a trial runs; links in a checkout, hence named
_one_at_a_time = threading.Lock()  # a Dask worker may have threads; a timed trial has no company


class Withdrawn(Exception):
    """The trial was stopped since Dask wants it no more, or its worker is about to close."""


@dataclass(frozen=True)
class Place:
    """An environment as the coordinator knows it."""

    name: str
    digest: str
    pins: bytes | None  # of a file of the user's own, which travels


@dataclass(frozen=True)
class Shipment:
    """A trial with all that a machine without the coordinator's files needs to run it."""

    trial: Trial
    timeout: float  # seconds
    place: Place
    code: str  # of the coordinator
    files: dict[str, bytes] = field(default_factory=dict)  # relative path -> content
    model: str = ""  # relative path that stands for the trial's, "" for a registered model
    data_file: str = ""


@dataclass(frozen=True)
class Delivery:
    """What came of it."""

    result: Result
    took_s: float
    log: bytes
    draws: bytes | None
    unfit: str = ""  # why this worker may run nothing of the campaign; then there is no result


def code() -> str:
    """16 hex digits over the project's files: equal where the same code runs."""
    made = hashlib.sha256()
    paths = [*ROOT.glob("*"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*"))]
    for path in sorted(paths):
        if path.suffix in (".py", ".txt", ".toml", ".json") and path.is_file():
            made.update(f"\n{path.relative_to(ROOT).as_posix()}\n".encode())
            made.update(path.read_bytes())
    return made.hexdigest()[:16]


def differing(theirs: str, places: list[Place], devices: tuple[str, ...] = ()) -> str:
    """What of this Python and machine is not as the coordinator's, in words; "" where all is.

    ``devices`` other than the processor are looked for too, in each environment.
    """
    if code() != theirs:
        return f"samplerbench {__version__}, code {code()} instead of {theirs}"
    for place in places:
        if told := _place_differs(place) or _lacking(place, devices):
            return told
    return ""


@functools.cache
def _place_differs(place: Place) -> str:
    try:
        with _local(place) as name:
            found = environments.identify(name).digest
    except (UsageError, environments.EnvironmentFailed) as error:
        return f"environment {place.name!r}: {str(error).splitlines()[0]}"
    if found == place.digest:
        return ""
    why = {"current": f"other distributions are installed in {sys.prefix}"}
    told = why.get(place.name, "another Python or platform, or other pins")
    return f"environment {place.name!r}: {told}"


def _lacking(place: Place, devices: tuple[str, ...]) -> str:
    from samplerbench.harness.environments.devices import refuse_missing

    for device in devices:
        found = _resolved(place)
        if isinstance(found, str):
            return found.splitlines()[0]
        try:
            refuse_missing(device, found)
        except UsageError as error:
            return str(error).splitlines()[0]
    return ""


@contextmanager
def _local(place: Place) -> Iterator[str]:
    """The environment's name here; a file of pins is written anew."""
    if place.pins is None:
        yield place.name
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pins.txt"
        path.write_bytes(place.pins)
        yield str(path)


@functools.cache
def _resolved(place: Place) -> environments.Environment | str:
    """The environment on this machine, made once, or why it can't be."""
    try:
        with _local(place) as name:
            return environments.resolve(name)
    except environments.EnvironmentFailed as error:
        return str(error)


def run(shipment: Shipment) -> Delivery:
    """Do one trial in this Dask worker, one at a time; raises Withdrawn when it is cancelled.

    The worker process may be killed at any moment: the trial's own process then ends by itself,
    since the pipe that it watches is gone (``harness.worker.run_trial``).
    """
    wanted = _Wanted()
    with _one_at_a_time, _scratch(wanted.folder) as scratch:
        if wanted.no_more():
            raise Withdrawn(platform.node())
        if told := differing(shipment.code, [shipment.place]):
            return Delivery(Result("failed"), 0.0, b"", None, unfit=f"{wanted.address}: {told}")
        try:
            return _launched(shipment, scratch, wanted)
        except KeyboardInterrupt as stopped:  # which would end the Dask worker itself
            raise Withdrawn(platform.node()) from stopped
        except (UsageError, OSError) as error:  # no such plug-in here, a full disk
            return _failed(f"on {platform.node()}: {error}")


def _failed(reason: str) -> Delivery:
    return Delivery(Result("failed", reason), 0.0, b"", None)


def _launched(shipment: Shipment, scratch: Path, wanted: _Wanted) -> Delivery:
    trial = _unpacked(shipment, scratch / "inputs")
    if samplers.digest(trial.sampler) != trial.sampler_digest or (
        not shipment.model and models.digest(trial.model) != trial.model_digest
    ):
        raise UsageError("the plug-in that it needs is not the coordinator's")
    place = _resolved(shipment.place)
    if isinstance(place, str):
        return _failed(place)
    precompile.compile_once(place, [trial])
    job, started = scratch / "job", time.perf_counter()
    result = launcher.launch(trial, place.python, job, shipment.timeout, cancelled=wanted.no_more)
    took_s = time.perf_counter() - started
    log, draws = job / "log.txt", job / "draws.npz"
    return Delivery(
        result,
        took_s,
        log.read_bytes() if log.is_file() else b"",
        draws.read_bytes() if result.status == "ok" else None,
    )


def _unpacked(shipment: Shipment, folder: Path) -> Trial:
    """The trial with the paths of its files on this machine."""
    for name, content in shipment.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    here = {
        name: str(folder / relative)
        for name, relative in (("model", shipment.model), ("data_file", shipment.data_file))
        if relative
    }
    return replace(shipment.trial, **here)


@contextmanager
def _scratch(above: str | None) -> Iterator[Path]:
    """A folder of the trial's own below Dask's for this worker, gone afterwards."""
    made = tempfile.mkdtemp(prefix="samplerbench-", dir=above)
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


class _Wanted:
    """Whether Dask still wants what this thread does; asked very often, without the network."""

    def __init__(self) -> None:
        from distributed import get_worker

        self._worker: Any = get_worker()
        self._key = self._worker.get_current_task()
        self.address = self._worker.address
        self.folder = self._worker.local_directory or os.environ.get("TMPDIR")

    def no_more(self) -> bool:
        """The task was released (the coordinator stopped or died), or the worker is closing."""
        task = self._worker.state.tasks.get(self._key)
        closing = self._worker.status.name in ("closing", "closed", "failed")
        return closing or task is None or task.state == "cancelled"
