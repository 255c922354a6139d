"""A campaign's folder keeps what is finished whatever happens meanwhile, and nothing by halves."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest

from samplerbench.errors import StoreError
from samplerbench.harness.campaign import store
from samplerbench.harness.campaign.campaign_folder import FILE, LOCK
from samplerbench.harness.campaign.database import SCHEMA
from samplerbench.harness.campaign.store import Store
from samplerbench.harness.records import (
    Result,
    Trial,
    read_result,
    read_trial,
    to_json,
)
from tests.support.trials import PATIENCE_S, small

#: what each schema's record of a trial began with: a change renames stored trials, so SCHEMA must
#: rise. What came later has a default, and renames none
TRIAL_FIELDS = {
    1: (
        "model",
        "model_options",
        "model_digest",
        "sampler",
        "settings",
        "environment",
        "environment_digest",
        "device",
        "precision",
        "chains",
        "warmup",
        "draws",
        "seed",
        "replicates",
    ),
}
#: commits a worker's files and is killed at the step named in argv[2]
KILLED = """
import os, pathlib, sys
from samplerbench.harness.campaign import store
from tests.harness.campaign.test_store import fill_scratch
from tests.support.trials import small
found, step = store.Store.create(pathlib.Path(sys.argv[1])), sys.argv[2]
found.add_trials([small()])
scratch = fill_scratch(found, small())
synced = store.sync_to_disk
store.sync_to_disk = lambda path: os.kill(os.getpid(), 9) if path.name == step else synced(path)
if step == "COMMIT":
    found._db.set_trace_callback(lambda said: said == step and os.kill(os.getpid(), 9))
found.commit(small(), store.Result("ok"), scratch, 1.0)
"""
OPENS = """
import pathlib, sys
from samplerbench.errors import StoreError
from samplerbench.harness.campaign.store import Store
try:
    Store.create(pathlib.Path(sys.argv[1]))
except StoreError as error:
    sys.exit(str(error))
"""


def fill_scratch(writer: Store, trial: Trial) -> Path:
    """A worker's files, as it leaves them."""
    scratch = writer.scratch(trial.id)
    scratch.mkdir(parents=True)
    np.savez(scratch / "draws.npz", m=np.arange(3.0))
    (scratch / "log.txt").write_text("what it printed\n")
    return scratch


def finish(writer: Store, trial: Trial, status: str = "ok", took_s: float = 1.5) -> None:
    writer.commit(
        trial, Result(status, timings={"cold_s": 0.25}), fill_scratch(writer, trial), took_s
    )


def scored(ess: float) -> dict:
    """Scores, as they are stored."""
    return {"columns": {"ess": ess}, "missing": {}}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "campaign"


@pytest.fixture
def campaign(folder):
    writer = Store.create(folder)
    writer.add_trials([small(), small(seed=100)])
    yield writer
    writer.close()


# -- results ---------------------------------------------------------------------------------------


def test_a_result_its_draws_and_its_log_are_kept(campaign, folder):
    finish(campaign, small())
    assert campaign.statuses() == {small().id: "ok"}
    assert campaign.result(small().id).timings == {"cold_s": 0.25}
    assert campaign.total_seconds() == 1.5
    with np.load(campaign.draws_path(small().id)) as arrays:
        assert arrays["m"].tolist() == [0, 1, 2]
    assert (folder / "logs" / f"{small().id}.txt").read_text() == "what it printed\n"
    assert not campaign.scratch(small().id).exists()


def test_what_has_no_draws_leaves_none(campaign):
    finish(campaign, small(), "failed")
    assert campaign.statuses() == {small().id: "failed"}
    assert not campaign.draws_path(small().id).exists()


@pytest.mark.process
@pytest.mark.parametrize("step", ["draws.npz", "draws", "COMMIT"])
def test_a_kill_while_committing_leaves_no_result_and_is_made_good(folder, step):
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), step], timeout=PATIENCE_S)
    assert done.returncode == -9
    with_draws = folder / "draws" / f"{small().id}.npz"
    assert with_draws.exists() == (step != "draws.npz")
    again = Store.create(folder)
    assert again.statuses() == {}
    assert again.trials() == [small()]
    assert not (folder / "scratch").exists()
    finish(again, small())
    assert again.statuses() == {small().id: "ok"}
    again.close()


