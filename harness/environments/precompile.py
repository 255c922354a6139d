"""Compiling a fresh installation's Python files once, before any clock runs.

uv and pip may install without compiling; the first import of the libraries would then take 5 s
longer than every later one, and ``import_s`` of whichever trial came first would hold it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from samplerbench.harness.environments import interpreters
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.records import Trial
from samplerbench.samplers.base import samplers

#: what a page is made with, by the process that runs the campaign
FOR_PAGES = ("chainconsumer", "matplotlib.backends.backend_svg", "jinja2", "rich.table")
#: what is missing or fails is left for those who need it to tell
IMPORT = """
import contextlib, importlib, sys
for module in sys.argv[1:]:
    with contextlib.suppress(Exception):
        importlib.import_module(module)
"""


def compile_once(environment: Environment, trials: Iterable[Trial]) -> None:
    """Import what ``trials`` and pages need, each in a process of its own, if it never was.

    Only for the running interpreter: environments that ``harness.environments.cache`` makes are
    compiled when made.
    """
    if environment.python != sys.executable:
        return
    needs = [name for trial in trials for name in samplers.get(trial.sampler).needs]
    groups = [list(dict.fromkeys(needs)), list(FOR_PAGES)]
    fresh = [
        group for group in groups if any("." not in name and _is_uncompiled(name) for name in group)
    ]
    with ThreadPoolExecutor(len(groups)) as executor:
        for group in fresh:
            executor.submit(_import, environment.python, group)


def _import(python: str, modules: Iterable[str]) -> None:
    interpreters.ask(python, "-c", IMPORT, *modules, JAX_PLATFORMS="cpu", MPLBACKEND="Agg")


def _is_uncompiled(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return False
    return not os.path.exists(importlib.util.cache_from_source(spec.origin))
