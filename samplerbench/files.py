"""Files written whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, which then holds all of it or what it held before."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)
