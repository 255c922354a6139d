"""What is damaged in a campaign is named and set aside; the rest is shown, and a run goes on."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

import samplerbench
from samplerbench.errors import StoreError, StoreLost, UsageError
from samplerbench.harness.campaign import (
    campaign_folder,
    changed_names,
    database,
    set_aside,
    trial_scores,
)
from samplerbench.harness.campaign.campaign_folder import FILE
from samplerbench.harness.campaign.run import (
    RunInterrupted,
    discard_when_refused,
    find_lost_draws,
    forget_lost_draws,
)
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.environments import environments
from samplerbench.harness.ground_truth import select
from samplerbench.harness.records import Result, to_json
from samplerbench.harness.scoring.score_trial import VERSION
from tests.support import damage, stored

NOT_UTF8 = "UPDATE {} SET record=CAST(X'7B22FF22' AS TEXT) WHERE {}=?"
#: what is done to the record of a result -> what is said of it
RESULTS = {
    "UPDATE results SET record='{' WHERE trial=?": "not JSON",
    "UPDATE results SET record='[1]' WHERE trial=?": "it is of type list",
    "UPDATE results SET record=json_remove(record, '$.status') WHERE trial=?": "it lacks 'status'",
    "UPDATE results SET record=json_set(record, '$.later', 1) WHERE trial=?": "it has 'later'",
    "UPDATE results SET record=json_set(record, '$.timings', 'x') WHERE trial=?": "its 'timings'",
    "UPDATE results SET record=json_set(record, '$.machine', 'x') WHERE trial=?": "not ",
    "UPDATE results SET record=json_set(record, '$.status', 'x') WHERE trial=?": "status 'x'",
    NOT_UTF8.format("results", "trial"): "not JSON",
}
TRIALS = {
    "UPDATE trials SET record='' WHERE id=?": "not JSON",
    "UPDATE trials SET record=json_remove(record, '$.chains') WHERE id=?": "it lacks 'chains'",
    "UPDATE trials SET record=json_set(record, '$.later', 1) WHERE id=?": "it has 'later'",
    "UPDATE trials SET record=json_set(record, '$.draws', 'x') WHERE id=?": "its 'draws' is 'x'",
    NOT_UTF8.format("trials", "id"): "not JSON",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A campaign of trials that all ended ok and are scored."""
    folder = tmp_path_factory.mktemp("whole") / "campaign"
    damage.make_campaign(folder)
    rows_of(folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "campaign"


@pytest.fixture
def planned(whole, folder):
    """The trials of a copy of that campaign."""
    shutil.copytree(whole, folder)
    return damage.make_trials()


def rows_of(folder):
    with samplerbench.load(folder) as campaign:
        return {row["trial"]: row for row in campaign.rows()}


# -- records ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("statement", [*RESULTS, *TRIALS])
def test_a_damaged_record_is_named_and_the_others_are_shown(folder, planned, capsys, statement):
    first, *others = [trial.id for trial in planned]
    damage.execute(folder, statement, first)
    assert rows_of(folder).keys() == set(others)
    told = capsys.readouterr().err
    assert f"trial {first} is left out" in told and {**RESULTS, **TRIALS}[statement] in told
    assert told.count("is left out") == 1


@pytest.mark.slow
@pytest.mark.parametrize("statement", [*RESULTS, *TRIALS])
def test_a_run_sets_a_damaged_record_aside_and_runs_its_trial_again(folder, planned, statement):
    first = planned[0]
    damage.execute(folder, statement, first.id)
    store = Store.create(folder)
    table = "trials" if statement in TRIALS else "results"
    (line,) = (folder / set_aside.FILE).read_text().splitlines()
    entry = json.loads(line)
    assert (entry["table"], entry["trial"]) == (table, first.id)
    assert {**RESULTS, **TRIALS}[statement].replace("not JSON", "") in entry["why"]
    store.add_trials(planned)
    assert {trial.id for trial in store.trials()} == {trial.id for trial in planned}
    if table == "results":
        assert first.id not in store.statuses()
        damage.commit(store, first)
    store.close()
    assert rows_of(folder).keys() == {trial.id for trial in planned}


@pytest.mark.slow
def test_a_trial_whose_fields_have_changed_is_set_aside(folder, planned):
    changed = to_json(planned[1])
    damage.execute(folder, "UPDATE trials SET record=? WHERE id=?", changed, planned[0].id)
    Store.create(folder).close()
    assert "its fields have changed" in (folder / set_aside.FILE).read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "record",
    [
        "{",
        "[]",
        '{"columns": {}}',
        '{"columns": [], "missing": {}}',
        '{"columns": {"ess": "many"}, "missing": {}, "parameters": {}}',
        '{"columns": {"verdict": 3}, "missing": {}, "parameters": {}}',
        '{"columns": {}, "missing": {"ess": 3}, "parameters": {}}',
    ],
)
def test_damaged_scores_are_made_anew(folder, planned, record):
    before = rows_of(folder)
    damage.execute(folder, "UPDATE scores SET record=?", record)
    assert rows_of(folder) == before
    with samplerbench.load(folder) as campaign:
        assert len(campaign.store.scores(VERSION)) == len(planned)


