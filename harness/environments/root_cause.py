"""Root causes: the exception below all others, from an interpreter's probe or a worker's log."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samplerbench.harness.descendants import name_signal
from samplerbench.harness.environments import interpreters
from samplerbench.harness.environments.import_probe import IN_PACKAGES, LOOKUPS, NOISE
from samplerbench.harness.environments.uv import EnvironmentFailed

PROBE = Path(__file__).with_name("import_probe.py")
_BELOW = "The above exception was the direct cause|During handling of the above exception"


@dataclass(frozen=True)
class Cause:
    """Why something failed."""

    cause: str  # type and message of the innermost exception
    file: str = ""  # where it was raised, from the folder of packages on, with its line
    message: str = ""  # what the library makes of it, where that is something else

    def __str__(self) -> str:
        return self.cause + (f" ({self.file})" if self.file else "")

    def as_row(self) -> dict[str, str]:
        """What is not empty, as the row of a stack keeps it."""
        row = {"cause": self.cause, "file": self.file, "said": self.message}
        return {name: text for name, text in row.items() if text}


@dataclass(frozen=True)
class Probe:
    """What an interpreter says of itself."""

    python: str  # its version
    versions: dict[str, str]  # distribution -> version
    seconds: dict[str, float] = field(default_factory=dict)  # by group that was tried
    causes: dict[str, Cause] = field(default_factory=dict)  # by group that failed
    timed_out: bool = False  # which says as much of the machine as of the stack


def probe(python: str, groups: Sequence[str], timeout: float = 120.0) -> Probe:
    """Import ``groups`` (modules joined by commas) with ``python``; the first alone, if it fails.

    Raises EnvironmentFailed where no Python runs there.
    """
    variables = {"JAX_PLATFORMS": "cpu", "MPLBACKEND": "Agg"}
    try:
        process = interpreters.ask(python, str(PROBE), *groups, timeout=timeout, **variables)
    except subprocess.TimeoutExpired:
        cause = Cause(f"import takes more than {timeout:g} s")
        return Probe("", {}, {}, {groups[0]: cause}, timed_out=True)
    except OSError as error:
        raise _no_python(python, error) from error
    try:
        return _parse_answer(json.loads(process.stdout))
    except ValueError:
        return _explain_crash(python, groups, process)


def _no_python(python: str, why: object) -> EnvironmentFailed:
    expected = "expected: the path of an interpreter, such as .venv/bin/python"
    return EnvironmentFailed(f"no Python runs at {python!r}: {why}\n  {expected}")


def _parse_answer(answer: dict[str, Any]) -> Probe:
    groups = answer["groups"]
    seconds = {name: group["seconds"] for name, group in groups.items()}
    causes = {name: Cause(**group["error"]) for name, group in groups.items() if group["error"]}
    return Probe(answer["python"], answer["installed"], seconds, causes)


def _explain_crash(
    python: str, groups: Sequence[str], process: subprocess.CompletedProcess[str]
) -> Probe:
    if process.returncode < 0:  # a signal: native code of other versions than it was built with
        name = name_signal(-process.returncode)
        alone = probe(python, []) if groups else Probe("", {})
        cause = Cause(f"the import ends in {name}")
        return Probe(alone.python, alone.versions, {}, {groups[0] if groups else "": cause})
    last = (process.stderr.strip() or "no message").splitlines()[-1]
    raise _no_python(python, last)


def read_log(text: str, otherwise: str) -> Cause:
    """The innermost exception of the last chain of tracebacks in a worker's log."""
    blocks = list(re.finditer(r"^Traceback \(most recent call last\):$", text, re.M))
    if not blocks:
        return Cause(otherwise)
    ends = [*(b.start() for b in blocks[1:]), len(text)]
    parts = [text[b.end() : end] for b, end in zip(blocks, ends, strict=True)]
    chain = [parts[-1]]
    for part in reversed(parts[:-1]):
        if not re.search(_BELOW, part):
            break  # an older chain
        chain.insert(0, part)
    real = next((p for p in chain if not _summary(p).split(":")[0].endswith(NOISE)), chain[-1])
    message = _summary(chain[-1])
    return Cause(_summary(real), _location(real), message if message != _summary(real) else "")


def _summary(block: str) -> str:
    """Type and message, from the last line of a traceback."""
    line = re.search(r"^(\w[\w.]*(?:: .*)?)$", block, re.M)
    text = line[1] if line else "unknown error"
    kind, colon, message = text.partition(":")
    return IN_PACKAGES.sub("", f"{kind.rpartition('.')[2]}{colon}{message}")[:320]


def _location(block: str) -> str:
    """File and line of a traceback's last frame that is of interest."""
    frames = re.findall(r'^  File "([^"]+)", line (\d+), in (\S+)', block, re.M)
    frames = [f for f in frames if "<frozen" not in f[0] and f[2] not in LOOKUPS]
    if not frames:
        return ""
    path, number, _ = frames[-1]
    root = str(Path(__file__).absolute().parents[3]) + os.sep
    return f"{IN_PACKAGES.sub('', path).removeprefix(root)}:{number}"
