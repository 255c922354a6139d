"""Python interpreters: found by their version, asked what they are and what they hold."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from samplerbench.harness.environments import import_probe, uv
from samplerbench.harness.environments.uv import Advice, EnvironmentFailed
from samplerbench.harness.launcher import INHERITED_VARIABLES

_IDENTITY = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_platform())"


def ask(
    python: str, *arguments: str, timeout: float | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python`` to its end, isolated from this project and from the user's own packages.

    It gets the variables that a worker inherits, and ``variables``. Raises OSError where no
    program is at that path, TimeoutExpired after ``timeout`` seconds.
    """
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return subprocess.run(
        [python, "-I", *arguments],
        env={**inherited, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
    )


def running_version() -> str:
    """The minor version of the running interpreter, as "3.11"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def is_version(python: str) -> bool:
    """Whether ``python`` is a minor version, as "3.12", and not a path."""
    return re.fullmatch(r"\d+\.\d+", python) is not None


def identify(python: str | None) -> str:
    """What decides which wheels fit: minor version and platform, as "3.11 linux-x86_64".

    ``python`` is a minor version or the path of an interpreter; None is the running one. Raises
    EnvironmentFailed where no Python runs at the path.
    """
    if python is None or is_version(python):
        return f"{python or running_version()} {sysconfig.get_platform()}"
    try:
        return _print(python, "-c", _IDENTITY).strip()
    except (OSError, subprocess.CalledProcessError) as error:
        expected = "expected: a version such as 3.11, or the path of an interpreter"
        why = getattr(error, "strerror", None) or error
        raise EnvironmentFailed(f"no Python runs at {python!r}: {why}\n  {expected}") from error


def list_installed(python: str | None) -> dict[str, str]:
    """Normalised name to version of every distribution that ``python`` finds; None: the running.

    Raises OSError, CalledProcessError or ValueError where no Python runs there.
    """
    if python is None:
        return import_probe.list_installed()
    return json.loads(_print(python, import_probe.__file__))["installed"]


def normalize(name: str) -> str:
    """A distribution's name as PEP 503 compares it; ``current`` must do without `packaging`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _print(python: str, *program: str) -> str:
    """What ``program`` prints there; -B: nothing is written. Raises CalledProcessError."""
    process = ask(python, "-B", *program)
    process.check_returncode()
    return process.stdout


def choose_version(versions: Sequence[str]) -> str | None:
    """Which of the minor ``versions`` to make a stack with; None is the running interpreter.

    The running one where it is among them, or where there are none; else the first that is
    installed; else the first.
    """
    if not versions or running_version() in versions:
        return None
    if len(versions) == 1:
        return versions[0]
    return next((version for version in versions if next(_candidates(version), None)), versions[0])


def find(python: str | None, purpose: str) -> str:
    """The path of an interpreter: ``python`` is a minor version or already a path; None: this one.

    A version is looked for as uv does, then among pyenv's. Raises EnvironmentFailed, which names
    the environment ``purpose``, where there is none.
    """
    if python is None or python == running_version():
        return sys.executable
    if not is_version(python):
        return python
    path = next(_candidates(python), None)
    if path is None:
        why = f"it needs Python {python}, and neither uv nor pyenv has one"
        advice = f"install it, as: uv python install {python}, or: pyenv install {python}"
        raise uv.environment_error(purpose, why, Advice(advice, transient=True))
    return path


def _candidates(version: str) -> Iterator[str]:
    """Interpreters of a minor version, the best first."""
    with contextlib.suppress(EnvironmentFailed):  # without uv
        yield from _ask_uv(version)
    root = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    paths = root.glob(f"versions/{version}.*/bin/python")
    yield from (str(path) for path in sorted(paths, key=_patch, reverse=True) if _is_program(path))


def _ask_uv(version: str) -> list[str]:
    """uv's choice: its own Pythons, then PATH; no virtual environment, and no download.

    It gives up at the first program of that name that does not run, such as a shim of pyenv's.
    """
    command = ["python", "find", "--no-config", "--no-project", "--system"]
    process = subprocess.run(
        [uv.find_uv(), *command, "--no-python-downloads", version],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return [] if process.returncode else [process.stdout.strip()]


def _patch(path: Path) -> list[int]:
    """The numbers of a pyenv version, to sort by: 3.12.10 comes after 3.12.9."""
    return [int(number) for number in re.findall(r"\d+", path.parents[1].name)]


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
