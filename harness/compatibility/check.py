"""Whether the stack of an interpreter is known to work, and which pins would mend it.

What an import there comes to decides first; known rows of the same versions decide the rest.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from samplerbench.harness.compatibility import known_stacks, tried_samplers
from samplerbench.harness.compatibility.known_stacks import BREAKS, WORKS, StackRow, find_minor
from samplerbench.harness.compatibility.stack_tables import name_parts
from samplerbench.harness.environments import cache, root_cause
from samplerbench.harness.environments.pins import SAME_FILES
from samplerbench.harness.environments.root_cause import Cause, Probe

NOT_KNOWN = "not known"


def core_names() -> list[str]:
    """What a mended stack must have in the row's version; of the rest, any version will do."""
    decisive = [
        name for s in tried_samplers.list_tried() for name in tried_samplers.decisive(s.name)
    ]
    return list(dict.fromkeys([*decisive, "numpy", "scipy", "ml-dtypes"]))


@dataclass(frozen=True)
class Finding:
    """The word on one sampler."""

    sampler: str
    word: str  # works, breaks or not known
    cause: str = ""  # the real one, where it breaks
    said: str = ""  # what the library says instead


@dataclass(frozen=True)
class Report:
    """What is installed, what of it works, and what to do."""

    python: str  # path of the interpreter
    version: str
    versions: dict[str, str]  # of ``core_names``
    findings: tuple[Finding, ...]
    nearest: StackRow | None  # a stack on which every sampler works
    mend: str  # one line for a shell; "" where nothing need change
    find_out: str = ""  # the command that tells what is not known; "" where all is

    @property
    def fine(self) -> bool:
        """Whether every sampler is known to work."""
        return all(finding.word == WORKS for finding in self.findings)


def examine(python: str | None = None, rows: Sequence[StackRow] | None = None) -> Report:
    """The report on the interpreter ``python`` (None: the running one).

    Raises EnvironmentFailed where no Python runs there.
    """
    python = python or sys.executable
    rows = known_stacks.everything() if rows is None else rows
    names = list(tried_samplers.default_replicates())
    probe = root_cause.probe(
        python, [tried_samplers.LIBRARY_GROUP, *tried_samplers.own_modules(names)]
    )
    findings = tuple(_judge_sampler(name, probe, rows) for name in names)
    near = find_nearest(probe.versions, probe.python, rows)
    fine = all(finding.word == WORKS for finding in findings)
    line = ""
    if near and not fine:
        # one that samplerbench has made stays what its pins say
        kept = cache.is_finished(Path(python).absolute().parent.parent)
        can_change = near.minor == find_minor(probe.python) and not kept
        line = mend(python, probe.versions, near) if can_change else ""
        line = line or make_anew(near)  # also where what breaks is none of what a row names
    core = {name: probe.versions[name] for name in core_names() if name in probe.versions}
    unknown = any(finding.word == NOT_KNOWN for finding in findings)
    find_out = f"samplerbench check --run --python {shlex.quote(python)}" if unknown else ""
    return Report(python, probe.python, core, findings, near, line, find_out)


def make_anew(row: StackRow) -> str:
    """One line that makes the stack of ``row`` beside a Python that its pins are not for."""
    minor, pins = row.minor, " ".join(map(shlex.quote, row.pins))
    install = "uv pip install --python stack/bin/python --no-deps"
    return f"uv venv --python {minor} stack && {install} {pins}"


def _judge_sampler(name: str, probe: Probe, rows: Sequence[StackRow]) -> Finding:
    for group in (tried_samplers.LIBRARY_GROUP, tried_samplers.own_module(name)):
        if group in probe.causes:
            return _make_broken(name, probe.causes[group])
    # once everything imports, a row of the same decisive versions speaks
    decisive = tried_samplers.decisive(name)
    same = [row for row in rows if _agree(row.versions(), probe.versions, decisive)]
    minor = find_minor(probe.python)
    whole = [row for row in same if row.versions() == probe.versions and row.minor == minor]
    # the very same stack speaks first, as it was run here: one's own rows come before others
    known = (_read_word(name, some) for some in (whole[:1], same))
    unknown = Finding(name, NOT_KNOWN, "everything imports; nobody has run it on these versions")
    return next(filter(None, known), unknown)


