"""Compiled programs are kept within bounds, for what no clock times; without them all goes on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from samplerbench.harness import kept_programs, launcher
from tests.support.trials import small

FOLDER, SWITCH = "JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "samplerbench" / "programs"


def test_each_environment_and_machine_has_a_folder_of_its_own(cache, monkeypatch):
    one = kept_programs.find_variables(small())
    assert one[SWITCH] == "true" and Path(one[FOLDER]).parent == cache
    other = kept_programs.find_variables(small(environment_digest="1" * 16))
    monkeypatch.setattr(kept_programs.platform, "machine", lambda: "another")
    elsewhere = kept_programs.find_variables(small())
    assert len({one[FOLDER], other[FOLDER], elsewhere[FOLDER]}) == 3


def test_a_trial_whose_compiling_is_timed_uses_none():
    variables = launcher.environment_variables(small())
    assert variables[SWITCH] == "false" and FOLDER not in variables


def test_what_was_used_least_lately_goes_where_a_folder_grows_too_large(monkeypatch):
    folder = Path(kept_programs.find_variables(small())[FOLDER])
    for age in range(4):
        file = folder / f"program-{age}"
        file.write_bytes(b"x" * 100)
        os.utime(file, (1e9 - age, 1e9 - age))
    monkeypatch.setattr(kept_programs, "MOST_BYTES", 250)
    kept_programs.find_variables(small())
    assert sorted(path.name for path in folder.iterdir()) == ["program-0", "program-1"]


@pytest.mark.parametrize("trouble", ["read-only", "full", "a file"])
def test_a_folder_that_cannot_be_used_is_said_and_does_without(cache, monkeypatch, capsys, trouble):
    if trouble == "read-only":
        monkeypatch.setattr(kept_programs.os, "access", lambda *_: False)
    elif trouble == "full":
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    else:
        cache.parent.mkdir()
        cache.write_text("in the way")
    assert kept_programs.find_variables(small()) == {}
    said = capsys.readouterr().err
    assert said.startswith("samplerbench: no compiled programs are kept in ")
    words = {"read-only": "it can't be written", "full": "the disk is full"}
    assert said.rstrip().endswith(words.get(trouble, "Not a directory"))
