"""The matrix in a dozen lines, one a NumPyro release: with what it passes, and what breaks it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

from packaging.version import Version

from samplerbench.errors import UsageError
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix import Entry
from samplerbench.reports.tables.markdown import escaped

LONGEST = 200  # characters of a cause: resolvers tell stories
BEGIN, END = "<!-- stacks -->", "<!-- end of stacks -->"
HEADINGS = ("NumPyro", "passes with jax (jaxns)", "breaks with jax (jaxns)")


def text(entries: Sequence[Entry]) -> str:
    """A markdown table; releases of which the same is known share a line."""
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for numpyro, mine in _by_numpyro(entries).items():
        passing = [row for row in mine if not row.failed]
        lines[_passing(passing), _breaking([row for row in mine if row.failed])].append(numpyro)
    table = [HEADINGS, ("---",) * len(HEADINGS)]
    table += [(", ".join(names), *cells) for cells, names in lines.items()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in table)


def put_into(file: Path, made: str) -> None:
    """Put ``made`` between the two marks in ``file``. Raises UsageError where there are none."""
    try:
        before = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read {str(file)!r}: {error}\n  {_expected()}") from error
    marked = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.S)
    if len(marked.findall(before)) != 1:
        raise UsageError(f"{str(file)!r} has not just one place for it\n  {_expected()}")
    file.write_text(marked.sub(lambda _: f"{BEGIN}\n{made}{END}", before), "utf-8")


def _expected() -> str:
    return f"expected: a file of text with the lines {BEGIN} and {END}, what is between is replaced"


def _by_numpyro(entries: Sequence[Entry]) -> dict[str, list[StackRow]]:
    rows = [(e.stack.chosen.get("numpyro", ""), e.row) for e in entries if e.row]
    found: dict[str, list[StackRow]] = defaultdict(list)
    for numpyro, row in sorted(rows, key=lambda pair: Version(pair[0] or "0")):
        found[numpyro].append(row)
    return found


def _passing(rows: Sequence[StackRow]) -> str:
    by_jax: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: Version(row.chosen.get("jax", "0"))):
        by_jax[row.chosen.get("jax", "-")].append(_jaxns(row))
    return _said([(jax, jaxns) for jax, jaxns in by_jax.items()])


def _jaxns(row: StackRow) -> str:
    """The release of jaxns, with what the matrix fixes beside the three."""
    known = ("numpyro", "jax", "jaxns", "jaxlib")
    others = [f"{name} {version}" for name, version in row.chosen.items() if name not in known]
    jaxns = row.chosen.get("jaxns", "none")
    return f"{jaxns} with {' and '.join(others)}" if others else jaxns


def _breaking(rows: Sequence[StackRow]) -> str:
    """Causes word for word, without the file that they come from; the longest are cut."""
    by_cause: dict[tuple[str, str], list[StackRow]] = defaultdict(list)
    for row in rows:
        by_cause[row.failed, row.stages[row.failed].get("cause", "")].append(row)
    return "<br>".join(
        f"{_passing(mine)}: {stage}: {escaped(shorten(cause, LONGEST, placeholder=' ...'))}"
        for (stage, cause), mine in by_cause.items()
    )


def _said(pairs: Sequence[tuple[str, list[str]]]) -> str:
    """Neighbours with the same jaxns put together: 0.4.20, 0.4.23 (2.0.1)."""
    lines: list[tuple[list[str], list[str]]] = []
    for jax, jaxns in pairs:
        if lines and lines[-1][1] == jaxns:
            lines[-1][0].append(jax)
        else:
            lines.append(([jax], jaxns))
    return ", ".join(f"{', '.join(jax)} ({', '.join(jaxns)})" for jax, jaxns in lines)
