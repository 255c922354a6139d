"""Which environments of this machine have what a model's library lacks: asked, not guessed."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.environments import environments, interpreters
from samplerbench.harness.environments.uv import EnvironmentFailed

LONGEST_S = 60.0  # for an import in an environment
#: how Python says that a module of NumPyro or of JAX lacks something
LACKS = (
    re.compile(r"module '(?P<module>(numpyro|jax)(\.\w+)*)' has no attribute '(?P<name>\w+)'"),
    re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>(numpyro|jax)(\.\w+)*)'"),
    re.compile(r"No module named '(?P<module>(numpyro|jax)(\.\w+)*)\.(?P<name>\w+)'"),
)
LIBRARIES = {"numpyro": "NumPyro", "jax": "JAX"}  # what is asked for by these patterns
NEWEST = "latest"  # the environment with the newest NumPyro
_PROBE = "import sys; exec('from {} import {}'.format(*sys.argv[1:]))"  # a submodule, too


def advise_environment(reason: str, asked: str) -> str:
    """What to do where ``reason`` says that environment ``asked`` lacks a part of NumPyro or JAX.

    "" where it says nothing of the kind.
    """
    match = next((found for pattern in LACKS if (found := pattern.search(reason))), None)
    if match is None:
        return ""
    module, name = match["module"], match["name"]
    made = [each for each in environments.names() if each != asked and _find_python(each)]
    having = next((n for n in made if _has_attribute(_find_python(n), module, name)), "")
    lack = f"environment {asked!r} lacks {module}.{name}"
    if having:
        return f"{lack}; environment {having!r} has it: --env {having}"
    if made:
        lack += f", and so do those that are made on this machine: {', '.join(made)}"
    package = LIBRARIES[module.partition(".")[0]]
    if NEWEST in (asked.partition("+")[0], *made):
        return f"{lack}; where an older {package} had it, --env FILE takes a file of pins with that"
    return f"{lack}; a newer {package} may have it, which is a guess: --env {NEWEST}"


def _find_python(name: str) -> str:
    """The interpreter of an environment that is made already, else ""."""
    with contextlib.suppress(UsageError, EnvironmentFailed):
        python = environments.identify(name).python
        return python if Path(python).is_file() else ""
    return ""


def _has_attribute(python: str, module: str, name: str) -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = interpreters.ask(
            python, "-c", _PROBE, module, name, timeout=LONGEST_S, JAX_PLATFORMS="cpu"
        )
        return asked.returncode == 0
    return False
