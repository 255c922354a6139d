"""Environments: named, exactly pinned stacks, made once by uv where the machine lacks them.

``NAME+PACKAGE`` is the environment NAME with a package, or several, beside its pins.

A worker runs with an environment's interpreter and finds this project by path: the project is
never installed in one. The files of pins beside this one are the shipped environments.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.environments import cache, interpreters
from samplerbench.harness.environments.cache import Log, Recipe
from samplerbench.harness.environments.pins import read_pin_file, split_pins
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.samplers.base import list_backends

STACKS = Path(__file__).parent


@dataclass(frozen=True)
class Environment:
    """A stack that is there, ready to run workers."""

    name: str  # as asked for: a known name, or the path of a file of pins or of a Python
    python: str  # path of the interpreter
    pins: tuple[str, ...]  # name==version, normalised and sorted; empty for "current"
    digest: str  # 16 hex digits of sha256 over pins, Python's minor version and platform


def names() -> list[str]:
    """The known environments; besides them, any path of a file of pins or of a Python is one."""
    shipped = sorted(path.stem for path in STACKS.glob("*.txt"))
    return [*sorted(shipped, key=lambda stem: stem != "pinned"), "current"]


def summarize(name: str) -> str:
    """What is in the environment ``name``, in one line."""
    if name == "current":
        return "whatever the Python that runs the command has installed"
    file = read_pin_file(STACKS / f"{name}.txt")
    pins = dict(pin.split("==") for pin in file.pins)
    keys = ("numpyro", "jax", *list_backends(), "numpy")
    shown = [f"{key} {pins[key]}" for key in keys if key in pins]
    python = [f"Python {' or '.join(file.pythons)}"] if file.pythons else []
    return ", ".join([*shown, *python])


def list_packages(name: str) -> list[str]:
    """``name==version`` of what the environment ``name`` pins; of "current" nothing is pinned."""
    return [] if name == "current" else sorted(read_pin_file(STACKS / f"{name}.txt").pins)


def identify(name: str, *, python: str | None = None) -> Environment:
    """What ``resolve`` would give, without making it: its digest names trials at plan time.

    ``python`` is a version as "3.11" or the path of an interpreter (those of one minor version
    count as the same); None is the one that the file of pins names, else the running one. Raises
    UsageError, and EnvironmentFailed where no Python runs at a path.
    """
    path = strip_given_name(name)
    if path == "current":
        return _identify_current(python)
    if _is_interpreter(path):
        return replace(_identify_interpreter(path, python), name=name)
    return replace(_identify_recipe(_read_recipe(path, python)), name=name)


def strip_given_name(name: str) -> str:
    """What ``name`` asks for: PATH of ``new=PATH``, which tables call ``new``."""
    given, _, asked = name.partition("=")
    return name if "+" in given else asked or name  # of pinned+astropy==6 it is a version


def python_version(name: str) -> str:
    """The minor version of the Python of environment ``name``, as "3.11"; makes nothing."""
    name = strip_given_name(name)
    if name == "current":
        return interpreters.running_version()
    own = _is_interpreter(name)
    python = str(_expand(name).absolute()) if own else _read_recipe(name, None).python
    return interpreters.identify(python).partition(" ")[0]


def resolve(name: str, *, python: str | None = None, log: Log | None = None) -> Environment:
    """The environment ``name``, made and cached if it is not there.

    ``log`` gets a line before and after making; None writes to stderr. Raises what ``identify``
    raises, and EnvironmentFailed where it can't be made.
    """
    environment = identify(name, python=python)
    if _is_made_here(environment):  # else an interpreter that is there
        cache.make(cache.path_of(environment.digest), _read_recipe(name, python), log)
    return environment


def _is_made_here(environment: Environment) -> bool:
    """Whether it lies in the cache; asked of others, too, where there is no cache."""
    if not environment.pins:
        return False
    return environment.python == cache.python_of(cache.path_of(environment.digest))


def is_complete(name: str) -> bool:
    """Whether the pins of environment ``name`` are all that is installed there."""
    return _read_recipe(name, None).complete


def is_ready(name: str) -> bool:
    """Whether ``resolve`` would find the environment ``name`` made. Raises what it raises."""
    environment = identify(name)
    if not _is_made_here(environment):
        return True
    return cache.is_finished(cache.path_of(environment.digest))


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
    recipe = Recipe(name, tuple(sorted(pins)), True, python, bytecode)
    environment = _locate(recipe)
    cache.make(cache.path_of(environment.digest), recipe, log)
    return environment


def is_made(pins: Iterable[str], python: str | None = None) -> bool:
    """Whether ``from_pins`` would find its environment made."""
    recipe = Recipe("", tuple(sorted(pins)), True, python)
    return cache.is_finished(cache.path_of(_locate(recipe).digest))


def remove(environment: Environment) -> None:
    """Delete an environment that was made; an interpreter of the user's own is left alone."""
    if _is_made_here(environment):
        folder = cache.path_of(environment.digest)
        if folder.is_dir():
            cache.remove(folder)


def _expand(name: str) -> Path:
    return Path(os.path.expanduser(name))  # stays as it is where there is no home