def test_a_failed_write_of_the_result_is_no_result(campaign, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "sync_to_disk", full)
    with pytest.raises(OSError, match="No space left"):
        finish(campaign, small())
    assert campaign.statuses() == {}


def test_a_trial_is_never_finished_twice(campaign):
    finish(campaign, small())
    with pytest.raises(sqlite3.IntegrityError):
        finish(campaign, small(), "failed")
    assert campaign.statuses() == {small().id: "ok"}


def test_a_result_of_a_trial_that_was_not_planned_is_kept_by_its_name_alone(campaign):
    finish(campaign, small(seed=7))
    assert small(seed=7) not in campaign.trials()
    assert campaign.result(small(seed=7).id).status == "ok"


def test_forgotten_trials_can_run_again(campaign):
    for trial in campaign.trials():
        finish(campaign, trial, "failed")
        campaign.save_scores(trial.id, 1, {"columns": {}, "missing": {}})
    campaign.delete_results([small().id])
    assert campaign.statuses() == {small(seed=100).id: "failed"}
    assert set(campaign.scores(1)) == {small(seed=100).id}
    finish(campaign, small())
    assert campaign.statuses()[small().id] == "ok"


def test_trials_keep_their_place_and_new_ones_come_after(campaign, folder):
    campaign.add_trials([small(seed=200), small(), small(seed=100)])
    campaign.close()
    with_all = Store.open(folder)
    assert [trial.seed for trial in with_all.trials()] == [0, 100, 200]
    with_all.close()


def test_scores_of_another_version_are_not_given(campaign):
    finish(campaign, small())
    campaign.save_scores(small().id, 1, scored(1.0))
    assert campaign.scores(2) == {}
    campaign.save_scores(small().id, 2, scored(2.0))
    assert campaign.scores(2) == {small().id: scored(2.0)}
    assert campaign.scores(1) == {}


def test_notes_are_kept(campaign, folder):
    campaign.set_fact("command", ["samplerbench", "run"])
    campaign.close()
    again = Store.open(folder)
    assert again.fact("command") == ["samplerbench", "run"]
    assert again.fact("another") is None
    again.close()


# -- records ---------------------------------------------------------------------------------------


def test_a_trial_is_named_by_its_content():
    record = json.loads(to_json(small()))
    assert Trial(**dict(reversed(record.items()))).id == small().id
    changed = {name: [value, "x"] for name, value in asdict(small()).items()}
    names = {Trial(**{**record, name: value}).id for name, value in changed.items()}
    assert len(names) == len(fields(Trial)) and small().id not in names


def test_the_record_of_a_trial_belongs_to_the_schema():
    first = TRIAL_FIELDS[SCHEMA]
    assert first == tuple(f.name for f in fields(Trial))[: len(first)]
    assert all(f.default in ("", None, 0) for f in fields(Trial)[len(first) :])
    record = {name: getattr(small(), name) for name in first}
    assert read_trial(record).id == small().id == "ef461a309da4edd5"


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"status": 1}', '{"stat": "ok"}'])
def test_what_is_no_result_is_refused(text):
    with pytest.raises(ValueError, match="not a result"):
        read_result(text)


# -- folders ---------------------------------------------------------------------------------------


def set_schema(folder: Path, number: int) -> None:
    Store.create(folder).close()
    connection = sqlite3.connect(folder / FILE)
    with connection:
        connection.execute("UPDATE meta SET value=? WHERE name='schema'", (str(number),))
    connection.close()


@pytest.mark.parametrize("way", [Store.create, Store.open])
def test_a_newer_schema_is_refused_with_a_way_out(folder, way):
    set_schema(folder, SCHEMA + 1)
    with pytest.raises(StoreError) as refused:
        way(folder)
    assert f"schema {SCHEMA + 1}; this version reads up to {SCHEMA}" in str(refused.value)
    assert "upgrade samplerbench, or name another folder with --out" in str(refused.value)
    set_schema_back = sqlite3.connect(folder / FILE)  # nothing holds on to what was refused
    with set_schema_back:
        set_schema_back.execute("UPDATE meta SET value=? WHERE name='schema'", (str(SCHEMA),))
    set_schema_back.close()
    Store.create(folder).close()


