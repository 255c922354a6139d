"""``samplerbench matrix``: which version stacks do."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from samplerbench.cli.common import (
    FINE,
    INTERRUPTED,
    NOT_OK,
    typed,
    width,
)
from samplerbench.errors import UsageError


def options(commands: Any) -> None:
    """What ``matrix`` takes."""
    matrix = commands.add_parser(
        "matrix", help="which version stacks install, import, run and are right", allow_abbrev=False
    )
    add = matrix.add_argument
    add("file", nargs="?", type=Path, metavar="MATRIX.toml", help="default: the shipped matrix")
    add("--jobs", type=int, default=1, help="stacks at once (default: 1)")
    add("--again", action="store_true", help="also those that are known")
    add("--stored", action="store_true", help="show what is known; run nothing")
    add("--out", type=Path, metavar="DIR", help="where rows are kept (default: the user's cache)")
    add("--merge", type=Path, metavar="FILE",
        help="first put rows of another run's known.json where rows are kept")  # fmt: skip
    add("--keep-environments", action="store_true", help="do not delete what was made")
    add("--write-pins", type=Path, metavar="FOLDER", help="pins of what passes, for pip and conda")
    add("--format", choices=("table", "markdown", "summary", "json"), default="table",
        help="summary: markdown, one line a NumPyro release")  # fmt: skip
    add("--into", type=Path, metavar="FILE", help="put the summary between its marks in FILE")
    add("--quiet", action="store_true", help="no progress")
    matrix.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from samplerbench.harness.compatibility import (
        export_pins,
        known_stacks,
        matrix,
        matrix_file,
    )
    from samplerbench.reports.compatibility import summary, table

    wanted = matrix_file.read(given.file or matrix_file.SHIPPED)
    kept = given.out / "known.json" if given.out else None
    if given.merge:
        known_stacks.merge(kept or known_stacks.own(), _rows(given.merge))
    try:
        entries = matrix.stored(wanted, kept) if given.stored else matrix.run(
            wanted, kept, jobs=given.jobs, again=given.again,
            keep_environments=given.keep_environments, say=_say(given.quiet),
        )  # fmt: skip
    except matrix.Interrupted as stopped:
        print(f"samplerbench: {stopped}\n  go on with: {typed()}", file=sys.stderr)
        return INTERRUPTED
    if given.into:
        summary.put_into(given.into, summary.text(entries))
        print(f"summary in {given.into}", file=sys.stderr)
    shown = {
        "markdown": table.markdown, "json": table.as_json, "summary": summary.text,
    }.get(given.format)  # fmt: skip
    print(shown(entries) if shown else table.terminal(entries, width()), end="")
    if given.write_pins:
        written = export_pins.write([entry.row for entry in entries if entry.row], given.write_pins)
        print(f"{len(written)} files in {given.write_pins}", file=sys.stderr)
    return FINE if all(entry.row and not entry.row.passing for entry in entries) else NOT_OK


def _rows(file: Path) -> Any:
    from samplerbench.harness.compatibility import known_stacks

    if not file.is_file():
        raise UsageError(f"there is no {str(file)!r}\n  expected: a known.json of a matrix")
    return known_stacks.load(file)


def _say(quiet: bool) -> Any:
    return lambda line: None if quiet else print(line, file=sys.stderr, flush=True)
