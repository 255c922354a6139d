"""Finds out in about a minute what no known row tells of a stack: runs the samplers on it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from samplerbench.harness.compatibility import known_stacks, stages, tried_samplers
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix_file import Budget
from samplerbench.harness.compatibility.stack_tables import Stack, name_of, name_parts
from samplerbench.harness.compatibility.stages import Config, Tools
from samplerbench.harness.environments import interpreters
from samplerbench.harness.environments.environments import Environment

#: fewer replicates than a matrix has, of the samplers that have many
MOST_REPLICATES = 16


def run_check(environment: Environment, tools: Tools | None = None) -> StackRow:
    """Run every sampler of the matrix on the straight line in ``environment``; keep the row.

    ``tools`` are those of the stages; tests give others.
    """
    python = None if environment.name == "current" else environment.python
    installed = interpreters.list_installed(python)
    pins = tuple(f"{name}=={installed[name]}" for name in sorted(installed))
    chosen = {name: installed[name] for name in name_parts() if name in installed}
    stack = Stack(name_of(chosen) or "no sampler's library", {}, pins, (), python=python)
    with tempfile.TemporaryDirectory(prefix="samplerbench-") as folder:
        config = Config(Path(folder), _make_budget(), tools=_use_as_it_is(environment, pins, tools))
        row = stages.run_stages(stack, config)
    if not row.passing:
        known_stacks.keep(known_stacks.own(), row)
    return row


def _make_budget() -> Budget:
    counts = tried_samplers.default_replicates().items()
    return Budget(replicates={name: min(count, MOST_REPLICATES) for name, count in counts})


def _use_as_it_is(environment: Environment, pins: Sequence[str], tools: Tools | None) -> Tools:
    """Tools that take what is installed: nothing is resolved, made or removed."""
    return replace(
        tools or Tools(),
        resolve=lambda stack, folder: tuple(pins),
        install=lambda *args, **options: environment,
        is_made=lambda *args: True,
        remove=lambda environment: None,
    )
