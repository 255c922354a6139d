"""Replicates of a library that is called through Python run in several processes, alike."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker import plain_replicates, replicates, seed_share
from samplerbench.harness.worker.compiled_mode import compile_and_run
from samplerbench.harness.worker.plain_replicates import count_helpers
from samplerbench.harness.worker.raised_errors import RaisedErrors
from samplerbench.harness.worker.seed_queue import SeedQueue
from samplerbench.harness.worker.time_limit import TimeLimit
from samplerbench.harness.worker.timing import CompileClock
from samplerbench.models.base import build
from samplerbench.samplers import exact_iid
from samplerbench.samplers.base import Budget, Compiled, Draws, Prepared
from tests.support import trials

#: a sampler without a compiled mode; in its own process the first replicate waits for the others'
SAMPLER = """
import os, sys, time
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from samplerbench.harness.worker import plain_replicates
from samplerbench.samplers.base import Draws, Prepared

os.cpu_count = lambda: 3
plain_replicates.PAYS, plain_replicates.MEMORY_SHARE = 0.0, 100.0
HELPS = "samplerbench.harness.worker.seed_share" in sys.modules

@dataclass(frozen=True)
class Settings:
    marks: str = ""
    fault: str = ""

def fail(fault):
    if fault == "killed":
        os.kill(os.getpid(), 9)
    elif fault == "stuck":
        time.sleep(100)
    elif fault == "raised":
        raise OverflowError("of this seed")

def wait_for(marks, count):
    deadline = time.time() + 60
    while len(list(marks.iterdir())) < count and time.time() < deadline:
        time.sleep(0.01)

def prepare(model, budget, settings):
    marks, calls = Path(settings.marks), []
    # a busy machine may stop a process for seconds: only what hangs is given up
    plain_replicates.PATIENCE_S = 0.5 if settings.fault == "stuck" else 240.0

    def run(seed):
        calls.append(seed)
        if HELPS:
            (marks / str(os.getpid())).touch()
            wait_for(marks, 2)  # until each of them has taken one
            if not calls[1:]:
                fail(settings.fault)
        elif len(calls) == 3:  # after the two that are timed
            wait_for(marks, 2)
            time.sleep(0.3)
        if settings.fault == "raised" and len(calls) > 3:
            fail("raised")
        shape = (budget.chains, budget.draws)
        x = np.random.default_rng(seed).standard_normal(shape)
        return Draws({"m": x, "process": np.full(shape, float(os.getpid()))})

    return Prepared(run)
