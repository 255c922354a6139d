"""A campaign loses nothing, runs nothing twice, and keeps one bad row from harming the others."""

from __future__ import annotations

import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import samplerbench
from samplerbench.cli import main
from samplerbench.errors import StoreError, UsageError
from samplerbench.harness.campaign import run as campaign
from samplerbench.harness.campaign.campaign import Campaign
from samplerbench.harness.campaign.campaign_folder import FILE
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.text import format_count
from tests.support import stored, trials
from tests.support.trials import has_ended, wait_until

QUICK = {"sampler": "exact_iid", "replicates": 3, "draws": 40, "warmup": 40, "env": "current"}
LINES = [f"linear:n_points={n}" for n in (4, 8, 12, 16, 20)]
#: what each trial takes is its own; everything else must be the same however a campaign went
OF_THE_RUN = {c.name for c in COLUMNS if c.group in ("cost", "machine")} - {"trial"} | {"warnings"}
#: runs the campaign in argv[1] as a process of its own, which can be killed
RUN = """
import sys
import samplerbench
from tests.harness.campaign.test_campaign import LINES, QUICK
samplerbench.run(out=sys.argv[1], model=LINES, **QUICK)
"""
#: a model that hangs while a file called `hang` lies beside it, with a child of its own
HANGS_WHILE_TOLD = """
import pathlib, subprocess, sys, time, os
from samplerbench.models.base import build
here = pathlib.Path(__file__).parent
if (here / "hang").exists():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (here / "pids.part").write_text(f"{os.getpid()} {child.pid}")
    os.replace(here / "pids.part", here / "pids")
    time.sleep(600)
program = build("linear", {})
"""
#: a model that can be loaded, and fails in its trial
FAILS_WHILE_TOLD = """
import dataclasses, pathlib
from samplerbench.models.base import build
linear = build("linear", {})
def exact(data):
    if pathlib.Path(__file__).with_name("fail").exists():
        raise RuntimeError("as told")
    return linear.exact()
program = dataclasses.replace(linear, exact_given=exact)
"""
MISBEHAVING = """
def discrete():
    import numpyro, numpyro.distributions as dist
    numpyro.sample("x", dist.Normal(numpyro.sample("k", dist.Poisson(3.0)), 1.0))

def improper():
    import numpyro, numpyro.distributions as dist
    numpyro.sample("x", dist.ImproperUniform(dist.constraints.real, (), ()))
"""


class Notes(Watcher):
    """What was to run and what was run."""

    def __init__(self):
        self.waiting, self.run = [], []

    def on_start(self, campaign, waiting):
        self.waiting = [trial.model_label for trial in waiting]

    def on_result(self, trial, result, took_s):
        self.run.append(trial.model_label)


def comparable(reader: Campaign) -> list[dict]:
    """The rows without what differs from run to run."""
    rows = [{k: v for k, v in row.items() if k not in OF_THE_RUN} for row in reader.rows()]
    for row in rows:
        row["missing"] = {k: v for k, v in row["missing"].items() if k not in OF_THE_RUN}
    return rows


def digests(reader: Campaign) -> dict[str, str]:
    return {trial: result.draws_digest for trial, result in reader.store.results().items()}


def finish_times(folder: Path) -> dict[str, float]:
    """Trial -> when it was finished, of what is committed; nothing where there is no campaign."""
    if not (folder / FILE).exists():
        return {}
    connection = sqlite3.connect(folder / FILE)
    rows = dict(connection.execute("SELECT trial, finished_at FROM results"))
    connection.close()
    return rows


