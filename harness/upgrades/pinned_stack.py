"""A stack by its exact versions, and what another stack has in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from samplerbench import files
from samplerbench.errors import UsageError
from samplerbench.harness.environments import environments
from samplerbench.harness.environments.pins import SAME_FILES, split_pins
from samplerbench.samplers.base import samplers

PYTHON = "python"


@dataclass(frozen=True)
class PinnedStack:
    """Exact versions, and the Python that they are for."""

    name: str
    versions: Mapping[str, str]  # distribution -> version
    python: str  # minor version, as "3.12"
    complete: bool = True  # else what the versions depend on is to be added
    #: distribution -> version that it says it has: some refuse a pair before they are tried
    disguise: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """16 hex digits over versions and Python, whatever the stack is called."""
        told = [f"{name} as {version}" for name, version in self.disguise.items()]
        text = "\n".join([self.python, *self.pins, *told])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def pins(self) -> list[str]:
        """``name==version`` each, sorted."""
        return [f"{name}=={self.versions[name]}" for name in sorted(self.versions)]

    def write(self, path: Path) -> Path:
        """Write a file of pins that ``--env`` takes, complete."""
        head = [f"# {self.name}", f"# python: {self.python}", "# complete: yes"]
        files.write_whole(path, "\n".join([*head, *self.pins]) + "\n")
        return path


@dataclass(frozen=True)
class Change:
    """What a newer stack has in place of one version."""

    name: str
    old: str  # version; "" where the older stack has another distribution of the package
    new: str


def read_stack(name: str) -> PinnedStack:
    """The stack of a shipped environment or a file of pins; raises UsageError for another."""
    found = environments.identify(name)
    if not found.pins:
        raise UsageError(
            f"environment {name!r} has no pins\n  expected: a file of pins, or a shipped"
            " environment as `pinned`; of another Python: uv pip freeze --python PATH |"
            " grep == > old.txt"
        )
    python = environments.python_version(name)
    return PinnedStack(name, split_pins(found.pins), python, environments.is_complete(name))


def list_changes(old: PinnedStack, new: PinnedStack, sampler: str = "") -> list[Change]:
    """Packages whose version differs, those that ``sampler`` is made of first; Python among them.

    What only one of the stacks has is no change of its own: it moves with what asks for it.
    """
    shared = [name for name in old.versions if name in new.versions]
    changes = {
        name: Change(name, old.versions[name], new.versions[name])
        for name in shared
        if old.versions[name] != new.versions[name]
    }
    for name, other in (SAME_FILES, SAME_FILES[::-1]):
        if name in new.versions and name not in old.versions and other in old.versions:
            changes[name] = Change(name, "", new.versions[name])
    if old.python != new.python:
        changes[PYTHON] = Change(PYTHON, old.python, new.python)
    first = _list_decisive(changes, sampler)
    return [changes[name] for name in (*first, *sorted(changes.keys() - set(first)))]


def list_unshared(old: PinnedStack, new: PinnedStack) -> list[str]:
    """Distributions that only one of the stacks has."""
    names = old.versions.keys() ^ new.versions.keys()
    return sorted(names.difference(SAME_FILES))


def _list_decisive(names: Mapping[str, Change], sampler: str) -> list[str]:
    own = samplers.get(sampler).distributions if sampler else ()
    others = [name for s in samplers.names() for name in samplers.get(s).distributions]
    order = (*own, "jaxlib", "jax", "numpyro", *others, PYTHON, "numpy", "scipy")
    return [name for name in dict.fromkeys(order) if name in names]


def describe_differences(stack: PinnedStack, base: PinnedStack) -> str:
    """What ``stack`` has that ``base`` has not, as "jax 0.12.0, jaxlib 0.12.0"; "" for nothing."""
    before = {**base.versions, PYTHON: base.python}
    now = {**stack.versions, PYTHON: stack.python}
    parts = [f"{name} {now[name]}" for name in sorted(now) if now[name] != before.get(name)]
    return ", ".join([*parts, *(f"no {name}" for name in sorted(before.keys() - now.keys()))])


def is_newer(one: str, other: str) -> bool:
    """Whether version ``one`` is later than ``other``."""
    return Version(one) > Version(other)


def keep_one_of_same_files(versions: dict[str, str], old: Sequence[str]) -> dict[str, str]:
    """``versions`` without the older stack's, where both distributions of one package are in it."""
    both = all(name in versions for name in SAME_FILES)
    gone = {name for name in SAME_FILES if both and name in old}
    return {name: version for name, version in versions.items() if name not in gone}
