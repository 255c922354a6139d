"""Environments: named, exactly pinned stacks, made once by uv where the machine lacks them.

A worker runs with an environment's interpreter and finds this project by path: the project is
never installed in one. The folder ``stacks/`` holds the shipped pins, and nothing else does.
Making an environment needs POSIX file locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.environments import uv
from samplerbench.harness.environments.pins import read_pins
from samplerbench.harness.environments.uv import EnvironmentFailed

STACKS = Path(__file__).parent
Log = Callable[[str], object]

_IDENTITY = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_platform())"
_INSTALLED = """import importlib.metadata, json
found = importlib.metadata.distributions()
print(json.dumps([(d.metadata["Name"], d.version) for d in found if "Name" in d.metadata]))
"""  # a half-removed distribution has no name


@dataclass(frozen=True)
class Environment:
    """A stack that is there, ready to run workers."""

    name: str  # as asked for: a known name, or the path of a file of pins or of a Python
    python: str  # path of the interpreter
    pins: tuple[str, ...]  # name==version, normalised and sorted; empty for "current"
    digest: str  # 16 hex digits of sha256 over pins, Python's minor version and platform


def names() -> list[str]:
    """The known environments; besides them, any path of a file of pins or of a Python is one."""
    shipped = (path.stem for path in STACKS.glob("*.txt"))
    return [*sorted(shipped, key=lambda stem: (stem != "pinned", stem)), "current"]


def summary(name: str) -> str:
    """What is in the environment ``name``, in one line."""
    if name == "current":
        return "whatever the Python that runs the command has installed"
    pins = dict(pin.split("==") for pin in read_pins(STACKS / f"{name}.txt"))
    shown = ("numpyro", "jax", "jaxns", "numpy")
    return ", ".join(f"{key} {pins[key]}" for key in shown if key in pins)


def known(name: str) -> None:
    """Return where ``resolve(name)`` can be tried, else raise UsageError; makes nothing."""
    _stack(name)


def identify(name: str, *, python: str | None = None) -> Environment:
    """What ``resolve`` would give, without making it: its digest names trials at plan time.

    ``python`` is a version as "3.11" or the path of an interpreter (those of one minor version
    count as the same); None is the running one. Raises UsageError, and EnvironmentFailed where
    no such Python runs.
    """
    if _is_interpreter(name):
        return _of_interpreter(name, python)
    pins, complete = _stack(name)
    running, wanted = identity(None), identity(python)
    if name == "current" and wanted != running:
        raise UsageError(f"environment 'current' is the running Python, {running}, not {python!r}")
    if name == "current":  # no pins: its digest is over whatever is installed at this moment
        here = sorted(f"{key}=={version}" for key, version in _installed(None).items())
        return Environment(name, sys.executable, (), _digest(here, running, complete))
    digest = _digest(pins, wanted, complete)
    if name == "pinned" and wanted == running and not _unmet(pins, _installed(None)):
        return Environment(name, sys.executable, pins, digest)
    return Environment(name, str(_cache() / digest / "bin" / "python"), pins, digest)


def resolve(name: str, *, python: str | None = None, log: Log | None = None) -> Environment:
    """The environment ``name``, made and cached if it is not there.

    ``log`` gets a line before and after making; None writes to stderr. Raises what ``identify``
    raises, and EnvironmentFailed where it can't be made.
    """
    environment = identify(name, python=python)
    if environment.python != str(_folder(environment) / "bin" / "python"):
        return environment  # the running interpreter is it
    _made(environment, _How(_stack(name)[1], python or sys.executable, True), log)
    return environment


def from_pins(
    name: str,
    pins: Iterable[str],
    *,
    python: str | None = None,
    log: Log | None = None,
    bytecode: bool = True,
) -> Environment:
    """The environment of these ``pins`` and nothing else, made and cached if it is not there.

    Without ``bytecode`` it is made in a second or two, and whatever is imported first there takes
    seconds longer. Raises EnvironmentFailed where it can't be made.
    """
    pins = tuple(sorted(pins))
    digest = _digest(pins, identity(python), True)
    environment = Environment(name, str(_cache() / digest / "bin" / "python"), pins, digest)
    _made(environment, _How(True, python or sys.executable, bytecode), log)
    return environment


def is_there(pins: Iterable[str], python: str | None = None) -> bool:
    """Whether ``from_pins`` would find its environment made."""
    digest = _digest(sorted(pins), identity(python), True)
    return (_cache() / digest / "ok.json").is_file()


def remove(environment: Environment) -> None:
    """Delete an environment that was made; the running interpreter's own is left alone."""
    folder = _folder(environment)
    if environment.python == str(folder / "bin" / "python") and folder.is_dir():
        with _locked(folder.with_suffix(".lock"), lambda line: None):
            _remove(folder)


