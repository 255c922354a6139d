"""What to do about a package that an environment lacks."""

from __future__ import annotations

import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from samplerbench.harness.records import Trial


def advise_install(package: str, environment: str) -> str:
    """How ``package`` gets into ``environment``, or into another one."""
    path = Path(environment.rpartition("=")[2])
    is_interpreter = environment == "current" or (path.is_file() and path.suffix != ".txt")
    if is_interpreter:  # nothing is installed in it
        return (
            f"uv pip install {package} there (by the name that pip knows); or --with "
            f"{package} and an environment that is made, as --env pinned"
        )
    return (
        f"--with {package} installs it beside the pins (by the name that pip knows);"
        " or --env current, or --env path/to/python, where it is installed"
    )


def advise_release(error: Exception) -> str:
    """What to do where a package is there, in a release that lacks what a file takes of it.

    "" for NumPyro: the coordinator asks the environments which one has it (``attribute_search``).
    """
    module = error.name if isinstance(error, ImportError) else ""
    owner = getattr(error, "obj", None) if isinstance(error, AttributeError) else None
    if isinstance(owner, ModuleType):
        module = owner.__name__
    package = (module or "").partition(".")[0]
    if package in ("", "numpyro"):
        return ""
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:  # not there, or a module of the user's
        return ""
    return (
        f"{package} is {version} there, and another release may have it: --env latest, "
        "--env pinned, or a file of pins"
    )


def find_absent(error: BaseException) -> str:
    """The package that ``error`` is about, where it is not there at all; else "".

    A module that a package has no longer is no absence: that is two releases that don't fit.
    """
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    package = (name or "").partition(".")[0]
    is_there = not package or package in sys.modules or find_spec(package) is not None
    return "" if is_there else package


def explain_absence(error: BaseException, trial: Trial, own: str) -> str:
    """What ``error`` lacks and what to do, where a package is not there at all; else "".

    ``own``: the environment that the sampler names, or "".
    """
    package = find_absent(error)
    if not package:
        return ""
    if own and own != trial.environment:
        next_step = f"leave --env out, which takes {own!r}, the sampler's own; or install it there"
    else:
        next_step = advise_install(package, trial.environment)
    return f"environment {trial.environment!r} lacks it; next: {next_step}"