def workers_of(folder: Path) -> list[int]:
    """Processes whose command line names a file in ``folder``/scratch."""
    pids = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{folder}/scratch" in entry.read_bytes().decode(errors="replace"):
                pids.append(int(entry.parent.name))
        except OSError:
            continue  # it has ended meanwhile
    return [pid for pid in pids if not has_ended(pid)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A campaign of five trials that was left alone."""
    with samplerbench.run(
        out=tmp_path_factory.mktemp("undisturbed"), model=LINES, **QUICK
    ) as reader:
        yield reader


# -- stopped and gone on with ----------------------------------------------------------------------


@pytest.mark.process
def test_killed_again_and_again_it_ends_as_if_left_alone(undisturbed, tmp_path):
    folder, moments = tmp_path / "killed", random.Random(20)
    after: dict[str, float] = {}
    interrupted = 0
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", RUN, str(folder)]) as coordinator:
            try:
                coordinator.wait(moments.uniform(0.3, 1.5))
            except subprocess.TimeoutExpired:
                coordinator.kill()
                interrupted += 1
        assert wait_until(lambda: not workers_of(folder))
        before, after = after, finish_times(folder)
        assert before.items() <= after.items()  # nothing lost, nothing done anew
    assert interrupted >= 3
    with samplerbench.run(out=folder, model=LINES, **QUICK) as reader:
        assert after.items() <= finish_times(folder).items()
        assert digests(reader) == digests(undisturbed)
        assert comparable(reader) == comparable(undisturbed)
        assert not (folder / "scratch").exists() or not list((folder / "scratch").iterdir())


@pytest.fixture
def own_folder(tmp_path):
    """A user's folder: a campaign file, a model that hangs for now, modules of names in use."""
    (tmp_path / "model.py").write_text(HANGS_WHILE_TOLD)
    (tmp_path / "hang").touch()
    (tmp_path / "campaign.toml").write_text(
        'model = ["linear:n_points=4", "model.py:program"]\nsampler = "exact_iid"\n'
        'env = "current"\ndraws = 30\nreplicates = 2\nprecision = 64\n'
    )
    for name in ("models.py", "numpy.py", "samplerbench/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise ImportError('not the real one')\n")
    return tmp_path


def stopped_by(number: int, own_folder: Path) -> str:
    """Standard error of the command, which gets a signal while a worker hangs."""
    command = [trials.COMMAND, "run", "campaign.toml", "--draws", "20", "--out", "my runs/c"]
    pids_file = own_folder / "pids"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=own_folder) as running:
        try:
            assert wait_until(pids_file.is_file)
            pids = [int(word) for word in pids_file.read_text().split()]
            running.send_signal(number)
            stderr = running.communicate(timeout=trials.PATIENCE_S)[1]
        finally:
            running.kill()
    assert running.returncode == 130, stderr
    assert wait_until(lambda: all(map(has_ended, pids)))
    return stderr


@pytest.mark.process
def test_ctrl_c_ends_the_command_cleanly_and_it_goes_on_as_it_says(own_folder):
    stderr, folder = stopped_by(signal.SIGINT, own_folder), own_folder / "my runs" / "c"
    before = finish_times(folder)
    assert f"stopped with {format_count(2 - len(before), 'trial')} to go" in stderr
    assert "Traceback" not in stderr
    (own_folder / "hang").unlink()
    words = shlex.split(stderr.partition("go on with: ")[2])
    assert words[0] == "samplerbench"
    again = subprocess.run([trials.COMMAND, *words[1:]], cwd=own_folder, capture_output=True)
    assert again.returncode == 0, again.stderr.decode()
    assert before.items() <= finish_times(folder).items()
    with samplerbench.load(
        folder
    ) as reader:  # the campaign file's options, the command line's first
        keys = ("model", "sampler", "draws", "replicates", "precision", "status")
        assert [tuple(row[key] for key in keys) for row in reader.rows()] == [
            ("linear:n_points=4", "exact_iid", 20, 2, 64, "ok"),
            ("model.py:program", "exact_iid", 20, 2, 64, "ok"),
        ]


@pytest.mark.process
def test_a_polite_kill_ends_the_command_as_ctrl_c_does(own_folder):
    stderr = stopped_by(signal.SIGTERM, own_folder)
    assert " to go" in stderr
    assert "go on with: samplerbench run campaign.toml" in stderr
    assert "Traceback" not in stderr


@pytest.mark.process
def test_ctrl_c_in_python_keeps_what_is_finished(tmp_path):
    class Stops(Watcher):
        def on_result(self, trial, result, took_s):
            raise KeyboardInterrupt

    with pytest.raises(campaign.RunInterrupted) as stopped:
        samplerbench.run(out=tmp_path / "c", watcher=Stops(), model=LINES[:3], **QUICK)
    assert (stopped.value.left, stopped.value.folder) == (2, tmp_path / "c")
    assert len(finish_times(tmp_path / "c")) == 1
    samplerbench.run(out=tmp_path / "c", model=LINES[:1], **QUICK).close()  # the folder is free


@pytest.mark.process
def test_an_error_of_ours_ends_the_workers_under_way(tmp_path):
    (tmp_path / "model.py").write_text(HANGS_WHILE_TOLD)

    class Breaks(Watcher):
        def on_start(self, campaign, waiting):  # the model has been looked at by now
            (tmp_path / "hang").touch()

        def on_result(self, trial, result, took_s):
            assert wait_until((tmp_path / "pids").is_file)
            raise ZeroDivisionError

    models = ["linear", f"{tmp_path / 'model.py'}:program"]
    with pytest.raises(ZeroDivisionError):
        samplerbench.run(
            out=tmp_path / "c", watcher=Breaks(), model=models, jobs=2, timeout=300, **QUICK
        )
    assert wait_until(lambda: not workers_of(tmp_path / "c"))


