"""A Dask cluster does what this machine would, and what is lost on the way is run again."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import dask_backend
from samplerbench.harness.campaign import dask_worker as remote
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.environments import environments
from samplerbench.samplers.base import samplers
from tests.harness.campaign.test_campaign import comparable, digests, finish_times
from tests.support import trials
from tests.support.trials import has_ended, wait_until

pytestmark = pytest.mark.skipif(
    find_spec("distributed") is None, reason="needs Dask: pip install 'samplerbench[cluster]'"
)

QUICK = {"sampler": "exact_iid", "replicates": 3, "draws": 40, "warmup": 40, "env": "current"}
#: a model whose trial hangs, once, where the file `hang` was; with a child of its own
HANGS_ONCE = """
import os, pathlib, subprocess, sys, time
from samplerbench.models.base import build
here = pathlib.Path({folder!r})
try:
    if "run_trial" in pathlib.Path("/proc/self/cmdline").read_text().split("\\0"):
        os.rename(here / "hang", here / "hung")
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (here / "part").write_text(f"{{os.getppid()}} {{os.getpid()}} {{child.pid}}")
        os.rename(here / "part", here / "pids")
        time.sleep(600)
except FileNotFoundError:
    pass
program = build("linear", {{}})
"""
DASK = (sys.executable, "-m", "distributed.cli.dask_{}", "--no-dashboard")


class Servers:
    """A scheduler and workers, each a process of its own on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workers = folder, []
        self._file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = ""

    def find_address(self) -> None:
        """Wait until the scheduler has written where it listens: its file is empty at first."""
        assert wait_until(lambda: self._file.is_file() and self._file.read_text().endswith("}"))
        self.address = json.loads(self._file.read_text())["address"]

    def _start(self, kind: str, *words: str) -> subprocess.Popen:
        command = [word.format(kind) for word in DASK] + ["--scheduler-file", str(self._file)]
        with open(self.folder / f"{kind}.log", "ab") as log:
            return subprocess.Popen([*command, *words], stdout=log, stderr=log, cwd=self.folder)

    def add_worker(self) -> None:
        """One thread and no nanny: what is killed stays away."""
        folder = str(self.folder / f"worker{len(self.workers)}")
        words = ("--nthreads", "1", "--no-nanny", "--local-directory", folder)
        self.workers.append(self._start("worker", *words))

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def servers(tmp_path):
    """A scheduler; workers are for the test to add."""
    cluster = Servers(tmp_path)
    try:
        cluster.find_address()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def models(tmp_path):
    """Three registered models and one in a file that hangs once there is a file `hang`."""
    file = tmp_path / "model_of_mine.py"
    file.write_text(HANGS_ONCE.format(folder=str(tmp_path)))
    return [*(f"linear:n_points={n}" for n in (4, 8, 12)), f"{file}:program"]


@contextlib.contextmanager
def running(folder: Path, models: list[str], address: str) -> Iterator[subprocess.Popen]:
    """The command on the cluster, once the trial that hangs is under way; ended in any case."""
    (folder / "hang").touch()
    (folder / "pids").unlink(missing_ok=True)
    words = [f"--{k}={v}" for k, v in QUICK.items()]
    command = [trials.COMMAND, "run", *words, "--scheduler", address, "--out", "c"]
    command += ["--model", *models]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert wait_until(lambda: (folder / "pids").exists() or process.poll() is not None)
            assert process.poll() is None, process.stderr.read()
            yield process
        finally:
            process.kill()


def pids(folder: Path) -> list[int]:
    """The Dask worker, the trial that hangs on it, and that trial's child."""
    return [int(word) for word in (folder / "pids").read_text().split()]


@pytest.mark.dask
@pytest.mark.process
def test_a_worker_killed_in_mid_trial_and_one_that_joins_late_change_no_row(
    servers, models, tmp_path
):
    for _ in range(3):
        servers.add_worker()
    with running(tmp_path, models, servers.address) as command:
        dask_worker, *trial = pids(tmp_path)
        assert dask_worker in [worker.pid for worker in servers.workers]
        os.kill(dask_worker, signal.SIGKILL)
        servers.add_worker()
        assert wait_until(lambda: all(map(has_ended, trial)))
        stderr = command.communicate(timeout=400)[1]
    assert command.returncode == 0, stderr
    assert stderr.count("/4] ") == 4  # each trial ended once
    local = samplerbench.run(out=tmp_path / "local", model=models, **QUICK)
    with samplerbench.load(tmp_path / "c") as remote_campaign, local:
        assert digests(remote_campaign) == digests(local)
        assert comparable(remote_campaign) == comparable(local)
        for one in remote_campaign.store.trials():
            assert (remote_campaign.folder / "logs" / f"{one.id}.txt").is_file()


