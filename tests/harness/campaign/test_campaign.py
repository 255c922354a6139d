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

import numpy as np
import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness import draws_file
from samplerbench.harness.campaign import run as campaign
from samplerbench.harness.campaign.run import Campaign, Watcher
from samplerbench.harness.campaign.store import FILE, Store, StoreError
from samplerbench.harness.records import Result
from samplerbench.harness.scoring.columns import COLUMNS
from samplerbench.samplers.base import Draws
from tests.support import trials
from tests.support.trials import ended, small, within

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
if pathlib.Path(__file__).with_name("hang").exists():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("pids.part").write_text(f"{os.getpid()} {child.pid}")
    os.replace("pids.part", "pids")
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
def nan():
    import jax.numpy as jnp, numpyro, numpyro.distributions as dist
    x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    numpyro.factor("likelihood", jnp.sqrt(-1.0 - x**2))

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

    def planned(self, campaign, waiting):
        self.waiting = [trial.model_label for trial in waiting]

    def finished(self, trial, result, took_s):
        self.run.append(trial.model_label)


def comparable(found: Campaign) -> list[dict]:
    """The rows without what differs from run to run."""
    rows = [{k: v for k, v in row.items() if k not in OF_THE_RUN} for row in found.rows()]
    for row in rows:
        row["missing"] = {k: v for k, v in row["missing"].items() if k not in OF_THE_RUN}
    return rows


