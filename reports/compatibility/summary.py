"""The matrix in a dozen lines, one a NumPyro release: what it passes with, and what breaks it."""

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
from samplerbench.reports.tables.markdown import render_grid
from samplerbench.reports.tables.table import Column, Table, text_rows

LONGEST = 200  # characters of a cause: resolvers tell stories
BEGIN, END = "<!-- stacks -->", "<!-- end of stacks -->"
HEADINGS = ("NumPyro", "passes with jax (jaxns)", "breaks with jax (jaxns)")


def render(entries: Sequence[Entry]) -> str:
    """The summary in markdown."""
    return "\n".join([*render_grid(make_table(entries)), ""])


def make_table(entries: Sequence[Entry]) -> Table:
    """One row a release; releases of which the same is known share a row."""
    releases: dict[tuple[str, str], list[str]] = defaultdict(list)
    for numpyro, rows in _by_numpyro(entries).items():
        passing = [row for row in rows if not row.failed_stage]
        failing = [row for row in rows if row.failed_stage]
        releases[_list_versions(passing), _list_causes(failing)].append(numpyro)
    columns = [Column(heading, align="") for heading in HEADINGS]
    rows_of_text = [(", ".join(names), *texts) for texts, names in releases.items()]
    return Table("", columns, text_rows(rows_of_text))


def insert_into(file: Path, text: str) -> None:
    """Put ``text`` between the two marks in ``file``. Raises UsageError where there are none."""
    before, after = read_around(file)
    file.write_text(f"{before}{BEGIN}\n{text}{END}{after}", "utf-8")


def read_around(file: Path) -> tuple[str, str]:
    """What stands before and after the marks in ``file``. Raises UsageError without marks."""
    try:
        content = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"can't read {str(file)!r}: {why}\n  {_expectation()}") from error
    parts = re.split(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", content, flags=re.S)
    if len(parts) != 2:
        raise UsageError(f"{str(file)!r} has not just one place for it\n  {_expectation()}")
    return parts[0], parts[1]


def _expectation() -> str:
    return f"expected: a file of text with the lines {BEGIN} and {END}, what is between is replaced"


def _by_numpyro(entries: Sequence[Entry]) -> dict[str, list[StackRow]]:
    rows = [(e.stack.chosen.get("numpyro", ""), e.row) for e in entries if e.row]
    by_release: dict[str, list[StackRow]] = defaultdict(list)
    for numpyro, row in sorted(rows, key=lambda pair: Version(pair[0] or "0")):
        by_release[numpyro].append(row)
    return by_release


def _list_versions(rows: Sequence[StackRow]) -> str:
    """Releases of JAX with those of jaxns: ``0.4.20, 0.4.23 (2.0.1)``."""
    by_jax: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: Version(row.chosen.get("jax", "0"))):
        by_jax[row.chosen.get("jax", "-")].append(_jaxns(row))
    groups: list[tuple[list[str], list[str]]] = []
    for jax, jaxns in by_jax.items():  # neighbours with the same jaxns stand together
        if groups and groups[-1][1] == jaxns:
            groups[-1][0].append(jax)
        else:
            groups.append(([jax], jaxns))
    return ", ".join(f"{', '.join(jax)} ({', '.join(jaxns)})" for jax, jaxns in groups)


def _jaxns(row: StackRow) -> str:
    """The release of jaxns, with what the matrix fixes beside the three."""
    known = ("numpyro", "jax", "jaxns", "jaxlib")
    others = [f"{name} {version}" for name, version in row.chosen.items() if name not in known]
    jaxns = row.chosen.get("jaxns", "none")
    return f"{jaxns} with {' and '.join(others)}" if others else jaxns


def _list_causes(rows: Sequence[StackRow]) -> str:
    """Causes word for word, a line each, without the file; the longest are cut."""
    by_cause: dict[tuple[str, str], list[StackRow]] = defaultdict(list)
    for row in rows:
        by_cause[row.failed_stage, row.stages[row.failed_stage].get("cause", "")].append(row)
    return "\n".join(
        f"{_list_versions(group)}: {stage}: {shorten(cause, LONGEST, placeholder=' ...')}"
        for (stage, cause), group in by_cause.items()
    )