@pytest.mark.process
def test_only_what_is_missing_is_run(tmp_path):
    first, second, third = Notes(), Notes(), Notes()
    samplerbench.run(out=tmp_path / "c", watcher=first, model=LINES[:1], **QUICK).close()
    samplerbench.run(out=tmp_path / "c", watcher=second, model=LINES[:2], **QUICK).close()
    before = finish_times(tmp_path / "c")
    with samplerbench.run(out=tmp_path / "c", watcher=third, model=LINES[:2], **QUICK) as reader:
        assert [row["model"] for row in reader.rows()] == LINES[:2]
    assert (first.run, second.run, third.run) == (LINES[:1], LINES[1:2], [])
    assert (second.waiting, third.waiting) == (LINES[1:2], [])
    assert finish_times(tmp_path / "c") == before


@pytest.mark.process
def test_retry_runs_what_did_not_end_ok_and_nothing_else(tmp_path):
    file, flag = tmp_path / "model.py", tmp_path / "fail"
    file.write_text(FAILS_WHILE_TOLD)
    flag.touch()
    plan = {"out": tmp_path / "c", "model": ["linear", f"{file}:program"], **QUICK}
    with samplerbench.run(**plan) as reader:
        assert [(r["status"], r["reason"]) for r in reader.rows()] == [
            ("ok", ""),
            ("failed", "model.py, line 7 in exact: RuntimeError: as told"),
        ]
    flag.unlink()
    plain, again = Notes(), Notes()
    samplerbench.run(watcher=plain, **plan).close()
    assert plain.run == []  # a trial that failed is finished
    with samplerbench.run(watcher=again, retry=True, **plan) as reader:
        assert [row["status"] for row in reader.rows()] == ["ok", "ok"]
    assert again.run == ["model.py:program"]


