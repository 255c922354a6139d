"""The documentation: it builds without a warning, and its commands are the command line's."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from samplerbench.cli.main import build_parser

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)


def commands(path):
    """The samplerbench commands in a page's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line[:2] == "$ "]
    return [line for line in lines if line.startswith("samplerbench ")]


COMMANDS = [(p.relative_to(DOCS).as_posix(), line) for p in PAGES for line in commands(p)]


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_a_command_of_the_documentation_is_one_of_the_command_line(page, line):
    args = build_parser().parse_args(shlex.split(line, comments=True)[1:])
    assert callable(args.command)


def test_the_documentation_has_commands():
    assert len(COMMANDS) > 15


@pytest.mark.process
def test_the_documentation_builds_without_a_warning_and_asks_no_other_address(tmp_path):
    pytest.importorskip("sphinx")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-d", tmp_path / "trees"]
    done = subprocess.run(
        [*command, DOCS, tmp_path / "html"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "html").rglob("*.html"))
    assert len(pages) > 25
    loaded = re.compile(r'<(?:script|img|iframe|link)[^>]*(?:src|href)="(https?:)?//[^"]*"')
    for page in pages:
        assert not loaded.search(page.read_text(encoding="utf-8")), page


@pytest.mark.process
def test_the_tutorials_model_is_taken_by_the_samplers_that_it_names(tmp_path):
    line = "samplerbench list samplers --model line.py:program --data line.csv --format json"
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line), "--env", "current"],
        capture_output=True,
        text=True,
        cwd=DOCS / "tutorial",
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("numpyro_nuts", "jaxns_nested"))
