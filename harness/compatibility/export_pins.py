"""Pins for others: every stack that passes, as a requirements file and as conda's environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.resolve import slug


def write(rows: Sequence[StackRow], folder: Path) -> list[Path]:
    """Write ``<stack>/requirements.txt`` and ``<stack>/environment.yml`` of those that pass."""
    paths = []
    for row in rows:
        if row.pins and not row.failed_stage:
            stack = folder / slug(row.name)
            paths.append(_write(stack / "requirements.txt", requirements(row)))
            paths.append(_write(stack / "environment.yml", conda(row)))
    return paths


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
    """The stack for pip, uv and ``samplerbench run --env``: exact and complete."""
    head = [
        f"# {_provenance(row)}",
        "# Install it with --no-deps, so that nothing is added.",
        "# complete: yes",
        f"# python: {row.minor}",
    ]
    return "\n".join([*head, *row.pins]) + "\n"


def conda(row: StackRow) -> str:
    """The stack for conda, which leaves these packages to pip."""
    head = [
        f"# {_provenance(row)}",
        f"name: {slug(row.name)}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={row.minor}",
        "  - pip",
        "  - pip:",
    ]
    return "\n".join([*head, *(f"      - {pin}" for pin in row.pins)]) + "\n"


def _provenance(row: StackRow) -> str:
    return f"{row.name}: tried on {row.date}, Python {row.python}, {row.platform}; passes."