@pytest.mark.dask
@pytest.mark.process
def test_trials_end_with_their_coordinator_and_with_the_scheduler_and_a_command_goes_on(
    servers, models, tmp_path
):
    servers.add_worker()
    with running(tmp_path, models, servers.address) as command:
        command.send_signal(signal.SIGINT)
        stderr = command.communicate(timeout=240)[1]
    assert command.returncode == 130, stderr
    dask_worker, *trial = pids(tmp_path)
    assert wait_until(lambda: all(map(has_ended, trial))) and not has_ended(dask_worker)
    with running(tmp_path, models, servers.address) as command:
        before = finish_times(tmp_path / "c")
        servers.scheduler.kill()
        stderr = command.communicate(timeout=240)[1]
    assert command.returncode == 1, stderr
    assert f"the Dask scheduler at {servers.address} is gone: stopped with " in stderr
    assert "Traceback" not in stderr, stderr
    assert wait_until(lambda: all(map(has_ended, pids(tmp_path))))  # the worker too has closed
    after = finish_times(tmp_path / "c")
    assert before.items() <= after.items()
    words = shlex.split(stderr.partition("go on with: ")[2].splitlines()[0])
    here = [word for word in words if word not in ("--scheduler", servers.address)]
    again = subprocess.run([trials.COMMAND, *here[1:]], cwd=tmp_path, capture_output=True)
    assert again.returncode == 0, again.stderr.decode()
    assert after.items() <= finish_times(tmp_path / "c").items()
    assert len(finish_times(tmp_path / "c")) == len(models)


# -- refused before anything is written ------------------------------------------------------------


def refused(**options: object) -> str:
    with pytest.raises(UsageError) as error, dask_backend.connect(**options, trials=()):
        pass
    return str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://127.0.0.1:9", "Connection refused"),
        ("nonsense://here", "nonsense:// is none of tcp, tls, ws, wss"),
        ("http://127.0.0.1:80", "http:// is none of"),
        ("tcp://127.0.0.1", "it names no host and port"),
        ("127.0.0.1:99999", "it names no host and port"),
        ("tls://127.0.0.1:9", "names no certificates"),
    ],
)
def test_an_address_where_no_scheduler_answers_is_refused_at_once(address, why):
    import distributed  # noqa: F401  # takes seconds

    start = time.monotonic()
    text = refused(scheduler=address)
    assert time.monotonic() - start < 20  # Dask would try for 30
    assert f"no Dask scheduler answers at {address!r}: " in text and why in text


def test_without_dask_the_refusal_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install 'samplerbench[cluster]'" in refused(scheduler="tcp://127.0.0.1:9")


def test_jobs_and_a_scheduler_are_not_both_taken():
    with pytest.raises(UsageError, match="expected: one of the two"):
        Plan(scheduler="tcp://127.0.0.1:9", jobs=2)


@pytest.mark.slow
def test_a_worker_with_other_code_or_another_environment_is_told_apart():
    here = environments.identify("current")
    place = remote.EnvironmentSpec("current", here.digest, None)
    assert remote.find_difference(remote.code_digest(), [place]) == ""
    assert "instead of 0123" in remote.find_difference("0123", [place])
    other = remote.EnvironmentSpec("current", "0" * 16, None)
    assert "other distributions are installed" in remote.find_difference(
        remote.code_digest(), [other]
    )
    path = remote.EnvironmentSpec("/no/such/python", here.digest, None)
    assert remote.find_difference(remote.code_digest(), [path]).startswith(
        "environment '/no/such/python'"
    )