@dataclass(frozen=True)
class _How:
    """How an environment is made."""

    complete: bool  # the pins are all there is: nothing else is to be installed
    base: str  # the Python it is made from
    bytecode: bool  # compile every file now; else the first import there pays for it


def _made(environment: Environment, how: _How, log: Log | None) -> None:
    log = log or functools.partial(print, file=sys.stderr)  # standard output is for results
    try:
        _ensure(environment, _folder(environment), how, log)
    except OSError as error:
        otherwise = "set XDG_CACHE_HOME to a folder that can be written"
        advice = uv.advise(str(error), otherwise)
        raise uv.failed(environment.name, error, advice) from error


def _folder(environment: Environment) -> Path:
    return _cache() / environment.digest


def _cache() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache.absolute() / "samplerbench" / "environments"


def _is_interpreter(name: str) -> bool:
    """Whether the name is the path of a Python, as ``other/bin/python``."""
    path = Path(name).expanduser()
    return os.sep in name and path.is_file() and os.access(path, os.X_OK) and path.suffix != ".txt"


def _of_interpreter(name: str, python: str | None) -> Environment:
    """What a Python of the user's own has installed: its workers need NumPy and the sampler."""
    if python is not None:
        raise UsageError(f"environment {name!r} is a Python of its own, not {python!r}")
    path = str(Path(name).expanduser().absolute())  # not resolved: a link tells which environment
    place = identity(path)
    try:
        here = sorted(f"{key}=={version}" for key, version in _installed(path).items())
    except (subprocess.CalledProcessError, ValueError) as error:
        raise EnvironmentFailed(f"no Python runs at {name!r}: {error}") from error
    return Environment(name, path, (), _digest(here, place, True))


def _stack(name: str) -> tuple[tuple[str, ...], bool]:
    """The pins of ``name``, and whether they are complete: nothing else is to be installed."""
    if name == "current" or _is_interpreter(name):
        return (), True
    if name in names():
        return read_pins(STACKS / f"{name}.txt"), True
    if os.sep in name or name.endswith(".txt"):
        return read_pins(Path(name).expanduser()), False
    error = unknown_name("environment", name, names(), "samplerbench list environments")
    raise UsageError(
        f"{error}\n  or give the path of a file of pins, as ./stack.txt, or of another Python, as"
        " ./other/bin/python"
    )


def identity(python: str | None) -> str:
    """What decides which wheels fit: minor version and platform."""
    if python is None:
        return f"{sys.version_info[0]}.{sys.version_info[1]} {sysconfig.get_platform()}"
    if re.fullmatch(r"\d+\.\d+", python):
        return f"{python} {sysconfig.get_platform()}"
    try:
        return _ask(python, _IDENTITY).strip()
    except (OSError, subprocess.CalledProcessError) as error:
        expected = "expected: a version such as 3.11, or the path of an interpreter"
        raise EnvironmentFailed(f"no Python runs at {python!r}: {error}\n  {expected}") from error


