"""Claims about interpreters: found as uv does, then among pyenv's, and asked in isolation."""

from __future__ import annotations

import sys
import sysconfig

import pytest

from samplerbench.harness.environments import environments, interpreters
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.launcher import INHERITED_VARIABLES

HERE = interpreters.running_version()


def install_pyenv(folder, monkeypatch, *releases):
    """A pyenv with programs that pass for Pythons; uv finds none."""
    for release in releases:
        program = folder / "versions" / release / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.touch(mode=0o755)
    monkeypatch.setenv("PYENV_ROOT", str(folder))
    monkeypatch.setattr(interpreters, "_ask_uv", lambda version: [])


def test_the_running_interpreter_is_not_looked_for(monkeypatch):
    monkeypatch.setattr(interpreters, "_candidates", lambda version: 1 / 0)
    assert interpreters.find(None, "x") == interpreters.find(HERE, "x") == sys.executable
    assert interpreters.find("some/bin/python", "x") == "some/bin/python"


def test_pyenv_gives_its_newest_release_of_the_version_where_uv_has_none(tmp_path, monkeypatch):
    install_pyenv(tmp_path, monkeypatch, "3.99.2", "3.99.10", "3.98.11", "3.9.18")
    (tmp_path / "versions" / "3.99.11" / "bin").mkdir(parents=True)  # a removed one
    assert interpreters.find("3.99", "x") == str(tmp_path / "versions/3.99.10/bin/python")
    monkeypatch.setattr(interpreters, "_ask_uv", lambda version: ["uv's"])
    assert interpreters.find("3.99", "x") == "uv's"


def test_a_python_that_nobody_has_is_refused_with_what_to_install(tmp_path, monkeypatch):
    install_pyenv(tmp_path, monkeypatch)
    with pytest.raises(EnvironmentFailed, match="'x' could not be made: it needs Python 3.99") as e:
        interpreters.find("3.99", "x")
    assert "\n  next: install it, as: uv python install 3.99" in str(e.value)
    assert e.value.transient  # it says nothing of the pins


def test_without_uv_pyenv_is_still_asked(tmp_path, monkeypatch):
    real = interpreters._ask_uv
    install_pyenv(tmp_path, monkeypatch, "3.99.1")
    monkeypatch.setattr(interpreters, "_ask_uv", real)
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreters.find("3.99", "x") == str(tmp_path / "versions/3.99.1/bin/python")


@pytest.mark.process
def test_uv_finds_the_running_version_and_none_of_one_that_is_not_there():
    (path,) = interpreters._ask_uv(HERE)
    assert interpreters.identify(path) == interpreters.identify(None)
    assert interpreters._ask_uv("3.99") == []


def test_of_several_versions_the_running_one_is_chosen_then_one_that_is_installed(
    tmp_path, monkeypatch
):
    install_pyenv(tmp_path, monkeypatch, "3.98.0")
    assert interpreters.choose_version(()) is None
    assert interpreters.choose_version(("3.99", HERE)) is None
    assert interpreters.choose_version(("3.99", "3.98")) == "3.98"
    assert interpreters.choose_version(("3.99", "3.97")) == "3.99"
    assert interpreters.choose_version(("3.99",)) == "3.99"


def test_a_version_is_identified_without_a_process():
    assert interpreters.identify("3.99") == f"3.99 {sysconfig.get_platform()}"
    assert interpreters.identify(HERE) == interpreters.identify(None)


@pytest.mark.process
def test_an_interpreter_is_asked_with_the_variables_of_a_worker_alone(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SECRET", "x")
    code = "import json, os; print(*os.environ)"
    process = interpreters.ask(sys.executable, "-c", code, MORE="y")
    seen = set(process.stdout.split()) - {"LC_CTYPE"}  # which Python itself sets
    assert seen <= {*INHERITED_VARIABLES, "MORE"} and "MORE" in seen


@pytest.mark.process
def test_what_is_installed_is_the_same_from_inside_and_from_outside():
    inside = interpreters.list_installed(None)
    outside = interpreters.list_installed(sys.executable)
    assert inside["numpy"] == outside["numpy"] and "samplerbench" in inside


def test_a_shipped_environment_names_its_python():
    for name in environments.names()[:-1]:
        assert "Python 3." in environments.summarize(name)
    assert environments.identify("latest").digest != environments.identify("latest-py311").digest
