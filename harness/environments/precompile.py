"""Compiling a fresh installation's Python files once, before any clock runs.

uv installs without compiling; the first import of the libraries would then take 5 s longer than
every later one, and ``import_s`` of whichever trial came first would hold it.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable

from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.launcher import INHERITED
from samplerbench.harness.records import Trial
from samplerbench.samplers.base import samplers

#: what a page is made with, by the process that runs the campaign
FOR_PAGES = ("chainconsumer", "matplotlib.backends.backend_svg", "jinja2", "rich.table")


def compile_once(place: Environment, trials: Iterable[Trial]) -> None:
    """Import what ``trials`` and pages need, each in a process of its own, if it never was.

    Only for the running interpreter: environments that ``harness.environments.environments`` makes
    are compiled when made. An import that fails is left for the workers to tell.
    """
    if place.python != sys.executable:
        return
    needs = [name for trial in trials for name in samplers.get(trial.sampler).needs]
    groups = [list(dict.fromkeys(needs)), list(FOR_PAGES)]
    fresh = [
        group for group in groups if any("." not in name and _uncompiled(name) for name in group)
    ]
    under_way = [_importing(place.python, group) for group in fresh]
    for process in under_way:
        process.communicate()


def _importing(python: str, modules: Iterable[str]) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return subprocess.Popen(
        [python, "-c", "\n".join(f"import {name}" for name in modules)],
        env={**kept, "JAX_PLATFORMS": "cpu", "MPLBACKEND": "Agg"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=os.path.dirname(python),  # not where a user's own files could be imported
    )


def _uncompiled(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return False
    return not os.path.exists(importlib.util.cache_from_source(spec.origin))
