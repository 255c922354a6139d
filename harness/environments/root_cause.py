"""Real causes: the exception below all others, from an interpreter's probe or a worker's log."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samplerbench.harness.environments.import_probe import IN_PACKAGES, NOISE, TELLERS
from samplerbench.harness.environments.uv import EnvironmentFailed
from samplerbench.harness.launcher import INHERITED

PROBE = Path(__file__).with_name("import_probe.py")
_BELOW = "The above exception was the direct cause|During handling of the above exception"


@dataclass(frozen=True)
class Cause:
    """Why something failed."""

    cause: str  # type and message of the innermost exception
    file: str = ""  # where it was raised, from the folder of packages on, with its line
    said: str = ""  # what the library made of it, where that is something else

    def __str__(self) -> str:
        return self.cause + (f" ({self.file})" if self.file else "")


@dataclass(frozen=True)
class Probed:
    """What an interpreter says of itself."""

    python: str  # its version
    installed: dict[str, str]  # distribution -> version
    seconds: dict[str, float] = field(default_factory=dict)  # by group that was tried
    causes: dict[str, Cause] = field(default_factory=dict)  # by group that failed


def probe(python: str, groups: Sequence[str], timeout: float = 120.0) -> Probed:
    """Import ``groups`` (modules joined by commas) with ``python``, up to the first that fails.

    Raises EnvironmentFailed where no Python runs there.
    """
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        done = subprocess.run(
            [python, "-I", str(PROBE), *groups],
            env={**kept, "JAX_PLATFORMS": "cpu", "MPLBACKEND": "Agg"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return Probed("", {}, {}, {groups[0]: Cause(f"import takes more than {timeout:g} s")})
    except OSError as error:
        raise _no_python(python, error) from error
    try:
        return _probed(json.loads(done.stdout))
    except ValueError:
        return _crashed(python, groups, done)


def _no_python(python: str, why: object) -> EnvironmentFailed:
    expected = "expected: the path of an interpreter, such as .venv/bin/python"
    return EnvironmentFailed(f"no Python runs at {python!r}: {why}\n  {expected}")


def _probed(answer: dict[str, Any]) -> Probed:
    groups = answer["groups"]
    seconds = {name: found["seconds"] for name, found in groups.items()}
    causes = {name: Cause(**found["error"]) for name, found in groups.items() if found["error"]}
    return Probed(answer["python"], answer["installed"], seconds, causes)


def _crashed(python: str, groups: Sequence[str], done: subprocess.CompletedProcess[str]) -> Probed:
    if done.returncode < 0:  # a signal: native code of other versions than it was built with
        name = signal.Signals(-done.returncode).name
        alone = probe(python, []) if groups else Probed("", {})
        cause = Cause(f"the import ends in {name}")
        return Probed(alone.python, alone.installed, {}, {groups[0] if groups else "": cause})
    last = (done.stderr.strip() or "no message").splitlines()[-1]
    raise _no_python(python, last)


def from_log(text: str, otherwise: str) -> Cause:
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
    real = next((p for p in chain if not _raised(p).split(":")[0].endswith(NOISE)), chain[-1])
    said = _raised(chain[-1])
    return Cause(_raised(real), _file(real), said if said != _raised(real) else "")


def _raised(block: str) -> str:
    """The line of a traceback that tells type and message."""
    found = re.search(r"^(\w[\w.]*(?:: .*)?)$", block, re.M)
    text = found[1] if found else "unknown error"
    kind, colon, message = text.partition(":")
    return IN_PACKAGES.sub("", f"{kind.rpartition('.')[2]}{colon}{message}")[:320]


def _file(block: str) -> str:
    frames = re.findall(r'^  File "([^"]+)", line (\d+), in (\S+)', block, re.M)
    frames = [f for f in frames if "<frozen" not in f[0] and f[2] not in TELLERS]
    if not frames:
        return ""
    path, number, _ = frames[-1]
    root = str(Path(__file__).absolute().parents[3]) + os.sep
    return f"{IN_PACKAGES.sub('', path).removeprefix(root)}:{number}"
