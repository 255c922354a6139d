"""What has finished before the limit of a trial's time is kept; a synthetic sampler, its clock."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import samplerbench
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Job, Result
from samplerbench.harness.worker import replicates, run_trial, start_up, time_limit, timing
from samplerbench.harness.worker.compiled_mode import PRIMED_SEEDS
from samplerbench.harness.worker.replicates import ReplicateRunner
from samplerbench.harness.worker.time_limit import SAVING_S, OutOfTime, TimeLimit
from samplerbench.harness.worker.timing import CompileClock, Lap
from samplerbench.samplers.base import Compiled, Draws, Prepared, Sampler, samplers
from tests.support.trials import small

START = 1000.0


class Clock:
    """Stands in for the module ``time``: it stands still but while something sleeps."""

    def __init__(self) -> None:
        self.now = START

    def monotonic(self) -> float:
        return self.now

    perf_counter = process_time = monotonic

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (time_limit, timing, start_up):
        monkeypatch.setattr(module, "time", clock)
    return clock


@dataclass
class Slow:
    """A sampler whose parts take seconds of ``clock``."""

    clock: Clock
    compile_s: float = 20.0
    run_s: float = 10.0
    has_compiled_mode: bool = True
    listener: Callable[[str, float], None] | None = None
    primed: int = 0

    def run(self, seed: int) -> Draws:
        self.clock.sleep(self.run_s)
        return Draws({"m": np.full((1, 4), float(seed)), "c": np.zeros((1, 4))})

    def compile(self) -> Compiled:
        self.clock.sleep(self.compile_s)
        return self.compiled()

    def compiled(self, data=None) -> Compiled:
        return Compiled(
            sample=self.run, collect=lambda raw: raw, with_data=self.compiled, prime=self.prime
        )

    def prime(self, seeds) -> None:
        self.primed = len(seeds)

    def prepare(self, model, budget, settings) -> Prepared:
        def plain(seed: int) -> Draws:
            if not cold_runs:
                self.clock.sleep(self.compile_s)
                self.listener("backend_compile_duration", self.compile_s)
            cold_runs.append(seed)
            return self.run(seed)

        cold_runs: list[int] = []
        return Prepared(plain, self.compile if self.has_compiled_mode else None)


@dataclass(frozen=True)
class Settings:
    """There is nothing to set."""


@pytest.fixture
def run(clock, monkeypatch, tmp_path):
    """Runs a trial of a slow sampler under a limit -> result, phases, seeds of the replicates."""

    def run_within(seconds, count=16, slow=None, **changes):
        assert "exact_iid" in samplers.names()  # they are loaded
        slow, phases = slow or Slow(clock), []
        sampler = Sampler("exact_iid", Settings, slow.prepare, "slow", claims="ESS: its own")
        monkeypatch.setitem(samplers._items, "exact_iid", sampler)
        trial = small(replicates=count, **changes)
        runner = run_trial.TrialRunner(Job(trial, str(tmp_path), START, timeout_s=seconds))
        slow.listener, enter = runner.clock._heard, runner._enter_phase
        runner._enter_phase = lambda name: (phases.append(name), enter(name))
        return runner.run(), phases

    return run_within


def kept(folder, group="replicates"):
    """The seeds whose draws are in the file."""
    with DrawsFile(folder / "draws.npz", group) as file:
        return file.sites()["m"][:, 0, 0].astype(int).tolist()


def test_a_trial_with_time_enough_is_as_ever(run, tmp_path):
    result, phases = run(600.0)
    assert (result.status, result.mode, result.replicates) == ("ok", "compiled", None)
    assert result.claims == "ESS: its own"
    assert kept(tmp_path) == list(range(16)) and kept(tmp_path, "plain") == [0, 1]
    assert not any("finished before" in warning for warning in result.warnings)


def test_what_finished_before_the_limit_is_kept_and_the_row_says_so(run, clock, tmp_path):
    result, _ = run(150.0)  # 40 for the plain runs, 30 for compiling: 80 are left
    assert (result.status, result.mode, result.replicates) == ("ok", "compiled", 7)
    assert kept(tmp_path) == list(range(7)) and len(result.runs["warm_s"]) == 7
    assert "7 of 16 replicates finished before the limit of 150 s (--timeout)" in result.warnings
    assert clock.now <= START + 150.0


def test_untimed_replicates_stop_at_the_limit_too(run, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # one after the other, by the clock of the test
    result, _ = run(210.0)
    assert (result.replicates, len(result.runs["warm_s"])) == (13, 10)
    assert kept(tmp_path) == list(range(13)) and clock.now <= START + 210.0


def test_without_time_to_compile_replicates_are_plain_runs(run, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # no further process, by the clock of the test
    result, _ = run(75.0)  # 40 for two plain runs: 33 are left, and compiling wants 36
    assert (result.status, result.mode, result.replicates) == ("ok", "plain", 5)
    assert kept(tmp_path) == list(range(5)) and kept(tmp_path, "plain") == [0, 1]
    reason = "no time for the compiled mode before the limit of 75 s (--timeout)"
    assert {result.missing[name] for name in ("aot_s", "warm_s", "sample_s")} == {reason}


def test_without_time_for_a_second_run_the_first_one_is_kept(run, clock, tmp_path):
    result, _ = run(40.0, slow=Slow(clock, compile_s=0.0, run_s=20.0))
    assert (result.status, result.mode, result.replicates) == ("ok", "plain", 1)
    assert kept(tmp_path) == kept(tmp_path, "plain") == [0]
    assert "no time for a second run" in result.missing["rerun_s"]


def test_plain_replicates_stop_at_the_limit(run, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # no further process, by the clock of the test
    result, phases = run(100.0, slow=Slow(clock, has_compiled_mode=False))
    assert (result.status, result.mode, result.replicates) == ("ok", "plain", 7)
    assert kept(tmp_path) == list(range(7))
    assert "replicates, about 2 min; past the limit of 100 s (--timeout)" in phases
    assert result.missing["warm_s"].startswith("no compiled mode on this stack")


def test_truths_are_as_many_as_replicates(run, tmp_path):
    result, _ = run(150.0, calibrate="prior")
    assert result.replicates == 7
    with DrawsFile(tmp_path / "draws.npz") as file:
        assert {len(values) for values in file.truths().values()} == {7}


def test_without_one_replicate_of_simulated_data_it_is_a_timeout_that_says_what_one_takes(run):
    result, _ = run(75.0, calibrate="prior")
    assert result.status == "timeout"
    assert result.reason == (
        "a replicate takes about 10 s; none would end before the limit of 75 s; "
        "more time: --retry --timeout"
    )


@pytest.mark.parametrize(
    ("limit", "seconds", "phase"),
    [
        (600.0, 10.0, "warm, about 2 min"),
        (1200.0, 30.0, "warm, about 8 min"),
        (150.0, 10.0, "warm, about 2 min; past the limit of 150 s (--timeout)"),
        (600.0, 0.1, "warm"),
    ],
)
def test_a_phase_says_what_is_to_come_once_a_run_is_timed(run, clock, limit, seconds, phase):
    _, phases = run(limit, slow=Slow(clock, run_s=seconds))
    assert phases[phases.index("warm") + 1] == phase


@pytest.mark.parametrize(("limit", "repeats"), [(600.0, True), (52.0, False)])
def test_repeats_for_stability_take_no_time_from_replicates(run, clock, limit, repeats):
    result, _ = run(limit, slow=Slow(clock, run_s=0.5))
    assert result.replicates is None
    assert ("warm_spread" in result.timings) == repeats


@pytest.mark.parametrize(("limit", "primed"), [(2000.0, PRIMED_SEEDS), (400.0, 16)])
def test_no_more_seeds_are_primed_than_there_is_time_to_run(run, clock, limit, primed):
    slow = Slow(clock)
    run(limit, count=64, slow=slow)
    assert slow.primed == primed


# -- waiting, for real -----------------------------------------------------------------------------


def limit_of(seconds: float) -> TimeLimit:
    return TimeLimit(SAVING_S + seconds, time.monotonic())


def runner_within(seconds: float) -> tuple[ReplicateRunner, Result]:
    result = Result("ok", machine={"device": "cpu"})
    first, laps = Draws({"x": np.zeros((1, 4))}), [Lap(1e-3, 1e-3, 0.0, 0)]
    return ReplicateRunner(CompileClock(), result, first, laps, limit_of(seconds)), result


def hang(*_: object) -> None:
    threading.Event().wait(20.0)


def test_a_call_is_left_behind_at_the_limit():
    with pytest.raises(OutOfTime):
        limit_of(0.1).call(hang)
    assert limit_of(5.0).call(lambda: 7) == 7
    assert TimeLimit().call(lambda: 7) == 7


def test_a_batch_that_does_not_come_back_in_time_costs_no_timed_replicate():
    good = Draws({"x": np.zeros((1, 4))})
    compiled = Compiled(sample=lambda seed: good, collect=lambda raw: raw, batch=hang)
    runner, result = runner_within(1.0)
    timed = runner.run_timed([(compiled, seed) for seed in range(3)])
    assert runner.run_untimed([(compiled, seed) for seed in range(3, 9)], together=True) == []
    assert len(timed) == 3 and len(result.runs["warm_s"]) == 3
    assert not any("hung" in warning for warning in result.warnings)


def test_a_batch_that_is_stuck_is_given_up_where_one_by_one_all_would_have_ended(monkeypatch):
    monkeypatch.setattr(replicates, "PATIENCE_S", 0.1)
    good = Draws({"x": np.zeros((1, 4))})
    compiled = Compiled(sample=lambda seed: good, collect=lambda raw: raw, batch=hang)
    runner, result = runner_within(60.0)
    start = time.monotonic()
    assert runner.run_untimed([(compiled, seed) for seed in range(6)], together=True) == []
    assert time.monotonic() - start < 15  # 0.2 s asked for, and hang takes 20
    assert any("6 replicates, vectorised, did not end" in text for text in result.warnings)


def test_a_batch_that_would_not_compile_in_time_gives_way_to_single_runs():
    good = Draws({"x": np.zeros((1, 4))})
    compiled = Compiled(sample=lambda seed: good, collect=lambda raw: raw, batch=hang)
    runner, result = runner_within(5.0)
    result.timings["aot_s"] = 30.0
    assert len(runner.run_untimed([(compiled, seed) for seed in range(6)], together=True)) == 6


def test_a_run_that_meets_the_limit_is_no_failure_of_the_sampler(monkeypatch):
    monkeypatch.setattr(replicates, "PATIENCE_S", 10.0)
    runner, result = runner_within(1.0)
    good = Draws({"x": np.zeros((1, 4))})
    compiled = Compiled(sample=lambda s: hang() if s == 2 else good, collect=lambda raw: raw)
    assert len(runner.run_timed([(compiled, seed) for seed in range(4)])) == 2
    assert runner.abandoned == [] and result.warnings == []


def test_time_to_save_grows_with_the_draws():
    limit = limit_of(100.0)
    limit.reserve(Draws({"x": np.zeros((4, 25_000, 100))}), 50)  # 4 GB
    assert limit.seconds_left() == pytest.approx(100.0 - 4e9 / time_limit.SAVED_PER_S, abs=1.0)
    saving = ", of which about 22 s are left for saving draws, most of them of 'x'"
    assert limit.describe_saving() == saving


#: exact draws that take a second a run
SLEEPS = """
import time
from dataclasses import replace
from samplerbench.models.base import build

linear = build("linear", {})

def exact(data):
    found = linear.exact_given(data)
    return replace(found, draw=lambda rng, n: (time.sleep(1.0), found.draw(rng, n))[1])

program = replace(linear, exact_given=exact)
"""


@pytest.mark.process
def test_a_worker_ends_ok_before_it_would_be_ended_and_its_row_is_judged(tmp_path):
    file = tmp_path / "sleeps.py"
    file.write_text(SLEEPS)
    with samplerbench.run(
        model=f"{file}:program",
        samplers=["exact_iid"],
        env="current",
        replicates=100,
        timeout=15.0,
        out=tmp_path / "c",
    ) as campaign:
        (row,) = campaign.rows()
        (trial,) = campaign.store.trials()
        with DrawsFile(campaign.store.draws_path(trial.id)) as draws:
            assert {len(values) for values in draws.sites().values()} == {row["replicates"]}
    assert row["status"] == "ok" and 1 <= row["replicates"] < 16
    words = f"{row['replicates']} of 100 replicates finished before the limit of 15 s (--timeout)"
    assert words in row["warnings"] and row["verdict"] == "too few replicates"
