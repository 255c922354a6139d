"""Execution backend on a Dask cluster: one trial a worker; results and draws are sent back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import dask_worker, programs
from samplerbench.harness.campaign.dask_worker import EnvironmentSpec, RemoteResult, RemoteTrial
from samplerbench.harness.campaign.dispatch import BackendLost, Outcome
from samplerbench.harness.campaign.model_data import use_stored
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Result, Trial
from samplerbench.harness.worker_files import DRAWS, LOG
from samplerbench.models.loading.model_names import find_file
from samplerbench.models.loading.program_file import is_program
from samplerbench.models.loading.script import find_helpers, place_module
from samplerbench.models.posteriordb import folder
from samplerbench.samplers.base import samplers
from samplerbench.user_files import full_path, read_limited, split_file

if TYPE_CHECKING:
    from distributed import Client

SCHEMES = ("tcp", "tls", "ws", "wss")  # of an address; tcp where there is none
ANSWER_S = 2  # until somebody must have taken up a connection
CONNECT_S = 8  # for an answer of the scheduler
#: packages whose versions must agree for the two ends to understand each other
SHARED_PACKAGES = ("python", "dask", "distributed", "cloudpickle", "msgpack", "tornado")


@contextlib.contextmanager
def connect(scheduler: str, trials: Sequence[Trial]) -> Iterator[Client]:
    """A client of the Dask scheduler at this address, whose workers can run ``trials``.

    Raises UsageError where Dask is missing, nobody answers, or a worker's versions, code or
    environments are not the coordinator's.
    """
    with _told_as_silence(scheduler):
        host, port = _split_address(scheduler)
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--scheduler {scheduler}: {error}\n  expected: Dask beside samplerbench, at "
            "both ends; install it with: pip install 'samplerbench[cluster]'"
        ) from error
    except Exception as error:  # its own files of YAML are read when it is imported
        raise UsageError(
            f"--scheduler {scheduler}: Dask can't be imported: {_first_line(error)}\n"
            "  expected: sound files of Dask's configuration, as in ~/.config/dask"
        ) from error
    _silence_dask()
    with _told_as_silence(scheduler):
        _require_certificates(scheduler)
        socket.create_connection((host, port), timeout=ANSWER_S).close()  # else Dask tries for long
        client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    with client:
        _refuse_versions(client)
        _refuse_workers(client, trials)
        if not client.nthreads():
            print("samplerbench: the cluster has no worker yet; waiting for one", file=sys.stderr)
        yield client


@contextlib.contextmanager
def _told_as_silence(scheduler: str) -> Iterator[None]:
    """What goes wrong on the way to the scheduler as the refusal of its address."""
    try:
        yield
    except Exception as error:  # Dask raises what it likes, for what is no scheduler too
        raise UsageError(
            f"no Dask scheduler answers at {scheduler!r}: {_first_line(error)}\n"
            "  expected: the address that `dask scheduler` prints, as tcp://host:8786; for tls:// "
            "Dask's own configuration names the certificates"
        ) from error


def _split_address(scheduler: str) -> tuple[str, int]:
    """Host and port. Raises ValueError for what is no address."""
    scheme, _, rest = scheduler.rpartition("://")
    host, _, port = rest.rpartition(":")
    if (scheme or "tcp") not in SCHEMES:
        raise ValueError(f"{scheme}:// is none of {', '.join(SCHEMES)}")
    if not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise ValueError("it names no host and port")
    return host.strip("[]"), int(port)


def _require_certificates(scheduler: str) -> None:
    from distributed.security import Security

    if scheduler.startswith(("tls:", "wss:")):
        if Security().get_connection_args("client").get("ssl_context") is None:
            raise ValueError("Dask's configuration names no certificates")


def _silence_dask() -> None:
    """Keep Dask's own tracebacks off the terminal; our errors say what they mean for the run."""
    for name in ("distributed.client", "distributed.core", "distributed.comm", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _refuse_versions(client: Client) -> None:
    """Refuse a scheduler or a worker with another Python or Dask than the coordinator's."""
    versions: Any = client.get_versions()
    ours = _shared_versions(versions["client"])
    for address, end in {"scheduler": versions["scheduler"], **versions["workers"]}.items():
        theirs = _shared_versions(end)
        wrong = [
            f"{name} {theirs[name]} instead of {ours[name]}"
            for name in SHARED_PACKAGES
            if theirs[name] != ours[name]
        ]
        if wrong:
            raise UsageError(
                f"the versions at {address} differ: {', '.join(wrong)}\n"
                "  expected: the coordinator's, everywhere"
            )


def _shared_versions(end: dict[str, Any] | None) -> dict[str, Any]:
    packages = (end or {}).get("packages", {})
    versions = {name: packages.get(name) for name in SHARED_PACKAGES}
    return {**versions, "python": ".".join(str(versions["python"]).split(".")[:2])}


def _refuse_workers(client: Client, trials: Sequence[Trial]) -> None:
    """Refuse workers that would not run the same code in the same environments."""
    specs = list(_environment_specs(trials).values())
    devices = tuple(sorted({trial.device for trial in trials} - {"cpu"}))
    code = dask_worker.code_digest()
    answers = client.run(dask_worker.find_difference, code, specs, devices, on_error="return")
    for address, answer in answers.items():
        if isinstance(answer, Exception):
            answer = f"{type(answer).__name__}: {_first_line(answer)}"
        if answer:
            raise UsageError(_unfit(f"{address}: {answer}"))


def _unfit(reason: str) -> str:
    return (
        f"the Dask worker at {reason}\n"
        "  expected: this samplerbench installed there, the same environments, the same devices"
    )


def _environment_specs(trials: Sequence[Trial]) -> dict[str, EnvironmentSpec]:
    return {name: _environment_spec(name) for name in {trial.environment for trial in trials}}


def _environment_spec(name: str) -> EnvironmentSpec:
    environment = environments.identify(name)
    path, more = environments.split_own_pins(name)
    content = read_limited(full_path(path)) if path else None  # a file of pins travels
    return EnvironmentSpec(name, environment.digest, content, more)


@dataclass(frozen=True)
class DaskBackend:
    """Dask's executor, given as many trials as there are workers and one more each."""

    client: Client
    executor: Executor
    store: Store
    environments: dict[str, EnvironmentSpec]
    timeout: float  # seconds a trial
    code: str  # digest of the project's files, which workers must have too

    @classmethod
    def create(
        cls, client: Client, store: Store, trials: Sequence[Trial], timeout: float
    ) -> DaskBackend:
        """The backend of a connected client."""
        specs = _environment_specs(trials)
        # every trial is a call of its own, though two may look alike to Dask
        executor = client.get_executor(pure=False)
        return cls(client, executor, store, specs, timeout, dask_worker.code_digest())

    def capacity(self) -> int:
        """Tasks that the cluster takes at once; raises BackendLost.

        Two for a worker with one thread, so that it need not wait; one where a second would hold a
        thread that waits for the first.
        """
        with self._scheduler():
            threads = self.client.nthreads()
        return max(1, sum(2 if count == 1 else 1 for count in threads.values()))

    def is_clocked(self) -> bool:
        """No: clocks run on the workers' machines."""
        return False

    def submit(self, trial: Trial) -> Future[RemoteResult]:
        """Send a trial; Dask runs it again elsewhere where its worker is lost."""
        with self._scheduler():
            return self.executor.submit(dask_worker.run_remote_trial, self._remote_trial(trial))

    def _lost(self) -> BackendLost:
        scheduler: Any = self.client.scheduler
        return BackendLost(f"the Dask scheduler at {scheduler.address} is gone")

    @contextlib.contextmanager
    def _scheduler(self) -> Iterator[None]:
        if self.client.status != "running":
            raise self._lost()
        try:
            yield
        except (OSError, CancelledError, asyncio.CancelledError) as error:
            raise self._lost() from error

    def collect(self, trial: Trial, task: Future[RemoteResult]) -> Outcome | None:
        """The result and its seconds, its log and draws written to the scratch folder.

        Raises BackendLost, and UsageError for a worker that came late and does not fit.
        """
        from distributed import KilledWorker

        try:
            answer = task.result()
        except CancelledError as error:
            raise self._lost() from error
        except dask_worker.TaskCancelled:
            return None
        except KilledWorker:
            return Result("crashed", "each Dask worker that ran it was lost"), 0.0
        except Exception as error:  # Dask could not bring the task to a worker, or back
            return Result("failed", f"Dask: {type(error).__name__}: {_first_line(error)}"), 0.0
        if answer.unfit:
            raise UsageError(_unfit(answer.unfit))
        scratch = self.store.scratch(trial.id)
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / LOG).write_bytes(answer.log)
        if answer.draws is not None:
            (scratch / DRAWS).write_bytes(answer.draws)
        return answer.result, answer.seconds

    def _remote_trial(self, trial: Trial) -> RemoteTrial:
        model, files = _model_files(programs.with_path(self.store.folder, trial).model)
        data_file = ""
        if trial.data_file_digest:
            stored = Path(use_stored(self.store.folder, trial).data_file)
            data_file = f"data/{stored.name}"
            files[data_file] = stored.read_bytes()
        sampler, more = _sampler_files(trial.sampler)
        spec = self.environments[trial.environment]
        return RemoteTrial(
            trial, self.timeout, spec, self.code, {**files, **more}, model, data_file, sampler
        )