@pytest.mark.process
def test_a_changed_file_is_refused_in_the_folder_of_what_it_was(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("from samplerbench.models.base import build\nprogram = build('linear', {})\n")
    plan = {"out": tmp_path / "c", "model": f"{file}:program", **QUICK}
    samplerbench.run(**plan).close()
    file.write_text(
        "from samplerbench.models.base import build\nprogram = build('linear', {'n_points': 4})\n"
    )
    with pytest.raises(UsageError, match="model.py:program' has changed since the campaign in"):
        samplerbench.run(**plan)
    with samplerbench.load(tmp_path / "c") as reader:
        assert len(reader.rows()) == 1  # what is there stays
    samplerbench.run(**{**plan, "out": tmp_path / "d"}).close()


@pytest.mark.process
def test_a_folder_is_free_once_its_run_is_over(tmp_path):
    first = samplerbench.run(out=tmp_path / "c", model=LINES[0], **QUICK)
    second = samplerbench.run(out=tmp_path / "c", model=LINES[0], **QUICK)  # first still open
    assert comparable(first) == comparable(second)
    first.close()
    second.close()


@pytest.mark.process
def test_two_runs_at_once_do_not_share_a_folder(tmp_path):
    refused = []

    class Tries(Watcher):
        def on_start(self, campaign, waiting):
            with pytest.raises(StoreError, match="another run is writing") as error:
                samplerbench.run(out=tmp_path / "c", model=LINES[1], **QUICK)
            refused.append(error)

    samplerbench.run(out=tmp_path / "c", watcher=Tries(), model=LINES[0], **QUICK).close()
    assert refused


@pytest.mark.process
def test_it_runs_outside_the_main_thread(tmp_path):
    reader = []

    def run():
        reader.append(samplerbench.run(out=tmp_path / "c", model=LINES[0], **QUICK))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(trials.PATIENCE_S)
    assert [row["status"] for row in reader[0].rows()] == ["ok"]
    reader[0].close()


# -- bad models ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def misbehaving(tmp_path_factory):
    """Rows by model's name: models that can't be sampled, and two that can."""
    folder = tmp_path_factory.mktemp("misbehaving")
    (folder / "model.py").write_text(MISBEHAVING)
    (folder / "fails.py").write_text(FAILS_WHILE_TOLD.replace("program", "fails"))
    (folder / "fail").touch()
    plan = {**QUICK, "out": folder / "c"}
    for name, sampler in (("discrete", "numpyro_nuts"), ("improper", "jaxns_nested")):
        model = f"{folder / 'model.py'}:{name}"
        samplerbench.run(**{**plan, "sampler": sampler, "model": model}).close()
    with samplerbench.run(**plan, model=["linear", f"{folder / 'fails.py'}:fails"]) as reader:
        yield {row["model"].rpartition(":")[2]: row for row in reader.rows()}


@pytest.mark.process
@pytest.mark.parametrize(
    ("model", "status", "reason"),
    [
        ("discrete", "declined", "site 'k' of 'discrete' is discrete"),
        ("improper", "declined", "the prior of 'x' is improper"),
        ("fails", "failed", "fails.py, line 7 in exact: RuntimeError: as told"),
        ("linear", "ok", ""),
    ],
)
def test_a_bad_model_is_a_row_with_a_reason_and_harms_no_other(misbehaving, model, status, reason):
    row = misbehaving[model]
    assert row["status"] == status
    assert row["reason"].startswith(reason) and "\n" not in row["reason"]
    if status != "ok":
        assert row["ess"] is None
        assert row["missing"]["ess"] == f"{status}: {row['reason']}"


FILE_OF_MODELS = """
from __future__ import annotations
import functools
from samplerbench.models.base import Model, build
def program(): ...
partial = functools.partial(program)
def gives_model() -> Model:
    return build("linear", {})
whole = build("linear", {})
number = 3
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("program", "declined", "model 'program' has no exact answer to draw from"),
        ("partial", "declined", "model 'partial' has no exact answer to draw from"),
        ("gives_model", "ok", ""),
        ("whole", "ok", ""),
        ("number", "failed", "'number' in "),
    ],
)
def test_a_file_holds_programs_models_or_functions_that_give_one(tmp_path, name, status, reason):
    result = trials.run(trials.trial_of_file(tmp_path, FILE_OF_MODELS, name), tmp_path / "scratch")
    assert result.status == status
    assert result.reason.startswith(reason)


# -- from Python -----------------------------------------------------------------------------------


@pytest.mark.process
def test_a_campaign_reads_the_same_when_loaded(undisturbed):
    with samplerbench.load(undisturbed.folder) as loaded:
        assert loaded.rows() == undisturbed.rows()


def test_options_are_checked_before_anything_is_written(tmp_path):
    for options, text in (
        ({"sampler": "exact_id"}, "did you mean 'exact_iid'"),
        ({"models": "lineal"}, "did you mean 'linear'"),
        ({"samplers": ["exact_iid"], "drawz": 3}, "did you mean 'draws'"),
        ({"draws": "many"}, "expected: a whole number"),
        ({"draws": 0}, "draws = 0 in run()\n  expected: a whole number from 1"),
        ({"sampler": []}, "no sampler is named"),
        ({"precision": 16}, "no value of precision is called '16'"),
    ):
        with pytest.raises(UsageError) as refused:
            samplerbench.run(out=tmp_path / "c", **options)
        assert text in str(refused.value)
    assert not (tmp_path / "c").exists()


# -- rows ------------------------------------------------------------------------------------------


@pytest.fixture
def row_calls(monkeypatch):
    """The trial of each row that is built."""
    from samplerbench.harness.scoring import columns

    built, build = [], columns.row
    counted = lambda trial, *rest: built.append(trial.id) or build(trial, *rest)  # noqa: E731
    monkeypatch.setattr(columns, "row", counted)
    return built


@pytest.mark.process
def test_a_run_with_its_table_page_and_gate_builds_each_row_once(row_calls, tmp_path, capsys):
    words = [f"--{name}={value}" for name, value in QUICK.items()]
    folder = str(tmp_path / "c")
    main.main(["run", *words, "--model", *LINES[:2], "--gate", "honest", "--out", folder])
    assert "campaign: " in capsys.readouterr().out and (tmp_path / "c" / "report.html").is_file()
    assert len(row_calls) == len(set(row_calls)) == 2


def test_rows_are_built_again_once_the_store_has_changed(row_calls, tmp_path):
    with stored.campaign(tmp_path / "c") as reader:
        row_calls.clear()  # of a process that makes the stored campaign
        count = len(reader.rows())
        assert reader.rows() == reader.rows(count) and reader.rows(2) == reader.rows()[:2]
        assert len(row_calls) == count
        waiting = next(t for t in reader.store.trials() if t.sampler == "waiting_one")
        with samplerbench.load(tmp_path / "c") as other:  # another connection, as of a process
            stored.commit_result(other.store, waiting, stored.result("declined", "no gradient"))
        assert len(reader.rows()) == count + 1
