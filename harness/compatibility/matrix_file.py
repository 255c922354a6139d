"""A matrix file: which stacks are to be tried, and by which rules their other versions follow.

TOML. Each table ``[[stacks]]`` gives versions by distribution name; lists make their product, in
the order of the file. Each ``[[rules]]`` adds requirements to the stacks that meet its ``when``; a
file without any has those of the shipped matrix, ``rules = []`` has none. ``python`` is the minor
version that environments are made with; a table ``[[stacks]]`` may name another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.campaign.toml_file import read_toml
from samplerbench.harness.compatibility import tried_samplers
from samplerbench.harness.compatibility.resolve import slug
from samplerbench.harness.compatibility.stack_tables import (
    Stack,
    read_count,
    read_python,
    read_rule,
    read_stacks,
)
from samplerbench.samplers.base import samplers

SHIPPED_FILE = Path(__file__).parent / "matrix.toml"
KEYS = ("python", "reference", "budget", "rules", "stacks")
BUDGET_KEYS = ("warmup", "draws", "replicates")


@dataclass(frozen=True)
class Budget:
    """How long each sampler runs on a stack."""

    warmup: int = 200
    draws: int = 500
    replicates: Mapping[str, int] | None = None  # by sampler; these samplers are run


@dataclass(frozen=True)
class Matrix:
    """What a matrix file says."""

    stacks: tuple[Stack, ...]
    budget: Budget
    reference: str  # name of the stack that seconds are compared with, or ""


def read(path: Path) -> Matrix:
    """The matrix in the file ``path``; raises UsageError for what does not fit."""
    content = _parse(path)
    for key in content.keys() - set(KEYS):
        raise unknown_name(f"key in {path}", key, KEYS)
    stacks = _read_all_stacks(content, path)
    reference = str(content.get("reference", ""))
    if reference and reference not in stacks:
        raise unknown_name(f"stack (for reference) in {path}", reference, stacks)
    budget = _read_budget(content.get("budget", {}), str(path))
    return Matrix(tuple(stacks.values()), budget, reference)


def _read_all_stacks(content: Mapping[str, Any], path: Path) -> dict[str, Stack]:
    """By name; raises UsageError for a name of two stacks, and where there are none."""
    source = path if "rules" in content else SHIPPED_FILE
    tables = enumerate(_tables(content if source == path else _parse(source), "rules"), 1)
    rules = [read_rule(table, f"rule {i} of {source}") for i, table in tables]
    python = read_python(content.get("python", ""), str(path))
    stacks: dict[str, Stack] = {}
    for i, table in enumerate(_tables(content, "stacks"), 1):
        for stack in read_stacks(table, rules, python, f"[[stacks]] {i} of {path}"):
            if stacks.setdefault(stack.name, stack) != stack:
                raise UsageError(
                    f"two different stacks of {path} are called {stack.name!r}\n"
                    "  expected: one name a stack; give one of them a name = of its own"
                )
            other = next(name for name in stacks if slug(name) == slug(stack.name))
            if other != stack.name:
                raise UsageError(
                    f"the stacks {other!r} and {stack.name!r} of {path} would be written to files "
                    f"called {slug(other)!r}\n  expected: names that differ in letters or digits"
                )
    if not stacks:
        raise UsageError(f"{path} names no stacks\n  expected: tables [[stacks]] with versions")
    return stacks


def _parse(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except OSError as error:
        raise UsageError(
            f"can't read the matrix file {str(path)!r}: {error.strerror or error}\n"
            "  expected: a TOML file with tables [[stacks]]; without one, the shipped matrix"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{str(path)!r} is not TOML: {error}\n  expected: tables [[stacks]] with versions"
        ) from error


def _tables(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    tables = content.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{key} = {tables!r}\n  expected: tables [[{key}]]")
    return tables


def _read_budget(table: Any, where: str) -> Budget:
    _require_table("budget", table, where)
    for key in table.keys() - set(BUDGET_KEYS):
        raise unknown_name(f"key of [budget] in {where}", key, BUDGET_KEYS)
    _require_table("replicates of [budget]", table.get("replicates", {}), where)
    replicates = dict(table.get("replicates", {})) or tried_samplers.default_replicates()
    for name, count in replicates.items():
        samplers.get(name)  # raises for one that is not known
        read_count(f"replicates of {name}", count)
    return Budget(
        warmup=read_count("warmup of [budget]", table.get("warmup", Budget.warmup)),
        draws=read_count("draws of [budget]", table.get("draws", Budget.draws)),
        replicates=replicates,
    )


def _require_table(name: str, value: Any, where: str) -> None:
    """Raise UsageError for what is no table."""
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} = {value!r} in {where}\n  expected: a table, NAME = VALUE a line")
