"""Parts of a campaign on their own: names with settings, signals, dispatch, stored scores."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from samplerbench.errors import UsageError
from samplerbench.harness.campaign import (
    dispatch,
    inspection,
    local_backend,
    signals,
    specifiers,
    store_queries,
    trial_scores,
)
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.records import Result
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


def test_scores_are_computed_once_and_read_in_one_pass(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        db, trials = campaign.store._db, campaign.store.trials()
        assert len(store_queries.read_unscored(db, VERSION)) == len(stored.KINDS) + 2
        scores = trial_scores.TrialScores(campaign.store)
        first = scores.get(trials[0])
        assert scores.get(trials[0]) == first
        assert len(store_queries.read_unscored(db, VERSION)) == len(stored.KINDS) + 1
        trial, result, record = next(iter(store_queries.read_finished(db, VERSION, first=1)))
        assert trial == trials[0] and result.status == "ok"
        assert record["columns"]["verdict"] == first["columns"]["verdict"]
        with pytest.raises(KeyError, match="no result yet"):
            scores.get(trials[-1])


def test_the_control_is_suitable_where_there_may_be_an_exact_answer(tmp_path):
    assert inspection.is_suitable(tmp_path, small())
    assert inspection.is_suitable(tmp_path, small(sampler="numpyro_nuts", model="a.json"))
    posterior = str(Path("posteriors") / "a.json")
    assert not inspection.is_suitable(tmp_path, small(model=posterior))
