"""The code of a Jupyter notebook, without what only IPython understands."""

from __future__ import annotations

import re
from typing import Any

from samplerbench.user_files import parse_json

#: lines for IPython: magics, the shell, help, and what is assigned from a magic or the shell
FOR_IPYTHON = re.compile(r"\s*([%!?]|[\w, ]+=\s*[%!])|\s*[\w.]+\?+\s*$")
#: first lines of cells that hold Python of the notebook's own
PYTHON_CELL = re.compile(r"\s*%%(time|capture|prun)\b")


def read_code(content: bytes) -> tuple[str, list[str]]:
    """The code cells one below the other, and the lines that were left out.

    A cell that begins with ``%%`` is left out whole, unless it is Python that is only clocked or
    silenced. Raises ValueError for what is no notebook.
    """
    notebook = parse_json(content)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError("it holds no cells")
    lines: list[str] = []
    skipped: list[str] = []
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            for line in _split(cell):
                lines.append(_replace(line, skipped))
    return "\n".join(lines) + "\n", skipped


def _split(cell: dict[str, Any]) -> list[str]:
    source = cell.get("source", "")
    lines = ("".join(source) if isinstance(source, list) else str(source)).splitlines()
    first = next((line for line in lines if line.strip()), "")
    is_other = first.lstrip().startswith("%%") and not PYTHON_CELL.match(first)
    return [first.strip()] if is_other else lines


def _replace(line: str, skipped: list[str]) -> str:
    """The line, or one that does nothing where it is for IPython."""
    if not FOR_IPYTHON.match(line):
        return line
    skipped.append(line.strip())
    return line[: len(line) - len(line.lstrip())] + "pass"
