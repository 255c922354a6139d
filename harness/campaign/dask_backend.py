"""A crew on a Dask cluster: one trial a worker, results and draws sent back to the coordinator."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import dask_worker, plan
from samplerbench.harness.campaign.dask_worker import Delivery, Place, Shipment
from samplerbench.harness.campaign.dispatch import CrewLost
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.environments import environments
from samplerbench.harness.records import Result, Trial
from samplerbench.models.loading.model_names import is_file
from samplerbench.models.posteriordb import folder

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 8  # for an answer of the scheduler
#: what must agree for the two ends to understand each other
SPOKEN = ("python", "dask", "distributed", "cloudpickle", "msgpack", "tornado")


@contextlib.contextmanager
def connected(wanted: plan.Plan) -> Iterator[Client]:
    """A client of the scheduler of ``wanted``, whose workers are seen to fit.

    Raises UsageError where Dask is missing, nobody answers, or a worker's versions, code or
    environments are not the coordinator's.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--scheduler {wanted.scheduler}: {error}\n  expected: Dask beside samplerbench, at "
            "both ends; install it with: pip install 'samplerbench[cluster]'"
        ) from error
    _quiet()
    try:
        client = Client(wanted.scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {wanted.scheduler!r}: {_first_line(error)}\n"
            "  expected: the address that `dask scheduler` prints, as tcp://host:8786; for tls:// "
            "Dask's own configuration names the certificates"
        ) from error
    with client:
        _refuse_versions(client)
        _refuse_workers(client, wanted)
        if not client.nthreads():
            print("samplerbench: the cluster has no worker yet; waiting for one", file=sys.stderr)
        yield client


def _quiet() -> None:
    """Keep Dask's own tracebacks off the terminal; what they mean for the run is said here."""
    for name in ("distributed.client", "distributed.core", "distributed.comm", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _refuse_versions(client: Client) -> None:
    """Refuse a scheduler or a worker with another Python or Dask than the coordinator's."""
    found = client.get_versions()
    here = _spoken(found["client"])
    for where, there in {"scheduler": found["scheduler"], **found["workers"]}.items():
        theirs = _spoken(there)
        wrong = [f"{n} {theirs[n]} instead of {here[n]}" for n in SPOKEN if theirs[n] != here[n]]
        if wrong:
            raise UsageError(
                f"the versions at {where} differ: {', '.join(wrong)}\n"
                "  expected: the coordinator's, everywhere"
            )


def _spoken(end: dict[str, Any] | None) -> dict[str, Any]:
    packages = (end or {}).get("packages", {})
    found = {name: packages.get(name) for name in SPOKEN}
    return {**found, "python": ".".join(str(found["python"]).split(".")[:2])}


def _refuse_workers(client: Client, wanted: plan.Plan) -> None:
    """Refuse workers that would not run the same code in the same environments."""
    places = [_place(name) for name in wanted.env]
    devices = tuple(device for device in wanted.device if device != "cpu")
    told = client.run(dask_worker.differing, dask_worker.code(), places, devices, on_error="return")
    for where, said in told.items():
        if said:
            why = said if isinstance(said, str) else f"{type(said).__name__}: {_first_line(said)}"
            raise UsageError(_unfit(f"{where}: {why}"))


def _unfit(told: str) -> str:
    return (
        f"the Dask worker at {told}\n"
        "  expected: this samplerbench installed there, the same environments, the same devices"
    )


def _place(name: str) -> Place:
    found = environments.identify(name)
    own = found.pins and name not in environments.names()  # a Python of one's own has none
    return Place(name, found.digest, Path(name).expanduser().read_bytes() if own else None)


@dataclass(frozen=True)
class Cluster:
    """Dask's executor, fed with as many trials as there are workers and one more each."""

    client: Client
    executor: Executor
    store: Store
    places: dict[str, Place]
    timeout: float  # seconds a trial
    code: str  # digest of the project's files, which workers must have too

    @classmethod
    def of(cls, client: Client, store: Store, wanted: plan.Plan) -> Cluster:
        """The crew of a connected client."""
        places = {name: _place(name) for name in wanted.env}
        # every trial is a call of its own, though two may look alike to Dask
        executor = client.get_executor(pure=False)
        return cls(client, executor, store, places, wanted.timeout, dask_worker.code())

    def room(self) -> int:
        """Two for each worker with one thread, so that it need not wait; one where a second would
        hold a thread that waits for the first. Raises CrewLost."""
        with self._scheduler():
            threads = self.client.nthreads()
        return max(1, sum(2 if count == 1 else 1 for count in threads.values()))

    def start(self, trial: Trial) -> Future[Delivery]:
        """Ship a trial; Dask runs it again elsewhere where its worker is lost."""
        with self._scheduler():
            return self.executor.submit(dask_worker.run, self._shipment(trial))

    def _lost(self) -> CrewLost:
        return CrewLost(f"the Dask scheduler at {self.client.scheduler.address} is gone")

    @contextlib.contextmanager
    def _scheduler(self) -> Iterator[None]:
        if self.client.status != "running":
            raise self._lost()
        try:
            yield
        except (OSError, CancelledError, asyncio.CancelledError) as error:
            raise self._lost() from error

    def taken(self, trial: Trial, task: Future[Delivery]) -> tuple[Result, float] | None:
        """The result, its log and draws in the scratch folder. Raises CrewLost, UsageError
        for a worker that came late and does not fit."""
        from distributed import KilledWorker

        try:
            found = task.result()
        except CancelledError as error:
            raise self._lost() from error
        except dask_worker.Withdrawn:
            return None
        except KilledWorker:
            return Result("crashed", "each Dask worker that ran it was lost"), 0.0
        except Exception as error:  # Dask could not bring the task to a worker, or back
            return Result("failed", f"Dask: {type(error).__name__}: {_first_line(error)}"), 0.0
        if found.unfit:
            raise UsageError(_unfit(found.unfit))
        scratch = self.store.scratch(trial.id)
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / "log.txt").write_bytes(found.log)
        if found.draws is not None:
            (scratch / "draws.npz").write_bytes(found.draws)
        return found.result, found.took_s

    def _shipment(self, trial: Trial) -> Shipment:
        model, files = _model_files(trial.model)
        data_file = ""
        if trial.data_file:
            data_file = f"data/{Path(trial.data_file).name}"
            files[data_file] = Path(trial.data_file).read_bytes()
        place = self.places[trial.environment]
        return Shipment(trial, self.timeout, place, self.code, files, model, data_file)


def _model_files(model: str) -> tuple[str, dict[str, bytes]]:
    """What stands for the model's path on another machine, and the files that it needs.

    Of a user's program that is the one file; what it reads or imports beside itself must be on
    the workers.
    """
    if is_file(model):
        path, _, name = model.rpartition(":")
        relative = f"model/{Path(path).name}"
        return f"{relative}:{name}", {relative: Path(path).read_bytes()}
    if not folder.is_posterior(model):
        return "", {}
    found = folder.from_file(Path(model))
    info = found.root / "data" / "info" / f"{found.data}.info.json"
    paths = [path for path in (Path(model), info, found.data_file()) if path.is_file()]
    files = {path.relative_to(found.root).as_posix(): path.read_bytes() for path in paths}
    return Path(model).relative_to(found.root).as_posix(), files