def _read_word(name: str, same: Sequence[StackRow]) -> Finding | None:
    """What rows say of a sampler: one on which it works outweighs others; None for nothing."""
    words = [row.samplers[name] for row in same if row.samplers.get(name, {}).get("word")]
    if any(word["word"] == WORKS for word in words):
        return Finding(name, WORKS)
    broken = [word for word in words if word["word"] == BREAKS and "status" in word]
    if broken:
        return _make_broken(name, Cause(broken[0].get("cause", ""), broken[0].get("file", "")))
    return None


def _make_broken(name: str, cause: Cause) -> Finding:
    return Finding(name, BREAKS, str(cause), cause.message)


def _agree(row: Mapping[str, str], installed: Mapping[str, str], names: Iterable[str]) -> bool:
    return all(row.get(name) == installed.get(name) for name in names)


def find_nearest(
    installed: Mapping[str, str], python: str, rows: Sequence[StackRow]
) -> StackRow | None:
    """The stack that passes and is reached with the least change; None where none is known.

    Fewest of NumPyro, JAX and jaxns changed, then the shortest way in NumPyro's, JAX's, jaxns's
    releases, then the fewest other changes. Stacks of the same Python come first.
    """
    told = {name for row in rows for name in row.samplers}  # a new sampler was tried nowhere
    wanted = told.intersection(tried_samplers.default_replicates())
    passing = [row for row in rows if not row.failed_stage and all(map(row.works, wanted))]
    passing = [row for row in passing if row.chosen]  # what was found as it was is no advice
    minor = find_minor(python)
    return min(passing, key=lambda row: _stack_distance(row, installed, minor), default=None)


def _stack_distance(row: StackRow, installed: Mapping[str, str], minor: str) -> tuple[float, ...]:
    versions = row.versions()
    names = name_parts()
    gaps = [_version_distance(versions.get(name), installed.get(name)) for name in names]
    others = sum(versions.get(n) != installed.get(n) for n in core_names())
    other_python = row.minor != minor
    return (other_python, sum(gap > 0 for gap in gaps), *gaps, others)


def _version_distance(one: str | None, other: str | None) -> float:
    """How far apart two versions are; what is not installed is equally far from all."""
    if one is None or other is None:
        return 0.0 if one == other else 1.0
    try:
        a, b = ((*Version(text).release, 0, 0)[:3] for text in (one, other))
    except InvalidVersion:
        return 1.0  # a build of one's own
    weights = (1000**2, 1000, 1)
    return float(abs(sum(w * (x - y) for w, x, y in zip(weights, a, b, strict=True))))


def mend(python: str, installed: Mapping[str, str], row: StackRow) -> str:
    """One line that turns what is installed into the stack of ``row``.

    Without dependencies: the pins are complete, and jaxns asks for a second copy of
    tensorflow-probability that would lie over the first.
    """
    versions = row.versions()
    core = core_names()
    needed = [name for name in core if name in versions and versions[name] != installed.get(name)]
    needed += sorted(name for name in versions if name not in core and name not in installed)
    pins = " ".join(shlex.quote(f"{name}=={versions[name]}") for name in needed)
    pip = _pip_commands(python, installed)
    gone = [name for name in SAME_FILES if name in installed and name not in versions]
    remove = f"{pip[0]} {' '.join(gone)} && " if gone else ""
    return f"{remove}{pip[1]} --no-deps {pins}" if pins else remove.removesuffix(" && ")


def _pip_commands(python: str, installed: Mapping[str, str]) -> tuple[str, str]:
    """How to remove and how to install there."""
    here = shlex.quote(python)
    if "pip" in installed:
        return f"{here} -m pip uninstall -y", f"{here} -m pip install"
    return f"uv pip uninstall --python {here}", f"uv pip install --python {here}"
