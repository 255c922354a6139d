"""Whatever a worker leaves in its folder can be read, bounded and removed."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from samplerbench.harness import scratch_folder, worker_log
from samplerbench.harness.records import Result, to_json
from samplerbench.harness.worker_log import WorkerLog


def break_file(path: Path, how: str) -> None:
    """Put what a model may put at ``path``."""
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "link":
        path.symlink_to("/dev/zero")
    elif how == "bytes":
        path.write_bytes(b"\xff\xfe")
    elif how == "huge":
        with open(path, "wb") as file:
            file.truncate(2**40)  # a file of holes: no disk is filled


KINDS = ("folder", "pipe", "link", "bytes", "huge")


@pytest.mark.parametrize("how", KINDS)
def test_a_phase_that_is_no_words_is_the_start(tmp_path, how):
    break_file(tmp_path / "phase.txt", how)
    assert scratch_folder.read_phase(tmp_path) == "start"


def test_a_phase_is_shown_without_controls_in_one_short_line(tmp_path):
    (tmp_path / "phase.txt").write_text("warm\n\x1b[31m" + "x" * 1000)
    phase = scratch_folder.read_phase(tmp_path)
    assert phase.startswith("warm \\x1b[31mxxx") and len(phase) == scratch_folder.LONGEST_PHASE


@pytest.mark.parametrize("how", KINDS)
def test_an_answer_that_is_no_result_raises_with_why(tmp_path, how):
    break_file(tmp_path / "result.json", how)
    with pytest.raises((OSError, ValueError), match="no file|at most|decode"):
        scratch_folder.read_answer(tmp_path)


def test_an_answer_nested_deep_is_no_result(tmp_path):
    (tmp_path / "result.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="not a result"):
        scratch_folder.read_answer(tmp_path)


def test_reasons_and_warnings_of_an_answer_are_bounded(tmp_path):
    huge = Result("failed", "start " + "x" * 10**6 + " end", warnings=["y" * 10**6])
    (tmp_path / "result.json").write_text(to_json(huge))
    read = scratch_folder.read_answer(tmp_path)
    assert read.reason.startswith("start xx") and read.reason.endswith("xx end")
    assert len(read.reason) < 2100 and len(read.warnings[0]) < 2100


@pytest.mark.parametrize("how", ["folder", "pipe", "link", "bytes"])
def test_a_folder_is_made_anew_whatever_stands_in_its_place(tmp_path, how):
    folder = tmp_path / "scratch" / "trial"
    folder.parent.mkdir()
    break_file(folder, how)
    scratch_folder.make_scratch(folder)
    assert folder.is_dir() and not folder.is_symlink() and not list(folder.iterdir())


def test_a_folder_that_a_link_points_to_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years")
    (tmp_path / "scratch").symlink_to(tmp_path / "mine")
    scratch_folder.make_scratch(tmp_path / "scratch")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years"


def test_what_a_worker_forbade_to_enter_is_removed_too(tmp_path):
    inside = tmp_path / "scratch" / "closed"
    inside.mkdir(parents=True)
    (inside / "file").write_text("")
    inside.chmod(0)
    scratch_folder.make_scratch(tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


# -- the log ---------------------------------------------------------------------------------------


@pytest.fixture
def small_log(tmp_path, monkeypatch):
    for name in ("HEAD", "TAIL", "SLACK"):
        monkeypatch.setattr(worker_log, name, 100)
    (tmp_path / "scratch").mkdir()
    with WorkerLog(tmp_path / "scratch" / "log.txt") as log:
        yield log


def test_a_flood_keeps_its_beginning_and_its_end_and_says_what_is_left_out(small_log):
    with open(small_log.path, "ab") as writer:  # another process, as far as the file can tell
        for i in range(1000):
            writer.write(b"line %3d\n" % i)
            writer.flush()
            small_log.cut_flood()
            assert small_log.path.stat().st_size < 400  # with the note and a line
    small_log.finish()
    text = small_log.path.read_text()
    assert text.startswith("line   0\nline   1\n")
    assert text.endswith("line 998\nline 999\n")
    assert "\n[samplerbench: 8800 bytes of output left out here]\n" in text
    assert small_log.last_line() == "line 999"


def test_a_log_within_its_bound_is_whole(small_log):
    small_log.file.write(b"x" * 200)
    small_log.file.flush()
    small_log.finish()
    assert small_log.path.read_bytes() == b"x" * 200


@pytest.mark.parametrize("how", ["gone", "gone with its folder", *KINDS])
def test_a_log_that_was_taken_away_is_put_back(small_log, how):
    small_log.file.write(b"what was printed\n")
    small_log.file.flush()
    small_log.path.unlink()
    if how == "gone with its folder":
        small_log.path.parent.rmdir()
    break_file(small_log.path, how)
    small_log.finish()
    assert small_log.path.read_text() == "what was printed\n"


def test_a_file_that_holds_no_arrays_is_no_file_of_draws(tmp_path):
    path = tmp_path / scratch_folder.DRAWS
    for content in (b"", b"PK", b"x" * 1000):
        path.write_bytes(content)
        assert not scratch_folder.holds_draws(tmp_path)
    np.savez(path, m=np.zeros(3))
    assert scratch_folder.holds_draws(tmp_path)


def test_a_whole_number_beyond_64_bits_is_a_float_which_every_table_can_show(tmp_path):
    record = '{"status": "failed", "timings": {"cold_s": %s, "warm_s": 123456789012345678}}'
    (tmp_path / "result.json").write_text(record % ("9" * 400))
    found = scratch_folder.read_answer(tmp_path).timings
    assert found == {"cold_s": math.inf, "warm_s": 123456789012345678}


PLACES = {
    "file": lambda path: path.write_text("x"),
    "link to nothing": lambda path: path.symlink_to("nowhere/x"),
    "loop": lambda path: path.symlink_to(path),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("how", PLACES)
def test_what_stands_in_the_place_of_a_folder_gives_way_to_it(tmp_path, how):
    PLACES[how](tmp_path / "draws")
    scratch_folder.require_folder(tmp_path / "draws")
    assert (tmp_path / "draws").is_dir()
    PLACES[how](tmp_path / "scratch")
    scratch_folder.make_scratch(tmp_path / "scratch" / "one")
    assert (tmp_path / "scratch" / "one").is_dir()


def test_a_folder_in_the_place_of_a_file_gives_way_to_it(tmp_path):
    (tmp_path / "target" / "x").mkdir(parents=True)
    (tmp_path / "file").write_text("whole")
    scratch_folder.put_in_place(tmp_path / "file", tmp_path / "target")
    assert (tmp_path / "target").read_text() == "whole"
