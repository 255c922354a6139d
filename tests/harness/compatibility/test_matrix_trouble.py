"""A matrix on a machine without uv, with a full disk, or with a few launches a stack."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from samplerbench.cli import common, main
from samplerbench.errors import UsageError
from samplerbench.harness.compatibility import known_stacks, matrix, stages
from samplerbench.harness.compatibility.known_stacks import INSTALLS, RESOLVES
from samplerbench.harness.environments import environments, uv
from samplerbench.harness.environments.environments import EnvironmentFailed
from samplerbench.harness.records import Result
from tests.harness.compatibility.test_matrix import DONE, TEXT, Fakes, read, run
from tests.support.wheels import write_wheel

FULL = "error: Failed to write to `x`\n  Caused by: No space left on device (os error 28)"


# -- no uv -----------------------------------------------------------------------------------------


@pytest.fixture
def without_uv(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_uv_a_matrix_is_refused_before_anything_is_run(tmp_path, capsys, without_uv):
    read(tmp_path)
    arguments = ["matrix", str(tmp_path / "m.toml"), "--out", str(tmp_path / "out")]
    assert main.main(arguments) == common.EXIT_USAGE
    told = capsys.readouterr().err
    assert (
        "uv, which makes environments, is not installed\n  next: " in told and "install uv" in told
    )
    assert not (tmp_path / "out").exists()
    assert main.main([*arguments, "--stored"]) == common.EXIT_OK  # shows what is known, as ever
    assert "2 of the matrix not run" in capsys.readouterr().out


def test_uv_that_goes_away_says_nothing_of_the_stacks(without_uv):
    with pytest.raises(EnvironmentFailed) as caught:
        uv.find_uv()
    assert caught.value.transient


# -- a full disk -----------------------------------------------------------------------------------


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A uv that makes a virtual environment and then finds the disk full."""
    real = uv.find_uv()
    script = tmp_path / "fake-uv"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *" venv "*|*" compile "*) exec {real} "$@";; esac\n'
        f"cat >&2 <<'END'\n{FULL}\nEND\nexit 2\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(uv, "find_uv", lambda: str(script))


@pytest.mark.process
def test_a_full_disk_is_a_row_with_its_reason_and_nothing_half_made_is_used(
    tmp_path,
    index,
    full,
    monkeypatch,
):
    for name in ("numpyro", "jax", "jaxns"):
        write_wheel(index, name, "1.0")
        write_wheel(index, name, "2.0")
    write_wheel(index, "jaxlib", "2.0")
    write_wheel(index, "jaxlib", "1.0")
    text = TEXT.replace('add = ["numpy<2"]', "add = []")
    tools = replace(stages.Tools(), launch=Fakes().launch)
    file = tmp_path / "out" / "known.json"
    entries = matrix.run(read(tmp_path, text), file, tools=tools)
    assert [entry.row.failed_stage for entry in entries] == [INSTALLS, INSTALLS]
    assert all("No space left on device" in e.row.cause and e.row.passing for e in entries)
    assert not list((tmp_path / "cache").rglob("pyvenv.cfg"))
    assert not any(environments.is_made(entry.row.pins) for entry in entries)
    assert matrix.read_stored(read(tmp_path, text), file)[0].row is None  # to be tried again


def test_a_disk_that_is_full_for_this_project_s_own_files_is_told_too(tmp_path):
    error = OSError(28, "No space left on device")
    rows = [entry.row for entry in run(tmp_path, Fakes(resolve=error))]
    assert [row.failed_stage for row in rows] == [RESOLVES] * 2 and all(row.passing for row in rows)
    assert "No space left on device" in rows[0].cause


@pytest.mark.process
def test_a_row_that_can_t_be_kept_is_shown_and_tried_again(tmp_path, monkeypatch):
    def keep(path, row):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(known_stacks, "keep", keep)
    said = []
    rows = [entry.row for entry in run(tmp_path, Fakes(), say=said.append)]
    assert [row.failed_stage for row in rows] == ["", ""] and all(row.passing for row in rows)
    assert sum("can't keep the next row" in line and "free disk" in line for line in said) == 2


def test_a_folder_that_can_t_be_made_is_refused_before_anything_is_run(tmp_path):
    (tmp_path / "out").touch()
    fakes = Fakes()
    with pytest.raises(UsageError, match="can't keep rows in .*\n.*name another with --out"):
        run(tmp_path, fakes)
    assert not fakes.resolved


# -- several launches ------------------------------------------------------------------------------


@pytest.mark.process
def test_launches_are_counted_in_processes_and_their_cpu_seconds_kept(tmp_path):
    fakes = Fakes(result=replace(DONE, timings={"cold_cpu_s": 4.0}, machine={"load_before": 3.5}))
    (first, _) = run(tmp_path, fakes, TEXT + "launches = 3\n")
    assert fakes.launched[:4] == ["numpyro_nuts"] * 3 + ["jaxns_nested"]
    assert first.row.samplers["numpyro_nuts"]["cold_cpu_runs"] == [4.0, 4.0, 4.0]
    assert "cold_cpu_runs" not in first.row.samplers["jaxns_nested"]
    assert first.row.load == 3.5


@pytest.mark.process
def test_a_launch_that_fails_is_left_out_of_the_seconds(tmp_path):
    fakes, count = Fakes(), []

    def launch(trial, *args, **options):
        count.append(trial.replicates)
        Fakes.launch(fakes, trial, *args, **options)
        ok = replace(DONE, timings={"cold_cpu_s": 4.0})
        return ok if len(count) != 2 else Result("crashed", "x")

    tools = replace(fakes.tools(), launch=launch)
    found = read(tmp_path, TEXT + "launches = 3\n")
    row = matrix.run(found, tmp_path / "out" / "known.json", tools=tools)[0].row
    assert row.samplers["numpyro_nuts"]["cold_cpu_runs"] == [4.0, 4.0]
    assert count[:3] == [16, 1, 1]  # of replicates: the others are for their first calls alone


@pytest.mark.process
def test_a_stack_that_asks_for_launches_is_shown_with_its_old_row_and_run_anew(tmp_path):
    run(tmp_path, Fakes())
    text = TEXT + "launches = 2\n"
    file = tmp_path / "out" / "known.json"
    assert all(entry.row for entry in matrix.read_stored(read(tmp_path, text), file))
    again = Fakes()
    run(tmp_path, again, text)
    assert len(again.launched) == 6
    with pytest.raises(UsageError, match="launches of .* = 0\n  expected: a whole number"):
        read(tmp_path, TEXT + "launches = 0\n")