def test_a_damaged_fact_is_named_and_left_out(folder, planned, capsys):
    for value in ("{", '{"margin": 1}', "[1]"):
        damage.execute(folder, "INSERT OR REPLACE INTO meta VALUES ('margin', ?)", value)
        with samplerbench.load(folder) as campaign:
            assert campaign.store.fact("margin") is None
        assert "the campaign's 'margin' is left out" in capsys.readouterr().err


# -- databases -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [Store.create, Store.open])
@pytest.mark.parametrize(
    "statement",
    [
        *(f"DROP TABLE {table}" for table in ("meta", "trials", "results", "scores")),
        "UPDATE meta SET value='x' WHERE name='schema'",
        "DELETE FROM meta",
        "ALTER TABLE results RENAME COLUMN record TO other",
    ],
)
def test_a_database_without_its_tables_is_refused_in_a_sentence(folder, planned, way, statement):
    damage.execute(folder, statement)
    with pytest.raises(StoreError, match="is not a campaign's database.*\n.*restore it"):
        way(folder)


def test_a_copy_without_rights_shows_what_only_the_log_of_a_killed_run_holds(
    folder, planned, tmp_path, monkeypatch
):
    copy = tmp_path / "copy"
    copy.mkdir()
    writer = Store.create(folder)
    late = stored.trial("exact_iid", seed=7)
    writer.add_trials([late])
    for name in (FILE, f"{FILE}-wal"):
        shutil.copyfile(folder / name, copy / name)
    writer.close()
    monkeypatch.setattr(database.os, "access", lambda *_: False)
    reader = Store.open(copy)
    assert late in reader.trials() and len(reader.statuses()) == len(planned)
    reader.close()
    assert sorted(path.name for path in copy.iterdir()) == [FILE, f"{FILE}-wal"]


# -- draws -----------------------------------------------------------------------------------------


def cut(path, other):
    path.write_bytes(path.read_bytes()[:500])


def swap(path, other):
    shutil.copyfile(other, path)


def lose(path, other):
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("harm", [cut, swap, lose])
def test_lost_draws_are_named_and_give_no_verdict_that_stays(folder, planned, capsys, harm):
    before = rows_of(folder)
    first = planned[0].id
    draws = folder / "draws" / f"{first}.npz"
    kept = draws.read_bytes()
    harm(draws, folder / "draws" / f"{planned[1].id}.npz")
    damage.execute(folder, "DELETE FROM scores")
    row = rows_of(folder)[first]
    assert row["verdict"] == "not judged"
    assert f"the draws of trial {first}" in row["verdict_reason"]
    assert "Traceback" not in capsys.readouterr().err
    draws.write_bytes(kept)  # they come back
    assert rows_of(folder) == before


@pytest.mark.parametrize("harm", [cut, swap, lose])
def test_a_run_runs_trials_again_whose_draws_are_lost(folder, planned, capsys, harm):
    first, second = (folder / "draws" / f"{trial.id}.npz" for trial in planned[:2])
    harm(first, second)
    store = Store.create(folder)
    assert find_lost_draws(store, planned) == [planned[0].id]
    forget_lost_draws(store, planned)
    assert store.statuses().keys() == {trial.id for trial in planned[1:]}
    store.close()
    told = capsys.readouterr().err
    assert (
        f"the draws of trial {planned[0].id}" in told and "samplerbench run runs it again" in told
    )