def digests(found: Campaign) -> dict[str, str]:
    return {trial: result.draws_digest for trial, result in found.store.results().items()}


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
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{folder}/scratch" in entry.read_bytes().decode(errors="replace"):
                found.append(int(entry.parent.name))
        except OSError:
            continue  # it has ended meanwhile
    return [pid for pid in found if not ended(pid)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A campaign of five trials that was left alone."""
    with samplerbench.run(
        out=tmp_path_factory.mktemp("undisturbed"), model=LINES, **QUICK
    ) as found:
        yield found


# -- stopped and gone on with ----------------------------------------------------------------------


def test_killed_again_and_again_it_ends_as_if_left_alone(undisturbed, tmp_path):
    folder, moments = tmp_path / "killed", random.Random(20)
    kept: dict[str, float] = {}
    interrupted = 0
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", RUN, str(folder)]) as coordinator:
            try:
                coordinator.wait(moments.uniform(0.3, 1.5))
            except subprocess.TimeoutExpired:
                coordinator.kill()
                interrupted += 1
        assert within(5, lambda: not workers_of(folder))
        before, kept = kept, finish_times(folder)
        assert before.items() <= kept.items()  # nothing lost, nothing done anew
    assert interrupted >= 3
    with samplerbench.run(out=folder, model=LINES, **QUICK) as found:
        assert kept.items() <= finish_times(folder).items()
        assert digests(found) == digests(undisturbed)
        assert comparable(found) == comparable(undisturbed)
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
    scratches = own_folder / "my runs" / "c" / "scratch"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=own_folder) as running:
        try:
            assert within(60, lambda: list(scratches.glob("*/pids")))
            pids = [int(word) for word in next(scratches.glob("*/pids")).read_text().split()]
            running.send_signal(number)
            said = running.communicate(timeout=20)[1]
        finally:
            running.kill()
    assert running.returncode == 130, said
    assert within(5, lambda: all(map(ended, pids)))
    return said


def test_ctrl_c_ends_the_command_cleanly_and_it_goes_on_as_it_says(own_folder):
    said, folder = stopped_by(signal.SIGINT, own_folder), own_folder / "my runs" / "c"
    before = finish_times(folder)
    assert f"stopped with {2 - len(before)} trial(s) to go" in said
    assert "Traceback" not in said
    (own_folder / "hang").unlink()
    words = shlex.split(said.partition("go on with: ")[2])
    assert words[0] == "samplerbench"
    again = subprocess.run([trials.COMMAND, *words[1:]], cwd=own_folder, capture_output=True)
    assert again.returncode == 0, again.stderr.decode()
    assert before.items() <= finish_times(folder).items()
    with samplerbench.load(
        folder
    ) as found:  # the campaign file's options, the command line's first
        keys = ("model", "sampler", "draws", "replicates", "precision", "status")
        assert [tuple(row[key] for key in keys) for row in found.rows()] == [
            ("linear:n_points=4", "exact_iid", 20, 2, 64, "ok"),
            (f"{own_folder / 'model.py'}:program", "exact_iid", 20, 2, 64, "ok"),
        ]


def test_a_polite_kill_ends_the_command_as_ctrl_c_does(own_folder):
    said = stopped_by(signal.SIGTERM, own_folder)
    assert "trial(s) to go" in said
    assert "go on with: samplerbench run campaign.toml" in said
    assert "Traceback" not in said


def test_ctrl_c_in_python_keeps_what_is_finished(tmp_path):
    class Stops(Watcher):
        def finished(self, trial, result, took_s):
            raise KeyboardInterrupt

    with pytest.raises(campaign.Interrupted) as stopped:
        samplerbench.run(out=tmp_path / "c", watcher=Stops(), model=LINES[:3], **QUICK)
    assert (stopped.value.left, stopped.value.folder) == (2, tmp_path / "c")
    assert len(finish_times(tmp_path / "c")) == 1
    samplerbench.run(out=tmp_path / "c", model=LINES[:1], **QUICK).close()  # the folder is free


def test_an_error_of_ours_ends_the_workers_under_way(tmp_path):
    (tmp_path / "model.py").write_text(HANGS_WHILE_TOLD)

    class Breaks(Watcher):
        def planned(self, campaign, waiting):  # the model has been looked at by now
            (tmp_path / "hang").touch()

        def finished(self, trial, result, took_s):
            assert within(60, lambda: list(tmp_path.glob("c/scratch/*/pids")))
            raise ZeroDivisionError

    models = ["linear", f"{tmp_path / 'model.py'}:program"]
    with pytest.raises(ZeroDivisionError):
        samplerbench.run(
            out=tmp_path / "c", watcher=Breaks(), model=models, jobs=2, timeout=30, **QUICK
        )
    assert within(5, lambda: not workers_of(tmp_path / "c"))


def test_only_what_is_missing_is_run(tmp_path):
    first, second, third = Notes(), Notes(), Notes()
    samplerbench.run(out=tmp_path / "c", watcher=first, model=LINES[:1], **QUICK).close()
    samplerbench.run(out=tmp_path / "c", watcher=second, model=LINES[:2], **QUICK).close()
    before = finish_times(tmp_path / "c")
    with samplerbench.run(out=tmp_path / "c", watcher=third, model=LINES[:2], **QUICK) as found:
        assert [row["model"] for row in found.rows()] == LINES[:2]
    assert (first.run, second.run, third.run) == (LINES[:1], LINES[1:2], [])
    assert (second.waiting, third.waiting) == (LINES[1:2], [])
    assert finish_times(tmp_path / "c") == before


def test_retry_runs_what_did_not_end_ok_and_nothing_else(tmp_path):
    file, flag = tmp_path / "model.py", tmp_path / "fail"
    file.write_text(FAILS_WHILE_TOLD)
    flag.touch()
    plan = {"out": tmp_path / "c", "model": ["linear", f"{file}:program"], **QUICK}
    with samplerbench.run(**plan) as found:
        assert [(r["status"], r["reason"]) for r in found.rows()] == [
            ("ok", ""),
            ("failed", "RuntimeError: as told"),
        ]
    flag.unlink()
    plain, again = Notes(), Notes()
    samplerbench.run(watcher=plain, **plan).close()
    assert plain.run == []  # a trial that failed is finished
    with samplerbench.run(watcher=again, retry=True, **plan) as found:
        assert [row["status"] for row in found.rows()] == ["ok", "ok"]
    assert again.run == [f"{file}:program"]


def test_a_changed_file_is_another_model(tmp_path):
    file, notes = tmp_path / "model.py", Notes()
    file.write_text("from samplerbench.models.base import build\nprogram = build('linear', {})\n")
    plan = {"out": tmp_path / "c", "model": f"{file}:program", **QUICK}
    samplerbench.run(**plan).close()
    file.write_text(
        "from samplerbench.models.base import build\nprogram = build('linear', {'n_points': 4})\n"
    )
    with samplerbench.run(watcher=notes, **plan) as found:
        assert len(set(digests(found).values())) == 2
    assert notes.run == [f"{file}:program"]


def test_a_folder_is_free_once_its_run_is_over(tmp_path):
    first = samplerbench.run(out=tmp_path / "c", model=LINES[0], **QUICK)
    second = samplerbench.run(out=tmp_path / "c", model=LINES[0], **QUICK)  # first still open
    assert comparable(first) == comparable(second)
    first.close()
    second.close()


def test_two_runs_at_once_do_not_share_a_folder(tmp_path):
    refused = []

    class Tries(Watcher):
        def planned(self, campaign, waiting):
            with pytest.raises(StoreError, match="another run is writing") as error:
                samplerbench.run(out=tmp_path / "c", model=LINES[1], **QUICK)
            refused.append(error)

    samplerbench.run(out=tmp_path / "c", watcher=Tries(), model=LINES[0], **QUICK).close()
    assert refused


def test_it_runs_outside_the_main_thread(tmp_path):
    found = []

    def run():
        found.append(samplerbench.run(out=tmp_path / "c", model=LINES[0], **QUICK))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert [row["status"] for row in found[0].rows()] == ["ok"]
    found[0].close()


# -- bad models ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def misbehaving(tmp_path_factory):
    """Rows by model's name: models that can't be sampled, and two that can."""
    folder = tmp_path_factory.mktemp("misbehaving")
    (folder / "model.py").write_text(MISBEHAVING)
    (folder / "fails.py").write_text(FAILS_WHILE_TOLD.replace("program", "fails"))
    (folder / "fail").touch()
    names = [f"{folder / 'model.py'}:{n}" for n in ("nan", "discrete")]
    plan = {**QUICK, "out": folder / "c"}
    samplerbench.run(**{**plan, "sampler": "numpyro_nuts", "model": names, "jobs": 2}).close()
    improper = f"{folder / 'model.py'}:improper"
    samplerbench.run(**{**plan, "sampler": "jaxns_nested", "model": improper}).close()
    with samplerbench.run(**plan, model=["linear", f"{folder / 'fails.py'}:fails"]) as found:
        yield {row["model"].rpartition(":")[2]: row for row in found.rows()}


@pytest.mark.parametrize(
    ("model", "status", "reason"),
    [
        ("nan", "failed", "ValueError: "),
        ("discrete", "declined", "site 'k' of 'discrete' is discrete"),
        ("improper", "declined", "the prior of 'x' is improper"),
        ("fails", "failed", "RuntimeError: as told"),
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


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("program", "declined", "model 'program' has no exact answer to draw from"),
        ("partial", "declined", "model 'partial' has no exact answer to draw from"),
        ("gives_model", "ok", ""),
        ("whole", "ok", ""),
        ("number", "failed", "UsageError: 'number' in "),
    ],
)
def test_a_file_holds_programs_models_or_functions_that_give_one(tmp_path, name, status, reason):
    result = trials.run(trials.of_model(tmp_path, FILE_OF_MODELS, name), tmp_path / "scratch")
    assert result.status == status
    assert result.reason.startswith(reason)


# -- from Python -----------------------------------------------------------------------------------


def test_the_table_is_a_data_frame_with_every_column(undisturbed):
    table = undisturbed.table()
    assert list(table.columns) == [column.name for column in COLUMNS]
    assert list(table["model"]) == LINES
    assert set(table["status"]) == {"ok"}
    assert table["ess"].gt(0).all()


def test_a_campaign_reads_the_same_when_loaded(undisturbed):
    with samplerbench.load(undisturbed.folder) as loaded:
        assert loaded.rows() == undisturbed.rows()


def test_options_are_checked_before_anything_is_written(tmp_path):
    for options, told in (
        ({"sampler": "exact_id"}, "did you mean 'exact_iid'"),
        ({"models": "lineal"}, "did you mean 'linear'"),
        ({"samplers": ["exact_iid"], "drawz": 3}, "did you mean 'draws'"),
        ({"draws": "many"}, "expected: a whole number"),
        ({"draws": 0}, "expected: a whole number from 1 on"),
        ({"sampler": []}, "no sampler is named"),
        ({"precision": 16}, "no precision is called '16'"),
    ):
        with pytest.raises(UsageError) as refused:
            samplerbench.run(out=tmp_path / "c", **options)
        assert told in str(refused.value)
    assert not (tmp_path / "c").exists()


def test_draws_are_inference_data(tmp_path):
    plan = {**QUICK, "chains": 2, "precision": 64, "seed": 5, "model": "linear"}
    with samplerbench.run(out=tmp_path / "c", **plan) as found:
        second = found.draws("exact_iid", replicate=1)
        assert dict(second.posterior.sizes) == {"chain": 2, "draw": 40}
        assert set(second.posterior.data_vars) == {"m", "c"}
        assert second.attrs["sampler"] == "exact_iid"
        assert (second.attrs["replicate"], second.attrs["seed"]) == (1, 6)
        plain = found.draws("exact_iid", replicate=1, mode="plain")
        np.testing.assert_array_equal(plain.posterior.m, second.posterior.m)
        assert not np.array_equal(found.draws("exact_iid").posterior.m, second.posterior.m)
        for options, told in (
            ({"replicate": 3}, "expected: 0 to 2"),
            ({"replicate": 2, "mode": "plain"}, "expected: 0 to 1"),
            ({"replicate": -1}, "expected: 0 to 2"),
            ({"mode": "compiled"}, "expected: 'replicates' or 'plain'"),
        ):
            with pytest.raises(ValueError, match=told):
                found.draws("exact_iid", **options)
        with pytest.raises(UsageError, match="did you mean 'exact_iid'"):
            found.draws("exact_id")


def test_draws_of_trials_that_share_a_label_are_told_apart(undisturbed):
    with pytest.raises(ValueError, match="name one with trial="):
        undisturbed.draws("exact_iid")
    trial = undisturbed.store.trials()[1]
    assert undisturbed.draws("exact_iid", trial=trial.id).attrs["model"] == LINES[1]


@pytest.fixture
def weighted(tmp_path):
    """Two replicates of weighted draws, the second shorter, as nested sampling leaves them."""
    store, trial = Store.create(tmp_path / "c"), small(sampler="jaxns_nested", replicates=2)
    store.add_trials([trial])
    rng, runs = np.random.default_rng(1), []
    for size in (5000, 300):
        x = rng.normal(size=(1, size))
        runs.append(Draws({"x": x}, log_weights=x, log_z=0.0, log_z_err=0.1, stats={"log_l": x}))
    scratch = store.scratch(trial.id)
    scratch.mkdir(parents=True)
    draws_file.save(scratch / "draws.npz", {"replicates": runs, "plain": runs})
    store.commit(trial, Result("ok"), scratch, 1.0)
    with Campaign(store) as found:
        yield found, runs


def test_weighted_draws_come_with_their_weights(weighted):
    found, runs = weighted
    for replicate, run in enumerate(runs):
        given = found.draws("jaxns_nested", replicate=replicate)
        np.testing.assert_array_equal(given.posterior.x, run.sites["x"])  # without the padding
        np.testing.assert_array_equal(given.sample_stats.log_weight, run.log_weights)
        assert given.attrs["weights"] == "log_weight in sample_stats"


def test_weighted_draws_are_resampled_only_on_request_and_labelled(weighted):
    found, runs = weighted
    given = found.draws("jaxns_nested", resample=4000)
    assert dict(given.posterior.sizes) == {"chain": 1, "draw": 4000}
    assert given.attrs["weights"].startswith("4000 draws resampled with replacement")
    assert "sample_stats" not in given.groups()
    assert np.isin(given.posterior.x, runs[0].sites["x"]).all()
    # normal draws with weight exp(x) stand for a normal of mean 1 and sd 1: Kish's ESS of 5000
    # is 5000 / e, so the resampled mean has standard error sqrt(e / 5000 + 1 / 4000) = 0.028
    assert float(given.posterior.x.mean()) == pytest.approx(1.0, abs=5 * 0.028)
    again = found.draws("jaxns_nested", resample=4000)
    np.testing.assert_array_equal(given.posterior.x, again.posterior.x)


def test_a_trial_without_draws_says_so(tmp_path):
    file = tmp_path / "model.py"
    file.write_text(FAILS_WHILE_TOLD)
    (tmp_path / "fail").touch()
    with samplerbench.run(out=tmp_path / "c", model=f"{file}:program", **QUICK) as found:
        with pytest.raises(ValueError, match="'exact_iid' has no draws: its status is not ok"):
            found.draws("exact_iid")