def _model_files(model: str) -> tuple[str, dict[str, bytes]]:
    """What stands for the model's path on another machine, and the files that it needs.

    Of a user's program that is its file and the modules of the user's that it imports; what it
    reads must be on the workers.
    """
    if file := find_file(model):
        path = f"model/{place_module(file, file)}:{model.rpartition(':')[2]}"
        return path, _read_with_helpers(file, "model")
    if is_program(model):
        path, _, name = model.rpartition(":")
        relative = f"model/{Path(path).name}"
        return f"{relative}:{name}", {relative: Path(path).read_bytes()}
    if not folder.is_posterior(model):
        return "", {}
    posterior = folder.read_posterior(Path(model))
    info = posterior.root / "data" / "info" / f"{posterior.data}.info.json"
    paths = [path for path in (Path(model), info, posterior.data_file()) if path.is_file()]
    files = {path.relative_to(posterior.root).as_posix(): path.read_bytes() for path in paths}
    return Path(model).relative_to(posterior.root).as_posix(), files


def _sampler_files(sampler: str) -> tuple[str, dict[str, bytes]]:
    """The same for a sampler by path; "" and no file for one by name."""
    if not samplers.is_file(sampler):
        return "", {}
    path, name = split_file(sampler)
    file = full_path(path)
    return f"sampler/{place_module(file, file)}:{name}", _read_with_helpers(file, "sampler")


def _read_with_helpers(file: Path, folder: str) -> dict[str, bytes]:
    """A user's file and the modules of the user's that it imports, by their paths in ``folder``."""
    paths = [file, *find_helpers(file)]
    return {f"{folder}/{place_module(path, file)}": path.read_bytes() for path in paths}