"""


@pytest.fixture
def run(tmp_path):
    """What a worker makes of 12 replicates, some of which have a fault in a further process."""

    def run_with(fault: str = "") -> tuple[Result, dict[str, np.ndarray]]:
        file, marks = tmp_path / "mine.py", tmp_path / "marks"
        file.write_text(SAMPLER)
        marks.mkdir()
        settings = {"marks": str(marks), "fault": fault}
        trial = trials.small(sampler=f"{file}:prepare", settings=settings, replicates=12)
        result = trials.run(trial, tmp_path / "scratch")
        if result.status != "ok":
            return result, {}
        with DrawsFile(tmp_path / "scratch" / "draws.npz") as draws:
            return result, draws.sites()

    return run_with


def assert_alike(x: np.ndarray, lost: np.ndarray) -> None:
    """Each replicate that is not lost has the draws of its seed, whoever made them."""
    for seed in np.flatnonzero(~lost):
        alone = np.random.default_rng(seed).standard_normal(x.shape[1:])
        np.testing.assert_array_equal(x[seed], alone)


@pytest.mark.process
def test_replicates_are_shared_and_each_has_the_draws_of_its_seed(run):
    result, sites = run()
    assert (result.status, result.mode, result.warnings) == ("ok", "plain", [])
    assert sites["m"].shape[0] == 12
    assert_alike(sites["m"], np.zeros(12, bool))
    assert len(np.unique(sites["process"])) == 3


@pytest.mark.process
@pytest.mark.parametrize(
    ("fault", "word"),
    [("killed", "its process was killed by SIGKILL"), ("stuck", "given up after ")],
)
def test_a_process_that_dies_or_hangs_loses_its_replicate_and_no_other(run, fault, word):
    result, sites = run(fault)
    lost = np.isnan(sites["m"]).all(axis=(1, 2))
    assert result.status == "ok" and lost.sum() == 2  # one in each further process
    assert_alike(sites["m"], lost)
    said = [text for text in result.warnings if word in text]
    numbers = " ".join(said)
    assert len(said) == 2 and all(
        f"replicate {i} was lost" in numbers for i in np.flatnonzero(lost)
    )


class BusyHelper:
    """A process that hands in the last replicate after it has been looked at a few times."""

    def __init__(self, queue):
        self.queue, self.looks, self.killed = queue, 0, False

    def poll(self):
        self.looks += 1
        if self.looks == 3:
            self.queue.put(1, Draws({"m": np.ones((1, 3))}))
        return -9 if self.killed else None

    def kill(self):
        self.killed = True


def test_a_process_is_not_given_up_for_a_replicate_that_it_has_handed_in_long_ago(tmp_path):
    job = Job(trials.small(replicates=2), str(tmp_path), time.monotonic())
    result = Result("ok")
    plain = plain_replicates.PlainReplicates(
        job, result, TimeLimit(100.0, time.monotonic()), 2, 0.001
    )
    queue, found = SeedQueue(tmp_path, 2), {}
    (tmp_path / "0.taken").write_text(f"7 {time.monotonic() - 3600}")
    (tmp_path / "1.taken").write_text(f"7 {time.monotonic()}")
    queue.put(0, Draws({"m": np.zeros((1, 3))}))
    helper = BusyHelper(queue)
    plain._await_others(queue, {7: helper}, found, None, Draws({"m": np.ones((1, 3))}))
    assert not helper.killed and result.warnings == []
    assert [draws.sites["m"].sum() for _, draws in sorted(found.items())] == [0.0, 3.0]


@pytest.mark.process
def test_a_replicate_that_raises_an_error_here_and_elsewhere_is_lost_and_no_other(run):
    result, sites = run("raised")
    lost = np.isnan(sites["m"]).all(axis=(1, 2))
    assert result.status == "ok" and 2 <= lost.sum() < 12
    assert_alike(sites["m"], lost)
    seeds = ", ".join(map(str, np.flatnonzero(lost)))
    assert result.warnings == [
        f"{lost.sum()} replicates raised an error, counted as failed (seed {seeds}); first "
        "mine.py, line 24 in fail: OverflowError: of this seed"
    ]


FAILS_FOR = """
import numpy as np
from dataclasses import dataclass
from samplerbench.samplers.base import Draws, Prepared

@dataclass(frozen=True)
class Settings:
    seed: int = 0

def prepare(model, budget, settings):
    def run(seed):
        if seed == settings.seed:
            raise ValueError("bad luck")
        x = np.random.default_rng(seed).standard_normal((budget.chains, budget.draws))
        return Draws({"m": x})

    return Prepared(run)
