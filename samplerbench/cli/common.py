"""What commands share: exit codes, the width of the terminal, the command as it was typed."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

#: exit codes
FINE, NOT_OK, BAD_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130


def width() -> int:
    """Columns of the terminal, 120 where there is none."""
    return shutil.get_terminal_size((120, 24)).columns


def typed(*more: str) -> str:
    """The command as it was typed, and ``more`` words."""
    return shlex.join(["samplerbench", *sys.argv[1:], *more])


def put(made: Iterable[str], output: Path | None) -> None:
    """Write what was made to ``output``, or print it, piece by piece."""
    from samplerbench.reports import report

    if output:
        report.write(output, made)
    else:
        for piece in made:
            print(piece, end="")
