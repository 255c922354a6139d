"""What a bisection would do: the packages that it moves, and the stacks to make first."""

from __future__ import annotations

from pathlib import Path

from samplerbench.errors import unknown_name
from samplerbench.harness.environments import environments
from samplerbench.harness.upgrades.pinned_stack import PinnedStack, list_changes, list_unshared


def describe_bisection(
    old: PinnedStack, new: PinnedStack, folder: Path, sampler: str, package: str = ""
) -> list[str]:
    """Lines that say what ``bisect`` would do; nothing is run, made or written.

    ``package`` is the one whose every release is to be tried. Raises UsageError where it is not
    among those that differ.
    """
    changes = {change.name: change for change in list_changes(old, new, sampler)}
    partial = [stack.name for stack in (old, new) if not stack.complete]
    if package and package not in changes and not partial:
        raise unknown_name("package in the difference", package, changes)
    if package:
        words = f"every release of {package} in between, in order"
    else:
        words = "each of these alone, in this order, then the releases of the first that brings all"
    lines = [f"stacks tried: {folder}", f"to try: both ends, then {words}"]
    lines += [
        f"  {c.name} {c.old or '(another distribution)'} to {c.new}" for c in changes.values()
    ]
    if unshared := list_unshared(old, new):
        lines.append(f"only one of the stacks has: {', '.join(unshared)}")
    if partial:
        lines.append(f"uv adds what the pins of {' and '.join(partial)} need, once it begins")
    for stack in (old, new):
        made = environments.is_ready(stack.name)
        lines.append(f"environment {stack.name} {'is made' if made else 'is to be made'}")
    return lines