def test_versions_that_differ_at_an_end_are_named():
    ours = {"packages": {"python": "3.11.7.final.0", "dask": "1", "tornado": "6"}}
    theirs = {"packages": {"python": "3.12.1.final.0", "dask": "1", "tornado": "5"}}

    class Client:
        def get_versions(self):
            return {"client": ours, "scheduler": ours, "workers": {"tcp://w:1": theirs}}

    with pytest.raises(UsageError) as error:
        dask_backend._refuse_versions(Client())
    text = "the versions at tcp://w:1 differ: python 3.12 instead of 3.11, tornado 5 instead of 6"
    assert text in str(error.value)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "model/../../evil"])
def test_a_file_that_would_lie_outside_of_the_trials_folder_is_not_unpacked(tmp_path, name):
    shipment = remote.RemoteTrial(
        trials.small(), 1.0, remote.EnvironmentSpec("current", "", None), "", {name: b""}
    )
    with pytest.raises(UsageError, match="would lie outside"):
        remote._unpack(shipment, tmp_path / "inside")
    assert not [*tmp_path.rglob("evil")]


def test_the_files_of_a_users_model_and_of_its_pins_travel(tmp_path):
    file, pins = tmp_path / "mine.py", tmp_path / "pins.txt"
    file.write_text("program = None\n")
    pins.write_text("numpy==1.26.4\n")
    model, shipped = dask_backend._model_files(f"{file}:program")
    assert (model, shipped) == ("model/mine.py:program", {"model/mine.py": file.read_bytes()})
    trial = trials.small(model=f"{file}:program")
    shipment = remote.RemoteTrial(
        trial, 1.0, dask_backend._environment_spec(str(pins)), "", shipped, model
    )
    unpacked = remote._unpack(shipment, tmp_path / "there")
    assert unpacked.model == f"{tmp_path}/there/model/mine.py:program"
    pins.unlink()
    assert remote.find_difference(remote.code_digest(), [shipment.environment]) == ""


def test_a_file_within_packages_travels_with_the_modules_above_it(tmp_path):
    folder = tmp_path / "study" / "fits"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").write_text("")
    (folder.parent / "near.py").write_text("x = 1\n")
    (folder / "mine.py").write_text("from study.near import x\nprogram = None\n")
    model, shipped = dask_backend._model_files(f"{folder}/mine.py:program")
    assert model == "model/study/fits/mine.py:program"
    assert {"model/study/near.py", "model/study/fits/mine.py"} <= {*shipped}


def test_the_files_of_a_users_sampler_travel(tmp_path):
    (tmp_path / "here").mkdir()
    file, helper = tmp_path / "here" / "mine.py", tmp_path / "here" / "steps.py"
    file.write_text("import steps\n\ndef prepare(model, budget, settings): ...\n")
    helper.write_text("SIZE = 1\n")
    sampler, shipped = dask_backend._sampler_files(f"{file}:prepare")
    assert sampler == "sampler/mine.py:prepare" and len(shipped) == 2
    assert dask_backend._sampler_files("numpyro_nuts") == ("", {})
    trial = trials.small(sampler=f"{file}:prepare")
    digest = samplers.digest(trial.sampler)
    spec = remote.EnvironmentSpec("current", "", None)
    shipment = remote.RemoteTrial(trial, 1.0, spec, "", shipped, sampler=sampler)
    file.unlink()
    unpacked = remote._unpack(shipment, tmp_path / "there")
    assert unpacked.sampler == f"{tmp_path}/there/sampler/mine.py:prepare"
    assert samplers.digest(unpacked.sampler) == digest


@pytest.mark.parametrize(
    "name", ["{pins}", "new={pins}", "{pins}+iniconfig", "new={pins}+iniconfig"]
)
def test_pins_travel_by_whatever_name_their_environment_goes(tmp_path, name):
    pins = tmp_path / "pins.txt"
    pins.write_text("numpy==1.26.4\n")
    spec = dask_backend._environment_spec(name.format(pins=pins))
    assert spec.pins == b"numpy==1.26.4\n"
    pins.unlink()
    assert remote.find_difference(remote.code_digest(), [spec]) == ""


@pytest.mark.parametrize("name", ["new=pinned", "current", "new=current"])
def test_an_environment_without_a_users_pins_travels_by_its_name(name):
    assert dask_backend._environment_spec(name).pins is None
