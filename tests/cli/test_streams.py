"""Streams that can't take what is written never end a command, nor change its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from samplerbench.cli import streams
from samplerbench.cli.streams import ERRORS, LastingStream

RUN = (
    *("run", "--model", "linear:n_points=4", "linear:n_points=5", "--sampler", "exact_iid"),
    *("--replicates", "2", "--draws", "20", "--env", "current", "--blocks", "1", "--out", "c"),
)
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def open_lasting(path: str, encoding: str = "utf-8") -> LastingStream:
    streams.codecs.register_error(ERRORS, streams._replace_characters)
    return LastingStream(open(path, "wb"), encoding, ERRORS)


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a shell does with ``line``, in which ``$S`` is the command."""
    command = f"{sys.executable} -m samplerbench"
    environment = {**os.environ, "S": command, "SAMPLERBENCH_RUN": " ".join(RUN), **variables}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        cwd=folder,
        env=environment,
        text=True,
    )


def test_what_a_full_disk_can_not_take_is_lost_without_an_error():
    stream = open_lasting("/dev/full")
    assert stream.write("x" * 100_000) == 100_000
    stream.flush()
    assert stream.failure.strerror == "No space left on device"
    assert stream.write("more\n") == 5
    stream.close()


def test_a_reader_that_has_left_is_noticed_and_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    stream = LastingStream(open(writing, "wb"), "utf-8")
    assert not streams.is_gone(stream)
    stream.write("one\n")
    stream.flush()
    assert streams.is_gone(stream)
    stream.close()


@pytest.mark.parametrize(
    ("text", "shown"), [("0.1±3.0", "0.1+-3.0"), ("µ", "\\xb5"), ("\udcff", "\\udcff")]
)
def test_a_character_that_a_stream_lacks_is_written_otherwise(tmp_path, text, shown):
    stream = open_lasting(str(tmp_path / "text"), "ascii")
    stream.write(text)
    stream.close()
    assert (tmp_path / "text").read_text() == shown


@pytest.mark.process
def test_a_run_goes_on_to_its_gate_when_the_reader_of_standard_error_leaves(tmp_path):
    """And its table is shown where the terminal knows ASCII only."""
    line = '$S $SAMPLERBENCH_RUN --gate honest 2>&1 >out | head -1; exit "${PIPESTATUS[0]}"'
    done = shell(line, tmp_path, COLUMNS="160", **ASCII)
    assert done.returncode == 1  # of two replicates there is no verdict
    assert "2 trials to run" in done.stdout
    table = (tmp_path / "out").read_text()
    assert "have no result" not in table
    assert "+-" in table and table.isascii()
    assert (tmp_path / "c" / "report.html").is_file()


@pytest.mark.process
@pytest.mark.parametrize(
    ("redirection", "code"),
    [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("2>/dev/full", 0), (">/dev/full", 1)],
)
def test_a_command_with_a_closed_or_full_stream_says_no_traceback(tmp_path, redirection, code):
    done = shell(f"$S list samplers {redirection}", tmp_path)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    if redirection == ">/dev/full":
        assert done.stderr == (
            "samplerbench: standard output is not whole: No space left on device\n"
        )
