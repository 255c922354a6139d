"""A file of TOML that a person writes: read within limits, whatever stands in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tomllib

from samplerbench.user_files import MOST_TEXT, read_text

MOST_DOTS = 100  # of one key: tomllib takes time by their square


def read_toml(path: Path) -> dict[str, Any]:
    """What the file holds. Raises OSError, and ValueError for what is no TOML."""
    content = read_text(path, MOST_TEXT)
    if any(part.count(".") > MOST_DOTS for part in re.split(r"[=,\n]", content)):
        raise ValueError(f"a key or a word has more than {MOST_DOTS} dots")
    try:
        return tomllib.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
