"""Guesses of what trials take: typical ones, those of runs stored before, the order of trials."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from samplerbench.errors import StoreError
from samplerbench.harness.campaign.dry_run import describe_run
from samplerbench.harness.campaign.durations import Guess, guess, guess_all, read_known
from samplerbench.harness.campaign.execution import order_trials
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.model_data import read_model_data
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.run import make_plan
from samplerbench.harness.campaign.store import Store
from samplerbench.samplers.base import samplers
from tests.support import damage, stored, trials

NUTS = trials.small(sampler="numpyro_nuts", draws=5000, replicates=32)


def test_a_guess_is_a_first_process_and_further_ones_for_the_clock():
    one, three = guess(NUTS, 1, True), guess(NUTS, 0, True)
    assert (one.blocks, three.blocks) == (0, 2)
    assert three.total == one.total + 2 * three.block
    assert guess(NUTS, 0, alone=False).blocks == 0
    slow = trials.small(sampler="jaxns_direct", draws=5000, replicates=32)
    assert guess(slow, 0, True).blocks == 0  # its first run takes longer than AUTO_COLD_S


def test_more_replicates_and_draws_take_longer():
    few, many = (trials.small(sampler="numpyro_nuts", draws=5000, replicates=n) for n in (8, 999))
    long = trials.small(sampler="numpyro_nuts", draws=500_000, replicates=8)
    assert guess(few, 1, True).total < guess(many, 1, True).total < 60
    assert guess(long, 1, True).total > 5 * guess(few, 1, True).total


def test_no_process_takes_longer_than_its_limit():
    slow = trials.small(sampler="dynesty_dynamic", draws=5000, replicates=64)
    assert guess(slow, 1, True).total > 300
    assert guess(slow, 2, True, limit=60) == Guess(60, 60, 1)


@pytest.mark.parametrize("name", samplers.names())
def test_every_sampler_has_typical_seconds(name):
    cold, run = samplers.get(name).typical_s
    assert 0 < run <= cold < 200


def test_a_trial_like_one_that_is_stored_is_guessed_from_it(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        (like,) = (t for t in campaign.store.trials() if t.sampler == "exact_iid")
        timings = campaign.store.result(like.id).timings
    known = read_known([tmp_path / "c"])
    typical, learnt = guess(like, 1, True), guess(like, 1, True, known)
    assert learnt.block - typical.block == pytest.approx(
        1.3 * (timings["cold_s"] - 0.2) + 12 * (timings["warm_s"] - 0.003 * like.draws / 5000)
    )
    assert guess_all([like], Plan(blocks=1), tmp_path / "c")[like.id] == learnt


def test_a_sampler_that_compiles_for_longer_than_its_first_run_is_guessed_from_all_its_clocks(
    tmp_path,
):
    with stored.campaign(tmp_path / "c") as campaign:
        (like,) = (t for t in campaign.store.trials() if t.sampler == "exact_iid")
    with sqlite3.connect(tmp_path / "c" / "campaign.sqlite") as database:
        database.execute("UPDATE results SET record = json_set(record, '$.timings.clocked_s', 60)")
    database.close()
    assert guess(like, 1, True, read_known([tmp_path / "c"])).block == 60


def test_a_folder_that_is_no_campaign_has_no_guesses(tmp_path):
    (tmp_path / "campaign.sqlite").write_bytes(b"no database")
    assert read_known([tmp_path, tmp_path / "nowhere"]) == {}


def test_controls_come_first_and_the_rest_in_the_order_of_the_seed():
    every = [trials.small(sampler=name) for name in ("numpyro_nuts", "exact_iid", "numpyro_hmc")]
    every += [trials.small(sampler="numpyro_sa", draws=n) for n in range(20, 30)]
    for seed in range(4):
        shuffled = list(every)
        random.Random(seed).shuffle(shuffled)
        first, *rest = order_trials(every, seed)
        assert first.sampler == "exact_iid"
        assert rest == [trial for trial in shuffled if trial != first]


def test_a_dry_run_of_a_campaign_that_is_there_names_what_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"sampler": "exact_iid", "env": "current", "draws": 200, "warmup": 100}
    new = describe_run(None, {**options, "model": ["linear", "linear:n_points=5"]})
    assert new[1].endswith(": 2") and "exact_iid  linear:n_points=5  current  about" in new[3]
    assert new[-1].startswith("time: about ") and "long run" not in new[-1]
    (tmp_path / "mine.py").write_text("def program(): ...")
    own = describe_run(None, {**options, "model": "mine.py:program"})
    assert own[-1].endswith("and a long run of NUTS as a reference")
    ranked = describe_run(
        None,
        {**options, "sampler": "numpyro_nuts", "model": "mine.py:program", "calibrate": "prior"},
    )
    assert "long run" not in ranked[-1]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(StoreError, match="is not a campaign"):
        describe_run(tmp_path / "other", options)


def test_a_dry_run_counts_what_a_run_would_run_again(tmp_path):
    models = ["linear", "linear:n_points=5", "linear:n_points=6"]
    options = {"model": models, "sampler": "exact_iid", "env": "current"}
    plan, _, memory = make_plan(options)
    planned = expand(plan, read_model_data(plan, memory))
    store = Store.create(tmp_path / "out")
    store.add_trials(planned)
    for trial in planned:
        damage.commit(store, trial)
    store.close()
    (tmp_path / "out" / "draws" / f"{planned[1].id}.npz").unlink()
    failed = "UPDATE results SET status='crashed', record=json_set(record, '$.status', 'crashed')"
    damage.execute(tmp_path / "out", f"{failed} WHERE trial=?", planned[2].id)
    for retry, done in ((False, 2), (True, 1)):
        lines = describe_run(tmp_path / "out", options, retry)
        assert lines[0].endswith(f"{done} of 3 trials finished")
        assert any("linear:n_points=5" in line for line in lines)


def test_a_dry_run_refuses_a_folder_that_cannot_be_made_and_leaves_nothing(tmp_path):
    options = {"sampler": "exact_iid", "env": "current"}
    with pytest.raises(StoreError, match="cannot be written"):
        describe_run(Path("/proc/x/y"), options)
    describe_run(tmp_path / "one" / "two", options)
    assert list(tmp_path.iterdir()) == []


def test_a_total_is_the_sum_of_its_parts():
    assert Guess(10.0, 4.0, 2).total == 18.0
