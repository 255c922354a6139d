"""Pins for others: every stack that passes, as a requirements file and as conda's environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.resolve import slug


def write(rows: Sequence[StackRow], folder: Path) -> list[Path]:
    """Write ``<stack>/requirements.txt`` and ``<stack>/environment.yml`` of those that pass."""
    written = []
    for row in rows:
        if row.failed or not row.pins:
            continue
        place = folder / slug(row.name)
        written += [
            _write(place / "requirements.txt", requirements(row)),
            _write(place / "environment.yml", conda(row)),
        ]
    return written


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(
            f"can't write {str(path)!r}: {error.strerror}\n"
            "  expected: a folder that can be written; name another with --write-pins"
        ) from error
    return path


def requirements(row: StackRow) -> str:
    """The stack for pip and uv: exact and complete."""
    head = [
        f"# {row.name}: tried on {row.date}, Python {row.python}, {row.platform}; passes.",
        "# Complete: install it with --no-deps, so that nothing is added.",
    ]
    return "\n".join([*head, *row.pins]) + "\n"


def conda(row: StackRow) -> str:
    """The stack for conda, which leaves these packages to pip."""
    minor = ".".join(row.python.split(".")[:2])
    head = [
        f"# {row.name}: tried on {row.date}, Python {row.python}, {row.platform}; passes.",
        f"name: {slug(row.name)}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={minor}",
        "  - pip",
        "  - pip:",
    ]
    return "\n".join([*head, *(f"      - {pin}" for pin in row.pins)]) + "\n"
