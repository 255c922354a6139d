"""The older stack with one package moved, and what has to go along, as uv resolves it.

What is resolved is kept in a file, so that a bisection that goes on later tries the same stacks
although the index has moved on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.version import Version

from samplerbench import files
from samplerbench.harness.environments import interpreters, uv
from samplerbench.harness.environments.pins import read_pins
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.upgrades.pinned_stack import (
    PYTHON,
    PinnedStack,
    is_newer,
    keep_one_of_same_files,
    list_changes,
)

#: jax refuses a jaxlib that is newer than itself; its releases before 0.4.31 tell uv nothing of it
PAIR = ("jax", "jaxlib")
MOST_RELEASES = 200  # of one package between two versions: more are not listed
#: uv with these arguments, in this folder; returns what it printed
Uv = Callable[[list[str], Path], str]


@dataclass(frozen=True)
class ResolutionFailure:
    """Why there is no such stack."""

    cause: str


class StackMover:
    """Moves packages of ``old`` towards ``new``; ``folder`` keeps what came of it.

    Those that ``sampler`` is made of come first.
    """

    def __init__(
        self,
        old: PinnedStack,
        new: PinnedStack,
        folder: Path,
        sampler: str = "",
        call_uv: Uv | None = None,
    ) -> None:
        self.folder, self._call_uv = folder, call_uv or _call_uv
        self._file = folder / "resolved.json"
        self._kept: dict[str, Any] = {}
        if self._file.is_file():
            self._kept = json.loads(self._file.read_text("utf-8"))
        self.left_out: list[str] = []
        self.old, self.new = old, new
        self.old, self.new = self._complete(old), self._complete(new)
        self.changes = {change.name: change for change in list_changes(self.old, self.new, sampler)}
        self.left_out = list(self._remember("left out", self._ask_left_out))

    def move(self, name: str, far: bool = False) -> PinnedStack | ResolutionFailure:
        """``old`` with ``name`` in the version of ``new``; so is what goes along, where it can.

        ``far``: as of ``resolve``.
        """
        if name == PYTHON:
            return replace(self.old, name=f"{PYTHON} {self.new.python}", python=self.new.python)
        moved = self.resolve(name, self.changes[name].new, far=far)
        if isinstance(moved, ResolutionFailure):
            return moved
        along = {other for other in self._list_moved(moved) if other != name}
        if all(moved.versions.get(other) == self.new.versions[other] for other in along):
            return moved
        whole = self.resolve(name, self.changes[name].new, frozenset(along), far)
        return moved if isinstance(whole, ResolutionFailure) else whole

    def resolve(
        self,
        name: str,
        version: str,
        along: frozenset[str] = frozenset(),
        far: bool = False,
    ) -> PinnedStack | ResolutionFailure:
        """``old`` with ``name`` in ``version``, and the least of other changes that it takes.

        Packages that differ between the two stacks may move between their versions in them, first
        those that ``new`` has newer; those in ``along`` to the version in ``new``. ``far``: where
        packages must go down, all that may do so go as far as they can, since a package that says
        nothing of what it is too old for would break beside the others.
        """
        key = " ".join([name, version, *sorted(along), *["far"] * far])
        return self._recall(key, lambda: self._try_all(name, version, along, far))

    def list_releases(self, name: str, after: str, before: str, python: str) -> list[str]:
        """Releases of ``name`` between two versions that ``python`` takes, in their order.

        The oldest first, or the newest where ``before`` is the older of the two.
        """
        if is_newer(after, before):
            return self.list_releases(name, before, after, python)[::-1]
        key = f"releases {name} {after} {before} {python}"
        return list(self._remember(key, lambda: self._ask_releases(name, after, before, python)))

    def _try_all(self, name: str, version: str, along: frozenset[str], far: bool) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for downgrades in (False, True):
            for python in dict.fromkeys((self.old.python, self.new.python)):
                lines = [self._wish(each, name, version, along, downgrades) for each in self._names]
                wishes, near = [*lines, f"{name}=={version}"], downgrades and not far
                answer = self._compile(wishes, python, name, near)
                if "cause" not in answer:
                    return answer
        return answer

    @property
    def _names(self) -> list[str]:
        return list(self.old.versions)

    def _wish(self, each: str, name: str, version: str, along: frozenset[str], down: bool) -> str:
        """What is asked of one package of the older stack."""
        before = self.old.versions[each]
        after = self.new.versions.get(each, before)
        if each == name or before == after:
            return f"{each}=={version if each == name else before}"
        if each in along:
            return f"{each}=={after}"
        if is_newer(before, after):
            both = each in PAIR and name in PAIR and is_newer(before, version)
            most = version if both and not is_newer(after, version) else before
            return f"{each}>={after},<={most}" if down else f"{each}=={before}"
        return f"{each}>={before},<={after}"

    def _compile(
        self, wishes: list[str], python: str, moved: str = "", near: bool = False
    ) -> dict[str, Any]:
        """The versions that uv makes of ``wishes``, or the cause why it makes none.

        The lowest that will do; ``near``: the older stack's where they will do, else the highest.
        """
        folder = self.folder / "uv"
        folder.mkdir(parents=True, exist_ok=True)
        names = ("wishes.in", "added.txt", "never.txt", "pins.txt")
        wanted, added, never, pins = (folder / name for name in names)
        only_new = self.new.versions.keys() - self.old.versions.keys()
        _write(wanted, wishes)
        _write(added, [f"{name}=={self.new.versions[name]}" for name in only_new])
        never.write_text(uv.leave_out(name for name in self.left_out if name != moved), "utf-8")
        _write(pins, self.old.pins if near else [])  # uv prefers what stands there
        command = ["--python", interpreters.find(python, "bisect"), "--override", str(never)]
        command += ["--resolution", "highest" if near else "lowest-direct"]
        command += ["--constraint", str(added)]
        try:
            self._call_uv([*command, str(wanted), "--output-file", str(pins)], folder)
            found = dict(pin.split("==") for pin in read_pins(pins))
        except EnvironmentFailed as error:
            if error.transient:
                raise
            return {"cause": uv.find_cause(error)}
        return {"versions": found, "python": python}

    def _complete(self, stack: PinnedStack) -> PinnedStack:
        """``stack`` with what its versions depend on, as it is installed where it is not complete.

        Raises EnvironmentFailed where they exclude each other.
        """
        if stack.complete:
            return stack
        key = f"complete {stack.digest}"
        answer = self._remember(key, lambda: self._compile(stack.pins, stack.python))
        if "cause" in answer:
            advice = uv.Advice("change one of its pins")
            raise uv.environment_error(stack.name, answer["cause"], advice)
        return replace(stack, versions=answer["versions"], complete=True)

    def _ask_left_out(self) -> list[str]:
        """What the stacks do without though something in them depends on it."""
        names: set[str] = set()
        for stack in (self.old, self.new):
            answer = self._compile(stack.pins, stack.python)
            names |= answer.get("versions", {}).keys() - stack.versions.keys()
        return sorted(names - self.old.versions.keys())

    def _ask_releases(self, name: str, after: str, before: str, python: str) -> list[str]:
        """Asked one by one, the newest first: uv has no command that lists them."""
        folder, found = self.folder / "uv", list[str]()
        folder.mkdir(parents=True, exist_ok=True)
        wanted, pins = folder / "release.in", folder / "release.txt"
        is_pre = Version(after).is_prerelease or Version(before).is_prerelease
        allow = ["--prerelease", "allow"] if is_pre else []
        while len(found) < MOST_RELEASES:
            _write(wanted, [f"{name}>{after},<{found[-1] if found else before}"])
            pins.unlink(missing_ok=True)
            command = ["--no-deps", *allow, "--python", interpreters.find(python, "bisect")]
            try:
                self._call_uv([*command, str(wanted), "--output-file", str(pins)], folder)
            except EnvironmentFailed as error:
                if error.transient:
                    raise
                break
            found.append(read_pins(pins)[0].split("==")[1])
        return found[::-1]

    def _list_moved(self, stack: PinnedStack) -> list[str]:
        """Packages of both ends that are not in the older one's version."""
        both = self.old.versions.keys() & self.new.versions.keys()
        return [each for each in both if stack.versions.get(each) != self.old.versions[each]]

    def _recall(
        self, key: str, make: Callable[[], dict[str, Any]]
    ) -> PinnedStack | ResolutionFailure:
        answer = self._remember(key, make)
        if "cause" in answer:
            return ResolutionFailure(answer["cause"])
        versions = keep_one_of_same_files(answer["versions"], self._names)
        return PinnedStack(" ".join(key.split()[:2]), versions, answer["python"])

    def _remember(self, key: str, make: Callable[[], Any]) -> Any:
        """What was kept under ``key``, made and kept where it is not there."""
        if key not in self._kept:
            self._kept[key] = make()
            files.write_whole(self._file, json.dumps(self._kept, indent=1))
        return self._kept[key]


def swap_versions(stack: PinnedStack, versions: Mapping[str, str]) -> PinnedStack:
    """``stack`` with these versions in place of its own, whatever depends on what."""
    name = ", ".join(f"{name} {version}" for name, version in versions.items())
    return PinnedStack(name, {**stack.versions, **versions}, stack.python)


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)), "utf-8")


def _call_uv(arguments: list[str], folder: Path) -> str:
    return uv.compile_pins(arguments, "bisect", folder / "uv.log")
