"""Calls of uv: run without a shell; a failure comes as its cause and what to do next."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samplerbench.errors import SamplerbenchError

#: not passed on: PYTHONPATH would reach the builds of source distributions, the others redirect uv
_DROPPED = "VIRTUAL_ENV PYTHONPATH PYTHONHOME UV_SYSTEM_PYTHON UV_CONSTRAINT UV_OVERRIDE".split()


@dataclass(frozen=True)
class Advice:
    """What to do about a failure."""

    text: str
    transient: bool = False  # another day or another machine may do: it says nothing of the pins


# What the message of uv or of the system holds, and what to do next: the first that matches.
_ADVICE = {
    "No space left|Disk quota": Advice(
        "free disk, or set XDG_CACHE_HOME and UV_CACHE_DIR elsewhere", transient=True
    ),
    "python-build|No interpreter": Advice(
        "install that Python, or give the path of one that is installed"
    ),
    "client error|Failed to fetch|timed out|network": Advice(
        "check the network (mirror: UV_DEFAULT_INDEX)", transient=True
    ),
    "ABI tag|platform tag|not satisfy Python": Advice(
        "take another Python; a file of pins may name one, as # python: 3.11"
    ),
    r"\b(gcc|cc|clang)(-\d+)?' ?(failed|$)|Python\.h: No such file": Advice(
        "install a C compiler and Python's headers, as with: apt install gcc python3-dev",
        transient=True,
    ),
    "depends? on": Advice("these versions exclude each other: change one of the pins"),
    "no version of|was not found": Advice("correct the name or the version in the pins"),
}


class EnvironmentFailed(SamplerbenchError, ValueError):
    """An environment that could not be made; the first line says why, the next what to do.

    ``transient``: the network, the disk, uv or a missing Python is to blame, and not what was
    asked for.
    """

    def __init__(self, message: str, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


def environment_error(name: str, why: object, advice: Advice) -> EnvironmentFailed:
    """The error for environment ``name``: what is wrong, and what to do next."""
    text = f"environment {name!r} could not be made: {why}\n  next: {advice.text}"
    return EnvironmentFailed(text, advice.transient)


def find_cause(error: Exception) -> str:
    """Why, without the environment's name: of ``environment_error``, and of any other error."""
    return str(error).splitlines()[0].split("could not be made: ", 1)[-1]


def leave_out(names: Iterable[str]) -> str:
    """Overrides by which uv drops these dependencies: no Python meets them."""
    return "".join(f"{name}; python_version < '0'\n" for name in names)


def compile_pins(arguments: Sequence[str], name: str, logfile: Path) -> str:
    """Run ``uv pip compile``, without a word on where pins come from; as ``run``."""
    # --no-config: else a pyproject.toml around the working directory constrains the stack too.
    # No header and no annotations, so that no address of an index or of a file is written.
    quiet = ["--no-config", "--no-header", "--no-annotate", "--quiet"]
    return run(["pip", "compile", *quiet, *arguments], name, logfile)


def run(arguments: Sequence[str], name: str, logfile: Path, lock: int | None = None) -> str:
    """Run uv, its output also into ``logfile``; returns what it printed.

    ``lock`` is a file descriptor that it holds open. Raises EnvironmentFailed with the cause.
    """
    process = subprocess.run(
        [find_uv(), "--color=never", "--no-progress", *arguments],
        env={key: value for key, value in os.environ.items() if key not in _DROPPED},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        # where this process is killed, uv goes on, and still keeps others out
        pass_fds=[] if lock is None else [lock],
    )
    with logfile.open("a", encoding="utf-8") as file:
        file.write(f"uv {' '.join(arguments)}\n{process.stdout}{process.stderr}\n")
    if process.returncode:
        advice = advise(process.stderr, "find the cause in the log")
        advice = Advice(f"{advice.text}\n  log: {logfile}", advice.transient)
        raise environment_error(name, extract_cause(process.stderr, process.returncode), advice)
    return process.stdout


def extract_cause(stderr: str, status: int) -> str:
    """What uv failed at and why, on one line; addresses, which may hold secrets, left out."""
    block = re.search(r"^\s*(?:error:|×)\s*(.+?)(?:\n\s*\n|\Z)", stderr, re.S | re.M)
    text = block[1] if block else (stderr.strip() or f"uv ended with status {status}")
    text = re.sub(r"https?://[^\s`)]+", "(address in the log)", text)
    parts = re.split(r"\n\s*(?:cause:|Caused by:|[├╰]─▶)\s*", text)
    causes = [parts[0], *(part for part in parts if part.startswith("Failed to")), parts[-1]]
    lines = (" ".join(part.replace("│", " ").split()).rstrip(":") for part in dict.fromkeys(causes))
    return ": ".join(lines)


def advise(message: str, otherwise: str) -> Advice:
    """What to do about a message of uv or of the system."""
    matches = (advice for pattern, advice in _ADVICE.items() if re.search(pattern, message, re.M))
    return next(matches, Advice(otherwise))


def find_uv() -> str:
    """The path of uv: of the installed module, else on PATH. Raises EnvironmentFailed."""
    with contextlib.suppress(ImportError, FileNotFoundError):
        import uv  # inside: only making needs it

        return str(uv.find_uv_bin())
    if path := shutil.which("uv"):
        return path
    install = f"{sys.executable} -m pip install uv"
    raise EnvironmentFailed(
        f"uv, which makes environments, is not installed\n  next: {install}", transient=True
    )
