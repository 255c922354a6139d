"""How stacks are taken through their stages: with which tools, in which folder, for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplerbench.harness import launcher
from samplerbench.harness.compatibility import resolve as resolving
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix_file import Budget, Stack
from samplerbench.harness.environments import environments, root_cause
from samplerbench.harness.environments.environments import Environment
from samplerbench.harness.environments.root_cause import Probed
from samplerbench.harness.records import Result


@dataclass(frozen=True)
class Tools:
    """What the stages are made with; tests give others."""

    resolve: Callable[[Stack, Path, str | None], tuple[str, ...]] = resolving.exact
    install: Callable[..., Environment] = environments.from_pins
    is_there: Callable[..., bool] = environments.is_there
    remove: Callable[[Environment], None] = environments.remove
    probe: Callable[[str, Sequence[str]], Probed] = root_cause.probe
    launch: Callable[..., Result] = launcher.launch


@dataclass(frozen=True)
class Way:
    """How stacks are taken through their stages."""

    folder: Path  # for files on the way
    budget: Budget
    python: str | None = None  # minor version or path; None is the running one
    keep_environments: bool = False
    jobs: int = 1
    tools: Tools = Tools()
    cancelled: Callable[[], bool] = lambda: False
    known: Callable[[str], StackRow | None] = lambda pins_key: None  # a row of the same pins
    turn: Callable[[str], AbstractContextManager[Any]] = nullcontext  # one at a time of a pins_key
