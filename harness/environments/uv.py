"""Calls of uv: found, run without a shell, and its failures told as cause and advice."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What the message of uv or of the system holds, and what to do next: the first that is found.
_ADVICE = (
    ("No space left|Disk quota", "free disk, or set XDG_CACHE_HOME and UV_CACHE_DIR elsewhere"),
    ("python-build|No interpreter", "install that Python, or give the path of one that is here"),
    (
        "client error|Failed to fetch|timed out|network",
        "check the network (mirror: UV_DEFAULT_INDEX)",
    ),
    ("ABI tag|platform tag|not satisfy Python", "take another Python; shipped stacks: 3.11, 3.12"),
    ("depends? on", "these versions exclude each other: change one of the pins"),
    ("no version of|was not found", "correct the name or the version in the pins"),
)
NOT_HERE = "uv, which makes environments, is not here"
#: what another day, or a tidier machine, makes pointless: such a failure says nothing of pins
PASSING = (_ADVICE[0][1], _ADVICE[2][1], NOT_HERE)


class EnvironmentFailed(ValueError):
    """An environment that could not be made; the first line says why, the next what to do."""

    @property
    def passing(self) -> bool:
        """Whether the network, the disk or uv is to blame, and not what was asked for."""
        return any(words in str(self) for words in PASSING)


def failed(name: str, why: object, advice: str) -> EnvironmentFailed:
    """The error for environment ``name``: what is wrong, and what to do next."""
    return EnvironmentFailed(f"environment {name!r} could not be made: {why}\n  next: {advice}")


def run(arguments: Sequence[str], name: str, logfile: Path, lock: int | None = None) -> str:
    """Run uv, its output also into ``logfile``; returns what it printed.

    ``lock`` is a file descriptor that it holds open. Raises EnvironmentFailed with the cause.
    """
    # PYTHONPATH would reach the builds of source distributions, the others redirect uv.
    dropped = "VIRTUAL_ENV PYTHONPATH PYTHONHOME UV_SYSTEM_PYTHON UV_CONSTRAINT UV_OVERRIDE".split()
    done = subprocess.run(
        [find_uv(), "--color=never", "--no-progress", *arguments],
        env={key: value for key, value in os.environ.items() if key not in dropped},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        # where this process is killed, uv goes on, and still keeps others out
        pass_fds=[] if lock is None else [lock],
    )
    with logfile.open("a", encoding="utf-8") as file:
        file.write(f"uv {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
    if done.returncode:
        advice = advise(done.stderr, "read the log")
        raise failed(name, cause(done.stderr, done.returncode), f"{advice}\n  log: {logfile}")
    return done.stdout


def cause(stderr: str, status: int) -> str:
    """What uv failed at and why, on one line; addresses, which may hold secrets, left out."""
    block = re.search(r"^\s*(?:error:|×)\s*(.+?)(?:\n\s*\n|\Z)", stderr, re.S | re.M)
    text = block[1] if block else (stderr.strip() or f"uv ended with status {status}")
    text = re.sub(r"https?://[^\s`)]+", "(address in the log)", text)
    parts = re.split(r"\n\s*(?:cause:|Caused by:|[├╰]─▶)\s*", text)
    told = [parts[0], *(part for part in parts if part.startswith("Failed to")), parts[-1]]
    lines = (" ".join(part.replace("│", " ").split()).rstrip(":") for part in dict.fromkeys(told))
    return ": ".join(lines)


def advise(text: str, otherwise: str) -> str:
    """What to do about a message of uv or of the system."""
    return next((advice for pattern, advice in _ADVICE if re.search(pattern, text)), otherwise)


def find_uv() -> str:
    """The path of uv: of the installed module, else on PATH. Raises EnvironmentFailed."""
    with contextlib.suppress(ImportError, FileNotFoundError):
        import uv  # inside: only making needs it

        return str(uv.find_uv_bin())
    if found := shutil.which("uv"):
        return found
    install = f"{sys.executable} -m pip install uv"
    raise EnvironmentFailed(f"{NOT_HERE}\n  next: {install}")
