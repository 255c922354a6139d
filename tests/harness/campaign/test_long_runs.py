"""A long run is tried with more and more care, once a model, and its outcome stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samplerbench.harness import draws_file, launcher
from samplerbench.harness.campaign import long_runs
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.campaign.trial_scores import TrialScores
from samplerbench.harness.ground_truth import long_run, select
from samplerbench.harness.ground_truth.long_run import LongRun
from samplerbench.harness.records import Result
from samplerbench.harness.scoring.verdict_words import NO_ANSWER
from samplerbench.samplers.base import Draws
from tests.support import stored
from tests.support.trials import small


@pytest.fixture
def store(tmp_path):
    with_model = Store.create(tmp_path / "campaign")
    yield with_model
    with_model.close()


@pytest.fixture
def trial(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def model(): pass")
    return small(model=f"{file}:model", environment="current", replicates=16)


@pytest.fixture
def attempts(monkeypatch):
    """What each attempt is to end as: ok with so many divergences a chain, or another status.

    The jobs that were launched are under "jobs"; "drift" is added to their draws.
    """
    plan = {"ends": [], "jobs": [], "drift": 0.0}

    def launch(job, python, scratch, timeout, variables, **_):
        plan["jobs"].append(job)
        plan["variables"] = variables
        end = plan["ends"].pop(0)
        if isinstance(end, str):
            return Result(end, "for a reason")
        scratch.mkdir(parents=True)
        rng = np.random.default_rng(1)
        chains = [
            Draws({"b": rng.standard_normal((1, 400, 2)) + plan["drift"]}, divergences=count)
            for count in np.broadcast_to(end, job.replicates).tolist()
        ]
        draws_file.save_draws(scratch / "draws.npz", {"replicates": chains})
        return Result("ok")

    monkeypatch.setattr(launcher, "launch", launch)
    return plan


def test_an_attempt_that_fails_is_followed_by_a_more_careful_one(store, trial, attempts, capsys):
    attempts["ends"] = [50, 0]
    long_runs.make_long_runs(store, [trial, trial], 600)
    assert [job.settings for job in attempts["jobs"]] == [e.settings for e in long_run.EFFORTS[:2]]
    assert all(job.precision == 64 and job.chains == 1 for job in attempts["jobs"])
    record = long_run.read_record(select.long_run_path(store.folder, trial))
    assert record.why == "" and "of its draws diverge" in record.attempts[0]
    said = capsys.readouterr().err
    assert "in at most 300 s (--no-long-run leaves it out)" in said
    assert "effective draws for the worst parameter" in said
    truth, _ = select.find_ground_truth(store.folder, trial)
    assert truth.long_run and truth.single_source


@pytest.mark.parametrize(
    ("reason", "is_heard"), [("do not go from mode to mode", False), ("", True)]
)
def test_rows_like_a_long_run_that_stayed_in_its_modes_judge_nobody(reason, is_heard, store, trial):
    record = LongRun(why=f"numpyro_nuts:init=sample: they {reason or 'ended too late'}")
    path = select.long_run_path(store.folder, trial)
    path.parent.mkdir(exist_ok=True)
    record.save(long_run.record_path(path))
    trials = [replace(trial, sampler=name) for name in ("numpyro_nuts", "jaxns_nested")]
    store.add_trials(trials)
    for seed, each in enumerate(trials):
        rng, scratch = np.random.default_rng(seed), store.scratch(each.id)
        scratch.mkdir(parents=True)
        runs = [Draws({"b": rng.standard_normal((1, 500, 2))}) for _ in range(16)]
        digest = draws_file.save_draws(scratch / "draws.npz", {"replicates": runs})
        store.commit(each, stored.result(draws_digest=digest), scratch, 1.0)
    got = TrialScores(store).get(trials[1])["columns"]
    verdict, reason = got["verdict"], got["verdict_reason"]
    if is_heard:
        assert verdict == "agrees", reason
    else:
        assert verdict == NO_ANSWER and "goes from mode to mode" in reason


def test_the_long_run_is_made_for_the_trial_of_the_most_draws(store, trial, attempts):
    attempts["ends"] = [0]
    long = replace(trial, draws=5000)
    long_runs.make_long_runs(store, [trial, long], 600)
    (job,) = attempts["jobs"]
    assert job.replicates == long_run.EFFORTS[0].make_trial(long).replicates
    assert job.replicates > long_run.EFFORTS[0].make_trial(trial).replicates


@pytest.mark.parametrize(("bits", "own"), [(32, {"JAX_ENABLE_X64": "0"}), (64, {})])
def test_a_file_makes_its_data_in_the_bits_of_its_trials(bits, own, store, trial, attempts):
    attempts["ends"] = [0]
    trial = replace(trial, precision=bits)
    long_runs.make_long_runs(store, [trial], 600, keep_programs=False)
    assert attempts["variables"] == own and attempts["jobs"][0].precision == 64


@pytest.mark.parametrize("end", ["timeout", [2_000, *[0] * 15]])
def test_starts_from_the_prior_that_are_too_far_off_are_replaced(end, store, trial, attempts):
    attempts["ends"] = [end, 0]
    long_runs.make_long_runs(store, [trial], 600)
    assert [job.settings for job in attempts["jobs"]] == [{"init": "sample"}, {}]
    record = long_run.read_record(select.long_run_path(store.folder, trial))
    assert record.label == "numpyro_nuts" and len(record.attempts) == 1

    attempts.update(ends=[end, "timeout"], jobs=[])  # these are too slow, too
    long_runs.make_long_runs(store, [replace(trial, model_digest="other")], 600)
    assert len(attempts["jobs"]) == 2


def test_what_more_care_can_not_mend_is_not_tried_again(store, trial, attempts):
    attempts["ends"] = ["declined"]
    for _ in range(2):  # nor when the campaign goes on
        long_runs.make_long_runs(store, [trial], 600)
    assert len(attempts["jobs"]) == 1
    truth, why = select.find_ground_truth(store.folder, trial)
    assert truth is None and why == "numpyro_nuts:init=sample: declined: for a reason"


def test_one_that_was_short_of_time_is_made_again_with_more(store, trial, attempts):
    attempts["ends"] = [50, 0]
    for _ in range(2):  # nothing new comes of as many seconds
        long_runs.make_long_runs(store, [trial], 20)
    assert len(attempts["jobs"]) == 1
    truth, why = select.find_ground_truth(store.folder, trial)
    assert truth is None and why.endswith("of its draws diverge; --timeout 40 gives it 40 s")
    long_runs.make_long_runs(store, [trial], 40)
    assert len(attempts["jobs"]) == 2 and select.find_ground_truth(store.folder, trial)[0]


def test_a_long_timeout_gives_a_long_run_more_than_its_usual_time(store, trial, attempts, capsys):
    attempts["ends"] = [0]
    long_runs.make_long_runs(store, [trial], 3600)
    assert "in at most 1800 s" in capsys.readouterr().err


def test_a_long_run_of_improper_priors_begins_with_a_few_chains_and_ends_where_they_drift(
    store, trial, attempts, monkeypatch
):
    monkeypatch.setattr(select, "improper_sites", lambda folder, trial: ["b"])
    attempts["ends"] = [0, 0]
    long_runs.make_long_runs(store, [trial], 600)
    few, whole = (job.replicates for job in attempts["jobs"])
    assert few == long_run.LEAST_CHAINS < whole  # these settled, and the run was made

    attempts.update(ends=[0], jobs=[], drift=np.linspace(0, 20, 400)[:, None])
    other = replace(trial, model_digest="other")
    long_runs.make_long_runs(store, [other], 600)
    assert [job.replicates for job in attempts["jobs"]] == [few]
    _, why = select.find_ground_truth(store.folder, other)
    assert "draws wander in 8 of 8 runs: the posterior may be improper, as the prior of 'b'" in why

    attempts.update(ends=["timeout", 50], jobs=[])  # the few had no time, and chains diverge
    third = replace(trial, model_digest="third")
    long_runs.make_long_runs(store, [third], 600)
    assert [job.replicates for job in attempts["jobs"]] == [few, whole]
    assert (
        f"draws wander in {whole} of {whole} runs"
        in select.find_ground_truth(store.folder, third)[1]
    )


@pytest.mark.parametrize(
    "change", [{"replicates": 15}, {"calibrate": "prior"}, {"model": "linear", "model_digest": ""}]
)
def test_no_long_run_is_made_where_it_would_judge_nothing(change, store, attempts, tmp_path):
    long_runs.make_long_runs(store, [small(**{"replicates": 16, **change})], 600)
    assert not attempts["jobs"]