def _digest(pins: Iterable[str], place: str, complete: bool) -> str:
    text = "\n".join([*pins, place, "complete" if complete else "with dependencies"])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _installed(python: str | None) -> dict[str, str]:
    """Normalised name to version of what ``python``, or the running interpreter, finds."""
    found = importlib.metadata.distributions() if python is None else []
    pairs = [(d.metadata["Name"], d.version) for d in found if "Name" in d.metadata]
    if python is not None:
        pairs = json.loads(_ask(python, _INSTALLED))
    return {_normal(name): version for name, version in reversed(pairs)}  # first wins


def _normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it; ``current`` must do without `packaging`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _unmet(pins: Iterable[str], installed: dict[str, str]) -> list[str]:
    from packaging.requirements import Requirement

    wishes = {_normal(wish.name): wish.specifier for wish in map(Requirement, pins)}
    return [
        f"{name} is {installed.get(name, 'missing')}, not {specifier}"
        for name, specifier in wishes.items()
        if name not in installed or not specifier.contains(installed[name], prereleases=True)
    ]


def _ensure(environment: Environment, folder: Path, how: _How, log: Log) -> None:
    """Make ``folder`` under a lock, unless it is there and unchanged."""
    if _ready(environment, folder):  # without the lock: the cache may be shared and read-only
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock"), log) as lock:
        if _ready(environment, folder):  # another command has made it meanwhile
            return
        start = time.monotonic()
        log(f"making environment {environment.name!r}, once, in {folder}")
        try:
            _make(environment, folder, how, lock)
        except BaseException:
            _remove(folder)
            raise
        log(f"environment {environment.name!r} is ready after {time.monotonic() - start:.0f} s")


@contextlib.contextmanager
def _locked(path: Path, log: Log) -> Iterator[int]:
    """One maker at a time. The file stays: removing a lock file lets two in."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log("another command is making the same environment; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _ready(environment: Environment, folder: Path) -> bool:
    """Whether ``folder`` was finished (the marker comes last) and holds what it held then."""
    try:
        marked = json.loads((folder / "ok.json").read_text("utf-8"))
        return _installed(environment.python) == marked["installed"]
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError):
        return False  # half-made, or its base interpreter is gone: rubbish, to be made again


def _make(environment: Environment, folder: Path, how: _How, lock: int) -> None:
    """Build in place, since a virtual environment can't be moved, and mark it as finished."""
    _remove(folder)
    pins, logfile = folder.with_suffix(".txt"), folder.with_suffix(".log")
    pins.write_text("\n".join(environment.pins) + "\n", "utf-8")
    logfile.write_text("", "utf-8")
    # --no-config: else a pyproject.toml around the working directory constrains this stack too.
    venv = ["venv", "--no-config", "--no-project", "--python", how.base, str(folder)]
    install = ["pip", "install", "--no-config", "--python", environment.python, "-r", str(pins)]
    if how.bytecode:
        # Else the first worker there compiles it all: 8 s of import instead of 2.5 s ("latest").
        install.append("--compile-bytecode")
    # Resolving a shipped stack could only add to it; a file of one's own may leave things out.
    as_it_stands = ["--no-deps", "--prerelease=allow"] if how.complete else []
    for command in (venv, install + as_it_stands):
        uv.run(command, environment.name, logfile, lock)
    installed = _installed(environment.python)
    if wrong := _unmet(environment.pins, installed):
        raise uv.failed(environment.name, "; ".join(wrong), f"read {logfile}")
    part = folder / "ok.json.part"
    part.write_text(json.dumps({"pins": environment.pins, "installed": installed}, indent=1))
    part.replace(folder / "ok.json")


def _remove(folder: Path) -> None:
    """The marker goes first, so that what is removed half-way is not used."""
    (folder / "ok.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)  # what stays makes uv refuse the folder


def _ask(python: str, code: str) -> str:
    """What ``code`` prints there. -I and -B: nothing of this project read, nothing written."""
    command = [python, "-I", "-B", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
