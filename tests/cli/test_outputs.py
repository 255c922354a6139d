"""No file is written over what a campaign is made of, or over what the command reads."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from samplerbench.cli import common, main, outputs
from samplerbench.errors import UsageError
from tests.support import stored


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs") / "made"
    stored.campaign(folder).close()
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A folder with a campaign, a link to it, and files that commands read; the current one."""
    shutil.copytree(made, tmp_path / "c")
    (tmp_path / "link").symlink_to("c")
    for name in ("mine.csv", "b.json", "pins.txt", "mine.py"):
        (tmp_path / name).write_text(f"this is {name}\n")
    (tmp_path / "also.json").symlink_to("b.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digest_files(folder) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite-shm"]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


OF_THE_CAMPAIGN = [
    "report c --format csv -o c/campaign.sqlite",
    "report c --format csv -o link/campaign.sqlite-wal",
    "report c --format markdown -o c/campaign.lock",
    "compare c --format csv -o link/draws/table.csv",
    "history c --format json -o c/logs/deep/history",
    "run --gate honest --junit c/campaign.sqlite",
    "judge mine.csv --gate honest --summary link/campaign.sqlite",
]
READ = [
    "report --pytest-benchmark b.json -o b.json",
    "history b.json c --format json -o ./b.json",
    "history b.json c --format json -o also.json",
    "compare c --gate b.json --junit b.json",
    "judge mine.csv --gate honest --summary mine.csv",
    "run --model mine.py:f --data mine.csv --gate honest --junit mine.csv",
    "run --model mine.py:f --gate honest --summary mine.py",
    "bisect pins.txt latest --what time --format markdown -o pins.txt",
    "run --gate honest --junit new.xml --summary ./new.xml",
]


@pytest.mark.parametrize("command", OF_THE_CAMPAIGN + READ)
def test_a_file_that_would_be_lost_is_refused_and_left_as_it_is(command, here, capsys):
    before = digest_files(here)
    assert main.main(command.split()) == common.EXIT_USAGE
    told = capsys.readouterr().err
    whole = "which would be lost" if command in OF_THE_CAMPAIGN else "would take the place of"
    flag = next((flag for flag in ("--junit", "--summary") if flag in command), "--output")
    name = command.split()[-3 if "new.xml" in command else -1]
    assert f"samplerbench: {flag} '{name.removeprefix('./')}' " in told and whole in told
    assert digest_files(here) == before


@pytest.mark.parametrize(
    "command",
    [
        "report c --format csv -o c/table.csv",
        "report c --format csv -o c/report.html",
        "report c --columns sampler,verdict -o sampler",
        "compare c --format markdown -o link/new.md",
        "history c b --format json -o c.json",
    ],
)
def test_other_files_are_written_also_over_older_ones(command, here, capsys):
    shutil.copytree(here / "c", here / "b")
    for _ in range(2):
        assert main.main(command.split()) == common.EXIT_OK, capsys.readouterr().err
    assert (here / command.split()[-1]).stat().st_size > 100


def test_another_name_of_a_file_that_is_read_is_refused(tmp_path):
    read, also, new = (tmp_path / name for name in ("old.json", "also.json", "new.json"))
    read.write_text("{}")
    os.link(read, also)
    outputs.refuse_overwriting(argparse.Namespace(old=str(read), output=new, junit=None))
    with pytest.raises(
        UsageError, match="--junit .*also.json' would take the place of .*old.json'"
    ):
        outputs.refuse_overwriting(argparse.Namespace(old=str(read), output=new, junit=also))


def test_names_that_no_file_can_have_are_no_files():
    words = ["a" * 5000, "null\0", "linear:n_points=3", ""]
    outputs.refuse_overwriting(
        argparse.Namespace(output=Path("new"), model=words, data="", junit=None)
    )
