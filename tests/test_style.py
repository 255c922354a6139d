"""The house rules that a program can check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TEXT = (".py", ".md", ".toml", ".txt", ".jinja", ".css", ".js", ".json", ".yml", "")


def ours() -> list[Path]:
    folders = ("harness", "models", "reports", "requirements", "samplers", "tests", ".ci")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    found += [ROOT / "README.md", ROOT / "pyproject.toml"]
    return [p for p in found if p.is_file() and p.suffix in TEXT and "__pycache__" not in p.parts]


def test_ruff_finds_nothing():
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_records_and_contracts_are_typed():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "/dev/null"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", ours(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_names_a_package_index_or_a_folder_of_one_machine(path):
    text = path.read_text(errors="replace")
    hosts = r"https?://[^\s\"']*(?:/simple\b|/packages/)"
    homes = r"[\"'\s=](?:/work|/root|/home)/\w"
    assert not re.search(f"{hosts}|{homes}", text), path


def test_pins_are_exact_and_stand_once():
    names: dict[str, str] = {}
    for file in (
        "harness/environments/pinned.txt",
        "requirements/coordinator.txt",
        "requirements/dev.txt",
    ):
        for line in (ROOT / file).read_text().splitlines():
            line = line.split("#")[0].strip()
            if line:
                assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", line), f"{file}: {line}"
                name = line.split("==")[0]
                assert name not in names, f"{name} stands in {names.get(name)} and in {file}"
                names[name] = file
    assert len(names) > 60
