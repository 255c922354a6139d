"""Environments on disk: made by uv under a lock, finished with a marker, and removed.

Making one needs POSIX file locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from samplerbench import files
from samplerbench.harness.environments import interpreters, uv

Log = Callable[[str], object]
MARKER = "ok.json"


@dataclass(frozen=True)
class Recipe:
    """How an environment is made."""

    name: str  # as messages call it
    pins: tuple[str, ...]  # name==version
    complete: bool  # nothing but the pins is to be installed
    python: str | None = None  # minor version or path; None is the running interpreter
    bytecode: bool = True  # compile every file now; else the first import there pays for it
    more: tuple[str, ...] = ()  # requirements beside the pins, which hold; their dependencies come


def path_of(digest: str) -> Path:
    """The folder of the environment with this digest, made or not."""
    return files.find_cache() / "environments" / digest


def python_of(folder: Path) -> str:
    """The path of the interpreter in an environment's folder."""
    return str(folder / "bin" / "python")


def is_finished(folder: Path) -> bool:
    """Whether making it has come to its end; it may have been changed since."""
    return (folder / MARKER).is_file()


def make(folder: Path, recipe: Recipe, log: Log | None = None) -> None:
    """Make the environment in ``folder``, unless it is finished and unchanged.

    ``log`` gets a line before and after making; None writes to stderr, since standard output is
    for results. Raises EnvironmentFailed.
    """
    try:
        _make_once(folder, recipe, log or functools.partial(print, file=sys.stderr))
    except OSError as error:
        advice = uv.advise(str(error), "set XDG_CACHE_HOME to a folder that can be written")
        raise uv.environment_error(recipe.name, error, advice) from error


def remove(folder: Path) -> None:
    """Delete an environment, once nobody makes it."""
    with _lock(folder.with_suffix(".lock"), lambda line: None):
        _delete(folder)


def find_unmet(pins: Iterable[str], installed: dict[str, str]) -> list[str]:
    """Which ``pins`` an interpreter with these distributions does not satisfy, in words."""
    from packaging.requirements import Requirement

    wishes = {interpreters.normalize(r.name): r.specifier for r in map(Requirement, pins)}
    return [
        f"{name} is {installed.get(name, 'missing')}, not {specifier}"
        for name, specifier in wishes.items()
        if name not in installed or not specifier.contains(installed[name], prereleases=True)
    ]


def _make_once(folder: Path, recipe: Recipe, log: Log) -> None:
    """Make ``folder`` under a lock, unless it is there and unchanged."""
    if _is_ready(folder):  # without the lock: the cache may be shared and read-only
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_suffix(".lock"), log) as lock:
        if _is_ready(folder):  # another command has made it meanwhile
            return
        start = time.monotonic()
        log(f"making environment {recipe.name!r}, once, in {folder}")
        try:
            _build(folder, recipe, lock)
        except BaseException:
            _delete(folder)
            raise
        log(f"environment {recipe.name!r} is ready after {time.monotonic() - start:.0f} s")


@contextlib.contextmanager
def _lock(path: Path, log: Log) -> Iterator[int]:
    """One maker at a time. The file stays: removing a lock file lets two in."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log("another command is making the same environment; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _is_ready(folder: Path) -> bool:
    """Whether ``folder`` was finished (the marker comes last) and holds what it held then."""
    try:
        marker = json.loads((folder / MARKER).read_text("utf-8"))
        return interpreters.list_installed(python_of(folder)) == marker["installed"]
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError):
        return False  # half-made, or its base interpreter is gone: rubbish, to be made again


def _build(folder: Path, recipe: Recipe, lock: int) -> None:
    """Build in place, since a virtual environment can't be moved, and mark it as finished."""
    _delete(folder)
    base = interpreters.find(recipe.python, recipe.name)
    pins, logfile = folder.with_suffix(".txt"), folder.with_suffix(".log")
    pins.write_text("\n".join(recipe.pins) + "\n", "utf-8")
    logfile.write_text("", "utf-8")
    # --no-config: else a pyproject.toml around the working directory constrains this stack too.
    venv = ["venv", "--no-config", "--no-project", "--python", base, str(folder)]
    install = ["pip", "install", "--no-config", "--python", python_of(folder), "-r", str(pins)]
    if recipe.bytecode:
        # Else the first worker there compiles it all: 8 s of import instead of 2.5 s ("latest").
        install.append("--compile-bytecode")
    if recipe.complete:
        # Resolving a shipped stack could only add to it; a user's file may leave things out.
        install += ["--no-deps", "--prerelease=allow"]
    commands = [venv, install]
    if recipe.more:  # by themselves, since a shipped stack is installed without dependencies
        limits = folder.with_suffix(".limits.txt")  # constraints take no extras
        limits.write_text(re.sub(r"\[.*?\]", "", pins.read_text("utf-8")), "utf-8")
        beside = ["pip", "install", "--no-config", "--python", python_of(folder)]
        commands.append([*beside, "-c", str(limits), "--compile-bytecode", *recipe.more])
    for command in commands:
        uv.run(command, recipe.name, logfile, lock)
    installed = interpreters.list_installed(python_of(folder))
    if unmet := find_unmet([*recipe.pins, *recipe.more], installed):
        raise uv.environment_error(recipe.name, "; ".join(unmet), uv.Advice(f"read {logfile}"))
    marker = json.dumps({"pins": recipe.pins, "installed": installed}, indent=1)
    files.write_whole(folder / MARKER, marker)


def _delete(folder: Path) -> None:
    """The marker goes first, so that what is removed half-way is not used."""
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)  # what stays makes uv refuse the folder