def test_lost_draws_of_several_trials_are_told_in_one_line(folder, planned, capsys):
    for trial in planned[:3]:
        lose(folder / "draws" / f"{trial.id}.npz", None)
    store = Store.create(folder)
    for _ in range(2):
        assert store.drop_lost_draws(planned[:3]) == []
    store.close()
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert f"the draws of trial {planned[0].id} (and of 2 more) can't be read: No such" in told[0]
    assert told[0].endswith("samplerbench run runs them again")


def test_lost_draws_are_refused_where_they_are_asked_for(folder, planned):
    lose(folder / "draws" / f"{planned[0].id}.npz", None)
    store = Store.open(folder)
    with pytest.raises(StoreError, match=f"the draws of trial {planned[0].id} can't be read"):
        store.find_draws(planned[0].id)
    assert store.find_draws(planned[1].id).is_file()
    store.close()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"{}", b"[1]", b"null"])
def test_a_damaged_answer_is_named_and_gives_no_verdict_that_stays(folder, planned, content):
    store = Store.create(folder)
    trial = stored.trial("exact_iid", model="/somewhere/model.py:program", draws=20, replicates=16)
    store.add_trials([trial])
    damage.commit(store, trial)
    (folder / select.FOLDER).mkdir()
    for path in (select.inspection_path, select.long_run_path):
        file = path(folder, trial).with_suffix(".json" if "long" in path.__name__ else ".npz")
        file.write_bytes(content)
        reason = trial_scores.TrialScores(store).get(trial)["columns"]["verdict_reason"]
        assert "is damaged" in reason and file.stem in reason
        assert store.score(trial.id, VERSION) is None
        file.unlink()
    assert "is damaged" not in str(trial_scores.TrialScores(store).get(trial))
    assert store.score(trial.id, VERSION) is not None
    store.close()


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("model_digest", "model 'linear'"),
        ("data_file_digest", "the data of model 'linear'"),
        ("sampler_digest", "sampler 'exact_iid'"),
        ("environment_digest", "environment 'pinned'"),
    ],
)
def test_what_a_name_stood_for_may_not_change_in_a_campaign(folder, planned, field, words):
    store = Store.open(folder)
    changed_names.refuse_changed(store, planned)
    other = stored.trial("exact_iid", **{field: "f" * 16})
    with pytest.raises(UsageError, match=f"{words} has changed since") as refused:
        changed_names.refuse_changed(store, [other])
    assert "it is ffffffff" in str(refused.value)
    assert f"--out {folder}-2; then `samplerbench compare {folder} {folder}-2`" in str(
        refused.value
    )
    store.close()


def test_an_environment_that_has_changed_is_refused_with_the_packages_that_have(
    folder, planned, monkeypatch
):
    installed = {"jax": "0.4.23", "numpy": "1.26.4", "six": "1.16.0"}
    monkeypatch.setattr(environments, "list_versions", lambda name: installed)
    store = Store.open(folder)
    changed_names.note_versions(store, planned)
    installed = {"jax": "0.4.30", "numpy": "1.26.4", "zstandard": "1.0"}
    other = stored.trial("exact_iid", environment_digest="f" * 16)
    with pytest.raises(UsageError) as refused:
        changed_names.refuse_changed(store, [other])
    changes = "jax 0.4.23, now 0.4.30, six 1.16.0, now none, zstandard none, now 1.0"
    assert changes in str(refused.value)
    store.close()


def test_a_model_of_one_name_in_another_file_is_refused_with_both_files(tmp_path):
    store = Store.create(tmp_path / "c")
    store.add_trials([stored.trial("exact_iid", model="/a/m.py:f", model_digest="1" * 16)])
    other = stored.trial("exact_iid", model="/b/m.py:f", model_digest="2" * 16)
    with pytest.raises(UsageError, match="/a/m.py:f then, /b/m.py:f now"):
        changed_names.refuse_changed(store, [other])
    store.close()


