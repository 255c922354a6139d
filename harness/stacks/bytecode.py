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

from harness.launcher import INHERITED
from harness.records import Trial
from harness.stacks.environments import Environment
from samplers.base import samplers


def compile_once(place: Environment, trials: Iterable[Trial]) -> None:
    """Import what ``trials`` need in a process of its own, where it was never imported before.

    Only for the running interpreter: environments that ``harness.stacks.environments`` makes are
    compiled when made. An import that fails is left for the workers to tell.
    """
    if place.python != sys.executable:
        return
    needs = [name for trial in trials for name in samplers.get(trial.sampler).needs]
    fresh = [name for name in dict.fromkeys(needs) if "." not in name and _uncompiled(name)]
    if not fresh:
        return
    wanted = "\n".join(f"import {name}" for name in dict.fromkeys(needs))
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    subprocess.run(
        [place.python, "-c", wanted],
        env={**kept, "JAX_PLATFORMS": "cpu", "MPLBACKEND": "Agg"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=os.path.dirname(place.python),  # not where a user's own files could be imported
    )


def _uncompiled(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return False
    return not os.path.exists(importlib.util.cache_from_source(spec.origin))
