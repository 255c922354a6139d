"""Parts of a campaign on their own: names with settings, signals, dispatch, stored scores."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import (
    dispatch,
    execution,
    inspection,
    local_backend,
    signals,
    specifiers,
    trial_scores,
)
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.ground_truth import voices
from samplerbench.harness.records import Result
from samplerbench.harness.run_cost import RunCost, describe_cost
from samplerbench.harness.scoring.score_trial import VERSION
from samplerbench.samplers.base import samplers
from tests.support import stored
from tests.support.trials import small


def test_only_settings_that_differ_from_the_defaults_are_kept_and_sorted():
    text = "numpyro_hmc:trajectory_length=1.5,dense_mass=true,step_size=1.0"
    name, settings = specifiers.parse_sampler(text)
    assert name == "numpyro_hmc"
    assert list(settings.items()) == [("dense_mass", True), ("trajectory_length", 1.5)]
    assert specifiers.parse_model("linear:n_points=40") == ("linear", {"n_points": 40}, "")


def test_all_is_every_sampler_but_flawed_controls_beside_what_else_is_asked_for():
    found = [name for name, _ in specifiers.parse_samplers(["numpyro_hmc:dense_mass=true", "all"])]
    rivals = [name for name in samplers.names() if not samplers.get(name).control]
    assert found[0] == "numpyro_hmc" and sorted(found[1:]) == sorted([*rivals, "exact_iid"])


def test_what_sets_nothing_is_refused():
    with pytest.raises(UsageError, match="'step_size' in .* sets nothing"):
        specifiers.parse_sampler("numpyro_nuts:step_size")


def test_a_setting_has_one_value():
    for parse, text in (
        (specifiers.parse_sampler, "numpyro_nuts:step_size=1,step_size=2"),
        (specifiers.parse_model, "linear:n_points=8,n_points=8"),
    ):
        with pytest.raises(UsageError, match=f"is set twice in '{text}'"):
            parse(text)


def test_sigterm_is_ctrl_c_within_and_what_it_was_before_afterwards():
    before, stop = signal.getsignal(signal.SIGTERM), threading.Event()
    with pytest.raises(KeyboardInterrupt), signals.interrupt_on_sigterm(stop):
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.is_set() and signal.getsignal(signal.SIGTERM) is before


class Backend:
    """Trials that end as they are submitted; the first one is lost once."""

    def __init__(self, capacity: int) -> None:
        self.limit, self.under_way, self.most, self.lost = capacity, 0, 0, False

    def capacity(self) -> int:
        return self.limit

    def is_clocked(self) -> bool:
        return True

    def submit(self, trial) -> Future:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        future: Future = Future()
        future.set_result(None)
        return future

    def collect(self, trial, task):
        self.under_way -= 1
        if not self.lost:
            self.lost = True
            return None
        return Result("ok"), 2.0


@pytest.mark.parametrize("capacity", [1, 3])
def test_every_trial_ends_once_and_no_more_are_under_way_than_there_is_room_for(capacity):
    trials, backend = [small(seed=seed) for seed in range(7)], Backend(capacity)
    outcomes = list(dispatch.run_trials(backend, trials))
    assert sorted(trial.seed for trial, *_ in outcomes) == list(range(7))
    assert {seconds for *_, seconds in outcomes} == {2.0} and backend.most <= capacity


class PhasedBackend(Backend):
    """One trial at a time, which ends once it was looked at in each of its phases."""

    def __init__(self, phases: str) -> None:
        super().__init__(1)
        self.phases, self.left, self.lost, self.log = phases, "", True, []

    def submit(self, trial) -> Future:
        self.left, self.future = self.phases, super().submit(trial)
        self.log.append(f"start {trial.seed}")
        return self.future

    def is_clocked(self) -> bool:
        phase, self.left = self.left[:1], self.left[1:]
        return phase != "r"  # replicates

    def collect(self, trial, task):
        self.log.append(f"end {trial.seed}")
        return Result("ok"), 2.0


@pytest.mark.parametrize(("phases", "beside"), [("r", True), ("c", False)])
def test_work_goes_beside_a_trial_only_where_no_clock_runs(phases, beside):
    backend, log = PhasedBackend(phases), []
    trials = [small(seed=seed) for seed in range(3)]
    for trial, *_ in dispatch.run_trials(backend, trials, lambda: log.append(len(backend.log))):
        assert backend.log[-1] == f"end {trial.seed}"
    assert log == ([1, 3, 5] if beside else [])  # after each start, before its end


@pytest.mark.parametrize(
    ("phases", "order"),
    [
        ("r", ["start 1", "end 1", "start 2", "score 1", "end 2", "score 2"]),
        ("c", ["start 1", "end 1", "start 2", "end 2", "score 1", "score 2"]),
    ],
)
def test_a_result_is_scored_beside_the_next_trial_or_after_it_and_no_later(
    tmp_path, monkeypatch, phases, order
):
    with stored.campaign(tmp_path / "c") as campaign:
        backend, trials = PhasedBackend(phases), [stored.trial("a", seed=s) for s in range(3)]
        campaign.store.add_trials(trials)
        monkeypatch.setattr(campaign.trial_scores, "list_stale", lambda trial: [])
        scored = lambda trial: backend.log.append(f"score {trial.seed}")  # noqa: E731
        monkeypatch.setattr(campaign.trial_scores, "get", scored)
        monkeypatch.setattr(execution, "read_note", lambda *_: "")
        monkeypatch.setattr(campaign.store, "commit", lambda *_: None)
        for trial in trials:
            campaign.store.draws_path(trial.id).write_bytes(b"few")
        execution.run_and_commit(campaign, backend, trials, Watcher())
        # for the first result somebody waits
        assert backend.log == ["start 0", "end 0", "score 0", *order]


def test_large_draws_are_scored_before_a_worker_needs_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "MOST_BYTES_BESIDE", 2)
    test_a_result_is_scored_beside_the_next_trial_or_after_it_and_no_later(
        tmp_path,
        monkeypatch,
        "r",
        ["start 1", "end 1", "score 1", "start 2", "end 2", "score 2"],
    )


def test_a_local_trial_is_clocked_until_its_replicates_run_and_several_never_are(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        for jobs, expected in ((1, [True, True, False, False]), (2, [False] * 4)):
            with local_backend.local_backend(campaign.store, [], jobs, 60.0, Watcher()) as local:
                found = []
                for phase in ("cold", "warm, about 3 min", "replicates, about 2 min", "save"):
                    local._note_phase(small(), phase)
                    found.append(local.is_clocked())
                assert found == expected


def test_the_floor_is_the_clocked_phases_and_the_rest_over_all_cores():
    cost = RunCost()
    for clocked, rest in ((10.0, 8.0), (20.0, 0.0)):
        timings = {"clocked_s": clocked, "rest_cpu_s": rest}
        cost.add(Result("ok", timings=timings, machine={"cores_allowed": 4}), clocked + 3)
    kept = {**cost.end(), "prepare_s": 2.0, "wall_s": 40.0}
    said = describe_cost(kept)
    assert said.startswith("40 s, 1.25 times the floor of 32 s (clocked phases one after another")
    assert said.endswith("2.0 s to inspect models and make answers; 2.0 s (5 %) of its own")


def test_a_run_whose_environments_cannot_be_made_has_no_floor():
    cost = RunCost()
    cost.add(Result("failed", "no such wheel"), 0.0)
    assert describe_cost({**cost.end(), "wall_s": 3.0}) == "3 s; no worker was started"


def test_an_environment_is_made_once_and_one_that_cannot_be_made_says_why(monkeypatch):
    calls = []

    def resolve(name):
        calls.append(name)
        raise local_backend.environments.EnvironmentFailed("no such wheel")

    monkeypatch.setattr(local_backend.environments, "resolve", resolve)
    cache = local_backend.EnvironmentCache()
    assert cache.get("latest") == cache.get("latest") == "no such wheel"
    assert calls == ["latest"]


def test_a_backend_of_one_job_runs_one_trial_at_a_time(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        backend = local_backend.local_backend(campaign.store, [], 1, 60.0, Watcher())
        with backend as local:
            assert local.capacity() == 1 and not local.stop.is_set()
        assert local.stop.is_set()


def test_of_concurrent_trials_one_at_a_time_is_on_the_gpu(tmp_path, monkeypatch):
    together = threading.Barrier(3)
    on_gpu, most = [], []

    def launch(job, python, scratch, timeout, **more):
        if job.device == "cpu":
            together.wait(60)  # all three at the same time, or the test fails
            return Result("ok")
        on_gpu.append(scratch)
        most.append(len(on_gpu))
        time.sleep(0.05)  # another one that may run would start
        on_gpu.pop()
        return Result("ok")

    monkeypatch.setattr(local_backend.launcher, "launch", launch)
    environment = SimpleNamespace(python="")
    monkeypatch.setattr(local_backend.EnvironmentCache, "get", lambda self, name: environment)
    monkeypatch.setattr(local_backend.programs, "with_path", lambda folder, trial: trial)
    monkeypatch.setattr(local_backend, "use_stored", lambda folder, trial: trial)
    trials = [small(seed=seed, device=device) for seed in (0, 7, 14) for device in ("gpu", "cpu")]
    with stored.campaign(tmp_path / "c") as campaign:
        with local_backend.local_backend(campaign.store, [], 6, 60.0, Watcher()) as local:
            tasks = [local.submit(trial) for trial in trials]
            assert [task.result()[0].status for task in tasks] == ["ok"] * 6
    assert most == [1, 1, 1]


@pytest.mark.slow
def test_scores_are_computed_once_and_read_in_one_pass(tmp_path):
    with stored.unscored_campaign(tmp_path / "c") as campaign:
        store, trials = campaign.store, campaign.store.trials()
        assert len(store.unscored_trials(VERSION)) == len(stored.KINDS) + 2
        scores = trial_scores.TrialScores(campaign.store)
        first = scores.get(trials[0])
        assert scores.get(trials[0]) == first
        assert len(store.unscored_trials(VERSION)) == len(stored.KINDS) + 1
        trial, result, record = next(iter(store.finished_records(VERSION, first=1)))
        assert trial == trials[0] and result.status == "ok"
        assert record["columns"]["verdict"] == first["columns"]["verdict"]
        with pytest.raises(KeyError, match="no result yet"):
            scores.get(trials[-1])


def test_every_row_of_a_model_has_its_voice_however_many_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_scores, "MOST_KEPT", 2)
    monkeypatch.setattr(voices, "summarise_row", lambda trial, *_: f"voice {trial.seed}")
    with stored.campaign(tmp_path / "c") as campaign:
        rows = {model: [stored.trial(model, seed=s) for s in range(4)] for model in ("a", "b")}
        for name in ("select_ok", "drop_lost_draws"):
            monkeypatch.setattr(campaign.store, name, lambda trials: list(trials))
        scores = trial_scores.TrialScores(campaign.store)
        monkeypatch.setattr(scores, "_latents", lambda trial: None)
        monkeypatch.setattr(scores, "_siblings", lambda trial: rows[trial.sampler])
        for trial in (*rows["a"], *rows["b"]):
            heard = scores._hear(trial)
            assert heard == {each.id: f"voice {each.seed}" for each in rows[trial.sampler]}
        assert len(scores._voices) == 4  # those of the other model are let go


def test_the_control_is_suitable_where_there_may_be_an_exact_answer(tmp_path):
    assert inspection.is_suitable(tmp_path, small())
    assert inspection.is_suitable(tmp_path, small(sampler="numpyro_nuts", model="a.json"))
    posterior = str(Path("posteriors") / "a.json")
    assert not inspection.is_suitable(tmp_path, small(model=posterior))