def test_a_database_that_others_hold_is_waited_for(folder, planned, capsys):
    store = Store.create(folder)
    store._db.execute("PRAGMA busy_timeout=20")
    other = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="another program has held it for 0.5 s"):
        with database.write(store._db, patience=0.5):
            pytest.fail("not while another holds it")
    assert "another program holds campaign.sqlite: waiting for it" in capsys.readouterr().err
    threading.Timer(0.1, other.execute, ["ROLLBACK"]).start()
    store.set_fact("command", "as typed")
    assert store.fact("command") == "as typed"
    other.close()
    store.close()


# -- folders ---------------------------------------------------------------------------------------


def test_a_refused_campaign_leaves_folders_that_it_did_not_make(tmp_path):
    mine = tmp_path / "mine" / "inner"
    mine.mkdir(parents=True)
    Store.create(mine).discard()
    assert mine.is_dir() and not list(mine.iterdir())
    Store.create(tmp_path / "new" / "inner").discard()
    assert not (tmp_path / "new").exists()


def test_a_campaign_that_was_there_is_not_discarded(folder, planned):
    Store.create(folder).discard()
    assert rows_of(folder).keys() == {trial.id for trial in planned}


def test_a_folder_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database.os, "replace", full)
    with pytest.raises(StoreError, match="cannot be written: .*No space left(.|\n)*make room"):
        Store.create(tmp_path / "new" / "inner")
    assert not (tmp_path / "new").exists()


def test_a_file_system_without_locks_is_told_from_another_run(folder, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(campaign_folder.fcntl, "flock", no_locks)
    with pytest.raises(StoreError, match="No locks available .*network file(.|\n)*--out"):
        Store.create(folder)
    assert not folder.exists()


@pytest.mark.parametrize("way", [Store.create, Store.open])
@pytest.mark.parametrize("name", ["x" * 300, "loop/a", "~nobody-of-this-name/a"])
def test_a_folder_that_no_system_takes_is_refused_in_a_sentence(tmp_path, way, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    path = Path(name) if name.startswith("~") else tmp_path / name
    with pytest.raises(StoreError, match="can't be looked at: (.|\n)*expected: a folder"):
        way(path)


def remove(folder):
    (folder / FILE).unlink()


def rename(folder):
    folder.rename(folder.with_name("elsewhere"))


def replace(folder):
    shutil.copyfile(folder / FILE, folder / "copy")
    (folder / "copy").replace(folder / FILE)


@pytest.mark.parametrize("harm", [remove, rename, replace])
@pytest.mark.parametrize("write", [damage.commit, lambda *_: Path("/nowhere/log.txt").read_text()])
def test_a_campaign_that_is_taken_away_in_mid_run_is_noticed(folder, planned, harm, write):
    store = Store.create(folder)
    late = stored.trial("exact_iid", seed=7)
    store.add_trials([late])
    harm(folder)
    with pytest.raises(RunInterrupted, match="removed, renamed or replaced during the run") as end:
        with discard_when_refused(store, [late]):
            write(store, late)
    assert end.value.lost and "what is finished is in" not in str(end.value)
    assert not (folder / "scratch").exists()
    assert folder.exists() == (harm is not rename)


def test_draws_that_are_taken_away_in_mid_run_are_noticed(folder, planned):
    store = Store.create(folder)
    store.check_whole(planned)
    shutil.rmtree(folder / "draws")
    with pytest.raises(StoreLost, match="the draws of 3 trial"):
        store.check_whole(planned)
    with pytest.raises(RunInterrupted, match="stopped with 3 trials to go; what is") as end:
        with discard_when_refused(store, planned):
            store.check_whole(planned)
    assert end.value.is_kept  # the same command runs them again


def test_a_database_that_was_damaged_in_mid_run_is_noticed(folder, planned):
    store = Store.create(folder)
    content = bytearray((folder / FILE).read_bytes())
    with open(folder / FILE, "r+b") as file:  # the same file, as a worker may write to it
        file.write(bytes(len(content)))
    with pytest.raises(StoreLost, match="was damaged during the run: "):
        store.check_whole([])
    store.close()


@pytest.mark.parametrize("name", ["draws", "logs"])
def test_a_file_that_a_worker_puts_in_the_place_of_a_folder_loses_no_result(folder, planned, name):
    with contextlib.closing(Store.create(folder)) as store:
        store.delete_results([planned[0].id])
        shutil.rmtree(folder / name)
        (folder / name).write_text("x")
        damage.commit(store, planned[0])
        assert store.explain_lost_draws(planned[0].id) == ""


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), sqlite3.OperationalError("database or disk is full")],
)
def test_a_disk_that_is_full_in_mid_run_ends_it_with_what_is_kept(folder, planned, error):
    late = stored.trial("exact_iid", seed=7)
    store = Store.create(folder)
    store.add_trials([late])
    with pytest.raises(RunInterrupted) as end:
        with discard_when_refused(store, [*planned, late]):
            raise error
    words = f"{folder} could not be written: {error}: stopped with 1 trial to go"
    assert f"{words}; what is finished is in {folder}" in str(end.value)
    Store.create(folder).close()  # the lock was given back