def add_packages(name: str, packages: Iterable[str]) -> str:
    """The name of environment ``name`` with ``packages`` beside its pins."""
    return "+".join([name, *packages])


def split_own_pins(name: str) -> tuple[Path | None, tuple[str, ...]]:
    """The user's file of pins behind environment ``name``, or None, and the packages beside it."""
    base, more = _split_packages(strip_given_name(name))
    known = base == "current" or base in names() or _is_interpreter(base)
    return None if known else _expand(base), more


def _split_packages(name: str) -> tuple[str, tuple[str, ...]]:
    """A name's environment, and the packages beside its pins, normalised and sorted."""
    if "+" not in name or os.path.exists(_expand(name)):
        return name, ()
    # inside: a stack without pins, `current`, is to work where `packaging` is not installed
    from packaging.requirements import InvalidRequirement, Requirement

    base, *packages = name.split("+")
    try:
        wishes = tuple(sorted({str(Requirement(package)) for package in packages}))
    except InvalidRequirement as error:
        raise UsageError(
            f"{' '.join(map(repr, packages))} names no package: {str(error).splitlines()[0]}\n"
            "  expected: a package as pip names it, as astropy or 'astropy>=6'"
        ) from error
    if base == "current" or _is_interpreter(base):
        raise UsageError(
            f"environment {base!r} is a Python of its own, which nothing is installed in\n"
            f"  install it there, as with: uv pip install {' '.join(wishes)}"
        )
    return base, wishes


def _is_interpreter(name: str) -> bool:
    """Whether the name is the path of a Python, as ``other/bin/python``."""
    path = _expand(name)
    return (
        os.sep in name
        and os.path.isfile(path)
        and os.access(path, os.X_OK)
        and path.suffix != ".txt"
    )


def _identify_current(python: str | None) -> Environment:
    """The running interpreter; no pins: its digest is over what is installed at this moment."""
    running = interpreters.identify(None)
    if interpreters.identify(python) != running:
        raise UsageError(f"environment 'current' is the running Python, {running}, not {python!r}")
    pins = _list_pins(interpreters.list_installed(None))
    return Environment("current", sys.executable, (), _digest(pins, running, True))


def _identify_interpreter(name: str, python: str | None) -> Environment:
    """What a Python of the user's own has installed: its workers need NumPy and the sampler."""
    if python is not None:
        raise UsageError(f"environment {name!r} is a Python of its own, not {python!r}")
    path = str(_expand(name).absolute())  # not resolved: a link tells which environment
    place = interpreters.identify(path)
    pins = _list_pins(_list_installed(name))
    return Environment(name, path, (), _digest(pins, place, True))


def _list_installed(name: str) -> dict[str, str]:
    """Package to version of what the Python at the path ``name`` has. Raises EnvironmentFailed."""
    try:
        return interpreters.list_installed(str(_expand(name).absolute()))
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise EnvironmentFailed(f"no Python runs at {name!r}: {error}") from error


def list_versions(name: str) -> dict[str, str]:
    """Package to version of environment ``name``: what is pinned, or installed at this moment.

    Raises UsageError, and EnvironmentFailed where no Python runs at a path.
    """
    path = strip_given_name(name)
    if path == "current":
        return interpreters.list_installed(None)
    if _is_interpreter(path):
        return _list_installed(path)
    return split_pins(_read_recipe(path, None).pins)


def _list_pins(installed: Mapping[str, str]) -> list[str]:
    return sorted(f"{name}=={version}" for name, version in installed.items())


def _read_recipe(whole: str, python: str | None) -> Recipe:
    """How ``whole`` is made: a shipped stack is complete, and so is a user's file that says so."""
    whole = strip_given_name(whole)
    name, more = _split_packages(whole)
    if name in names():
        path = STACKS / f"{name}.txt"
    elif os.sep in name or name.endswith(".txt"):
        path = _expand(name)
    else:
        error = unknown_name("environment", name, names(), "samplerbench list environments")
        raise UsageError(
            f"{error}\n  or give the path of a file of pins, as ./stack.txt, or of another Python,"
            " as ./other/bin/python"
        )
    file = read_pin_file(path)
    complete = file.complete or name in names()
    python = python or interpreters.choose_version(file.pythons)
    return Recipe(whole, file.pins, complete, python, more=more)


def _identify_recipe(recipe: Recipe) -> Environment:
    """Where it lies when made; a shipped one is the running interpreter where its pins hold."""
    environment = _locate(recipe)
    running = interpreters.identify(None) == interpreters.identify(recipe.python)
    if recipe.complete and running:
        if not cache.find_unmet([*recipe.pins, *recipe.more], interpreters.list_installed(None)):
            return Environment(recipe.name, sys.executable, recipe.pins, environment.digest)
    return environment


def _locate(recipe: Recipe) -> Environment:
    pins = [*recipe.pins, *(f"with {package}" for package in recipe.more)]
    digest = _digest(pins, interpreters.identify(recipe.python), recipe.complete)
    python = cache.python_of(cache.path_of(digest))
    return Environment(recipe.name, python, recipe.pins, digest)


def _digest(pins: Iterable[str], place: str, complete: bool) -> str:
    text = "\n".join([*pins, place, "complete" if complete else "with dependencies"])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
