"""The code of a Jupyter notebook, without what only IPython understands."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from samplerbench.user_files import parse_json

#: lines for IPython: magics, the shell, help, and what is assigned from a magic or the shell
FOR_IPYTHON = re.compile(r"\s*([%!?]|[\w, ]+=\s*[%!])|\s*[\w.]+\?+\s*$")
#: a statement that is only clocked
CLOCKED_STATEMENT = re.compile(r"\s*%time\s+([^-\s].*)")
#: first lines of cells that hold Python of the notebook's own
PYTHON_CELL = re.compile(r"\s*%%(time|capture|prun)\b")


def read_code(content: bytes) -> tuple[str, list[str]]:
    """The code cells one below the other, and the lines that were left out.

    A cell that begins with ``%%`` is left out whole, unless it is Python that is only clocked or
    silenced. Raises ValueError for what is no notebook.
    """
    skipped: list[str] = []
    lines = [line for cell in _list_code_cells(content) for line in _read_cell(cell, skipped)]
    return "\n".join(lines) + "\n", skipped


def locate_line(content: bytes, line: int) -> str:
    """Where a line of ``read_code``'s text stands: ``code cell 3, line 2``, counted from 1."""
    cells = [_read_cell(cell, []) for cell in _list_code_cells(content)]
    places = [(n, k) for n, lines in enumerate(cells, 1) for k in range(1, len(lines) + 1)]
    number, own = places[min(line, len(places)) - 1]  # a text may end in the midst of a statement
    return f"code cell {number}, line {own}"


def number_cells(content: bytes) -> list[int]:
    """Of each line of ``read_code``'s text the number of its code cell, counted from 1."""
    cells = [_read_cell(cell, []) for cell in _list_code_cells(content)]
    return [number for number, lines in enumerate(cells, 1) for _ in lines]


def _list_code_cells(content: bytes) -> list[dict[str, Any]]:
    notebook = parse_json(content)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError("it holds no cells")
    return [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]


def _read_cell(cell: dict[str, Any], skipped: list[str]) -> list[str]:
    lines = _split(cell)
    while (number := _find_foreign_line(lines)) is not None:
        lines[number] = _replace(lines[number], skipped)
    return lines


def _find_foreign_line(lines: list[str]) -> int | None:
    """A line for IPython at which Python stops; None where it reads all, or stops at its own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # running the file gives them
            ast.parse("\n".join(lines))
    except SyntaxError as error:
        read = min(error.lineno or len(lines), len(lines))
        return next((i for i in reversed(range(read)) if FOR_IPYTHON.match(lines[i])), None)
    return None


def _split(cell: dict[str, Any]) -> list[str]:
    source = cell.get("source", "")
    lines = ("".join(source) if isinstance(source, list) else str(source)).splitlines()
    first = next((line for line in lines if line.strip()), "")
    is_other = first.lstrip().startswith("%%") and not PYTHON_CELL.match(first)
    return [first.strip()] if is_other else lines


def _replace(line: str, skipped: list[str]) -> str:
    """A line for IPython as Python: what is only clocked, or a line that does nothing."""
    indent = line[: len(line) - len(line.lstrip())]
    if clocked := CLOCKED_STATEMENT.match(line):
        return indent + clocked[1]
    skipped.append(line.strip())
    return indent + "pass"