def test_a_result_that_another_run_has_stored_meanwhile_is_said_to_be_its(folder, planned):
    store = Store.create(folder)
    with pytest.raises(RunInterrupted, match="another run writes to .*, whose campaign.lock was"):
        with discard_when_refused(store, planned):
            store.commit(planned[0], Result("failed", "late"), store.scratch(planned[0].id), 1.0)


# -- memory ----------------------------------------------------------------------------------------


def test_answers_of_many_models_are_not_all_kept(tmp_path):
    store = Store.create(tmp_path / "c")
    scores = trial_scores.TrialScores(store)
    count = trial_scores.MOST_KEPT + 8
    sizes = [stored.trial("exact_iid", model_options={"n_points": 4 + i}) for i in range(count)]
    means = [scores.exact(trial).mean[0] for trial in sizes]
    assert len(scores._exact) == trial_scores.MOST_KEPT
    assert scores.exact(sizes[0]).mean[0] == means[0]
    store.close()


def test_a_place_that_no_plan_gives_is_no_obstacle_to_more_trials(folder, planned):
    damage.execute(folder, "UPDATE trials SET position=9223372036854775807")
    with contextlib.closing(Store.create(folder)) as store:
        store.add_trials([*planned, stored.trial("numpyro_nuts")])
        assert len(store.trials()) == len(planned) + 1


def test_a_store_with_columns_of_a_newer_version_is_written_to(folder, planned):
    for table in ("meta", "trials", "results", "scores"):
        damage.execute(folder, f"ALTER TABLE {table} ADD COLUMN later INTEGER")
    with contextlib.closing(Store.create(folder)) as store:
        store.set_fact("sweep", [])
        store.delete_results([planned[0].id])
        damage.commit(store, planned[0])
        store.save_scores(planned[0].id, VERSION, {"columns": {}, "missing": {}})
        store.add_trials([stored.trial("numpyro_nuts")])
    assert rows_of(folder).keys() == {trial.id for trial in planned}


# -- scores ----------------------------------------------------------------------------------------


def test_scores_that_were_begun_before_another_process_changed_the_store_are_not_kept(
    folder, planned
):
    with samplerbench.load(folder) as reader, samplerbench.load(folder) as writer:
        reader.store.delete_scores([planned[0].id])
        seen = reader.store.state()
        writer.store.set_fact("margin", [])  # as a result would
        reader.store.save_scores(planned[0].id, VERSION, {"columns": {}, "missing": {}}, seen)
        assert reader.store.score(planned[0].id, VERSION) is None
        seen = reader.store.state()
        reader.store.save_scores(planned[0].id, VERSION, {"columns": {}, "missing": {}}, seen)
        assert reader.store.score(planned[0].id, VERSION) is not None


@pytest.mark.parametrize("step", ["commit", "add_block"])
def test_a_result_and_the_scores_that_it_changes_are_written_together(folder, planned, step):
    first, second = planned[0], planned[1]
    with contextlib.closing(Store.create(folder)) as store:
        result = store.result(first.id)
        damage.execute(
            folder,
            "CREATE TRIGGER kill BEFORE DELETE ON scores BEGIN SELECT RAISE(ABORT, 'killed'); END",
        )
        before = store.results()
        with pytest.raises(sqlite3.Error, match="killed"):
            if step == "add_block":
                result.blocks.append({})
                store.add_block(first, result, 1.0)
            else:
                extra = stored.trial("numpyro_nuts")
                failed = Result("failed", "as told")
                store.commit(extra, failed, store.scratch(extra.id), 1.0, [second.id])
        assert store.results() == before