"""


@pytest.mark.process
@pytest.mark.parametrize("seed", [1, 3])  # 1: the second call, which is timed, fails as well
def test_an_error_of_one_seed_costs_that_replicate_alone(tmp_path, seed):
    file = tmp_path / "mine.py"
    file.write_text(FAILS_FOR)
    trial = trials.small(sampler=f"{file}:prepare", settings={"seed": seed}, replicates=6)
    result = trials.run(trial, tmp_path / "scratch")
    assert (result.status, result.reason) == ("ok", "")
    with DrawsFile(tmp_path / "scratch" / "draws.npz") as draws:
        x = draws.sites()["m"]
    assert list(np.flatnonzero(np.isnan(x).all(axis=(1, 2)))) == [seed]
    place = "mine.py, line 13 in run: ValueError: bad luck"
    lost = f"1 replicate raised an error, counted as failed (seed {seed}); first {place}"
    assert result.warnings == [lost]
    second = f"a second call, with seed 1, failed: {place}"
    assert result.missing.get("rerun_s", second) == second
    assert ("rerun_s" in result.missing) == (seed == 1)


@pytest.mark.process
def test_an_error_of_the_first_run_is_the_rows_reason(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FAILS_FOR)
    result = trials.run(trials.small(sampler=f"{file}:prepare", replicates=6), tmp_path / "scratch")
    reason = "mine.py, line 13 in run: ValueError: bad luck"
    assert (result.status, result.reason) == ("failed", reason)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: 3 GB")])
def test_a_machine_without_memory_is_no_failure_of_a_seed(error):
    errors = RaisedErrors()
    with pytest.raises(type(error)):
        errors.add(error, 3)
    assert not errors.seeds


def test_each_replicate_is_taken_once(tmp_path):
    queue, other = SeedQueue(tmp_path, 5), SeedQueue(tmp_path, 5)
    first, second = queue.take_all(), other.take_all()
    assert [next(first), next(second), next(first)] == [0, 1, 2]
    assert [*second, *first] == [3, 4]
    assert queue.find_holder(4)[0] == os.getpid() and queue.read(4) is None
    queue.put(4, Draws({"m": np.ones((1, 3))}, log_z=2.0))
    read = other.read(4)
    assert read.log_z == 2.0 and read.sites["m"].sum() == 3


def test_a_further_process_runs_what_is_left_with_the_seeds_of_the_trial(tmp_path):
    queue = SeedQueue(tmp_path, 4)
    assert next(queue.take_all()) == 0  # by another
    (tmp_path / "process1").mkdir()
    trial = trials.small(replicates=4, seed=7)
    job = Job(trial, str(tmp_path / "process1"), 0.0, shared_replicates=4)
    assert seed_share.run_share(job).status == "ok"
    assert queue.read(0) is None
    alone = exact_iid.prepare(build("linear", {}), Budget(1, 50, 50), exact_iid.Settings())
    for index in (1, 2, 3):
        expected = alone.plain(7 + index).sites["m"]
        np.testing.assert_array_equal(queue.read(index).sites["m"], expected)


@pytest.mark.parametrize(
    ("guess", "device", "free", "helpers"),
    [
        (10.0, "cpu", 1e6, 3),
        (0.1, "cpu", 1e6, 0),  # 3.2 s in all; each process would start for 7
        (10.0, "gpu", 1e6, 0),  # one process has the device
        (10.0, "cpu", 600.0, 1),  # each would take 300 MB
        (10.0, "cpu", None, 3),
    ],
)
def test_further_processes_are_started_where_they_pay(monkeypatch, guess, device, free, helpers):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(plain_replicates, "read_available_mb", lambda: free)
    monkeypatch.setattr(plain_replicates, "read_peak_rss_mb", lambda: 300.0)
    result = Result(
        "ok", timings={"import_s": 4.0, "cold_s": guess + 3}, machine={"device": device}
    )
    assert count_helpers(result, 32, guess) == helpers


def test_a_librarys_own_call_runs_beside_no_other_in_one_process(monkeypatch):
    monkeypatch.setattr(replicates.os, "cpu_count", lambda: 4)
    running, most = [], []

    def sample(seed):
        running.append(seed)
        time.sleep(0.002)
        most.append(len(running))
        running.remove(seed)
        return Draws({"m": np.zeros((1, 4))})

    own_call = Compiled(sample=sample, collect=lambda draws: draws)
    for mode, expected in {"plain": {1}, "compiled": {2, 3, 4}}.items():
        result = Result("ok", mode=mode, machine={"device": "cpu"})
        runner = replicates.ReplicateRunner(CompileClock(), result, sample(0), [])
        most.clear()
        runner.run_untimed([(own_call, seed) for seed in range(8)], together=False)
        assert max(most) in expected, mode


def test_what_compile_gives_is_refused_where_it_is_no_compiled_mode():
    prepared = Prepared(lambda seed: Draws({}), compile=lambda: None)
    guesses = 0.0, 0.0
    with pytest.raises(ValueError, match="compile gave a NoneType; expected: .*base.Compiled"):
        compile_and_run(prepared, False, [0], CompileClock(), TimeLimit(), guesses)
