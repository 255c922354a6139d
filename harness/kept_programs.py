"""Compiled programs kept on disk between campaigns, for workers that no clock times.

They are JAX's persistent compilation cache, one folder for each environment and machine: a program
that was compiled for another processor is never met. Of trials it is off, whose compiling is what
they time. JAX compiles what it can't read, and warns. On CPUs it has an effect from jax 0.4.30 on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
from pathlib import Path

from samplerbench import files
from samplerbench.errors import UsageError
from samplerbench.harness.records import Trial
from samplerbench.text import tell

MOST_BYTES = 2**28  # of a folder: what was used least lately goes first
FREE_BYTES = 2**28  # that a disk must have left


def find_variables(trial: Trial) -> dict[str, str]:
    """Environment variables by which a worker of the trial's stack keeps its programs.

    None, and a line on standard error, where the folder can't be written or the disk is full.
    """
    try:
        folder = _find_folder(trial.environment_digest)
    except UsageError:  # no home: nothing is kept
        return {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise OSError("it can't be written")
        _drop_oldest(folder)
        if shutil.disk_usage(folder).free < FREE_BYTES:
            raise OSError("the disk is full")
    except OSError as error:
        why = error.strerror or error
        tell(f"no compiled programs are kept in {folder}: {why}")
        return {}
    return {
        "JAX_ENABLE_COMPILATION_CACHE": "true",
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }


def _find_folder(environment_digest: str) -> Path:
    return files.find_cache() / "programs" / f"{environment_digest}-{_machine()}"


def _machine() -> str:
    """8 hex digits for what compiled code may depend on: the processor and its instructions."""
    words = [platform.machine(), platform.processor()]
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as info:
        words += sorted({line for line in info if line.startswith(("flags", "Features", "model"))})
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:8]


def _drop_oldest(folder: Path) -> None:
    """Delete what was used least lately until the rest is within bounds."""
    files = [(path, path.stat()) for path in folder.iterdir() if path.is_file()]
    files.sort(key=lambda entry: max(entry[1].st_atime, entry[1].st_mtime), reverse=True)
    total = 0
    for path, stat in files:
        total += stat.st_size
        if total > MOST_BYTES:
            path.unlink(missing_ok=True)