@pytest.mark.parametrize("way", [Store.create, Store.open])
@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be one" * 99])
def test_a_file_that_is_no_database_is_refused_and_left_alone(folder, way, content):
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    with pytest.raises(StoreError, match="is not a campaign's database"):
        way(folder)
    assert (folder / FILE).read_bytes() == content


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(folder):
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError) as refused:
        Store.create(folder)
    assert "holds something else (thesis.tex)" in str(refused.value)
    assert "name another with --out" in str(refused.value)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_a_file_is_refused_as_a_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("something")
    with pytest.raises(StoreError, match="is a file"):
        Store.create(file)
    with pytest.raises(StoreError, match="cannot be written: Not a directory"):
        Store.create(file / "below")
    with pytest.raises(StoreError, match="is not a campaign: it holds no"):
        Store.open(file)
    assert file.read_text() == "something"


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_without_a_campaign_cannot_be_read(folder, exists):
    if exists:
        folder.mkdir()
    with pytest.raises(StoreError, match="is not a campaign: it (does not exist|holds no)"):
        Store.open(folder)
    assert folder.exists() == exists


def test_a_killed_start_is_no_obstacle(folder):
    folder.mkdir()
    half_made = (f".{FILE}.part{end}" for end in ("", "-wal", "-shm", "-journal"))
    for name in (*half_made, LOCK, ".gitignore"):
        (folder / name).write_bytes(b"half a database")
    Store.create(folder).close()
    writer = Store.open(folder)
    assert writer.trials() == []
    writer.close()
    assert not (folder / f".{FILE}.part").exists()


@pytest.mark.process
def test_a_second_writer_is_refused_till_the_first_is_gone(campaign, folder):
    command = [sys.executable, "-c", OPENS, str(folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert second.returncode == 1
    assert f"another run is writing to {str(folder)!r}" in second.stderr
    assert "wait for it, stop it, or name another folder with --out" in second.stderr
    with pytest.raises(StoreError, match="another run is writing"):
        Store.create(folder)
    campaign.release()
    assert subprocess.run(command, timeout=PATIENCE_S).returncode == 0
    assert campaign.trials() == [small(), small(seed=100)]  # still read by the first


def test_a_refused_writer_does_no_harm_to_the_one_at_work(campaign, folder):
    scratch = fill_scratch(campaign, small())
    with pytest.raises(StoreError, match="another run is writing"):
        Store.create(folder)
    campaign.commit(small(), Result("ok"), scratch, 1.0)
    assert campaign.statuses() == {small().id: "ok"}


def test_a_campaign_can_be_read_while_it_is_written(campaign, folder):
    reader = Store.open(folder)
    assert reader.statuses() == {}
    finish(campaign, small())
    assert reader.statuses() == {small().id: "ok"}
    reader.close()


def unprivileged() -> list[str]:
    """What comes before a command so that permissions hold for it: root passes by them."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root can write everywhere, and there is no setpriv to give that up")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def read_only(campaign, folder):
    """A campaign with a result, in a folder that can't be written."""
    finish(campaign, small())
    campaign.close()
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


READS = """
import pathlib, sys
from samplerbench.harness.campaign.store import Store
found = Store.open(pathlib.Path(sys.argv[1]))
found.save_scores("any", 1, {})
print(*found.statuses().values(), len(found.trials()))
"""


@pytest.mark.process
def test_a_folder_that_cannot_be_written_can_be_read(read_only):
    before = sorted(path.name for path in read_only.iterdir())
    command = [*unprivileged(), sys.executable, "-c", READS, str(read_only)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout.split() == ["ok", "2"], done.stderr
    assert sorted(path.name for path in read_only.iterdir()) == before


@pytest.mark.process
def test_a_folder_that_cannot_be_written_is_refused_for_a_run(read_only):
    (read_only / LOCK).chmod(0o444)
    command = [*unprivileged(), sys.executable, "-c", OPENS, str(read_only)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1
    assert "cannot be written: Permission denied" in done.stderr
    assert "name another with --out" in done.stderr
