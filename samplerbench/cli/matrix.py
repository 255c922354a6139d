"""``samplerbench matrix``: which version stacks work."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    FOLDER_FLAGS,
    add_json,
    command_line,
    describe_exits,
    make_printer,
    terminal_width,
)
from samplerbench.errors import UsageError
from samplerbench.text import format_count


def add_parser(commands: Any) -> None:
    """Add the arguments of ``matrix``."""
    matrix = commands.add_parser(
        "matrix", help="which version stacks install, import, run and are right"
    )
    add = matrix.add_argument
    add(
        "file",
        nargs="?",
        type=Path,
        metavar="MATRIX.toml",
        help="stacks to test (default: the shipped matrix)",
    )
    add("-j", "--jobs", type=int, default=1, help="concurrent stacks (default: 1)")
    add("--again", action="store_true", help="test stacks again whose result is stored")
    add("--dry-run", action="store_true", help="say which stacks would be tried; do nothing")
    add("--stored", action="store_true", help="show stored results; run nothing")
    add(
        *FOLDER_FLAGS,
        dest="out",
        type=Path,
        metavar="DIR",
        help="directory of the results (default: the user's cache)",
    )
    add("--merge", type=Path, metavar="FILE", help="first add the results in another known.json")
    add("--keep-environments", action="store_true", help="keep the environments that are made")
    add(
        "--write-pins",
        type=Path,
        metavar="FOLDER",
        help="write pins of the stacks that pass, for pip and conda",
    )
    formats = ("table", "markdown", "summary", "json")
    summary = "summary: markdown, one line a NumPyro release"
    add("--format", choices=formats, default="table", help=summary)
    add("--into", type=Path, metavar="FILE", help="write the summary between its marks in FILE")
    add("-q", "--quiet", action="store_true", help="no progress")
    add_json(matrix)
    failed = "a stack has no result: the network, the disk or a time limit (never with --stored)"
    matrix.set_defaults(command=execute, exits=describe_exits(failed))


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.compatibility import export_pins, known_stacks, matrix, matrix_file
    from samplerbench.reports.compatibility import summary, table

    stacks = matrix_file.read(args.file or matrix_file.SHIPPED_FILE)
    file = args.out / "known.json" if args.out else None
    if args.write_pins and args.write_pins.exists() and not args.write_pins.is_dir():
        raise UsageError(f"{str(args.write_pins)!r} is a file\n  expected: a folder, new or there")
    merged = _rows(args.merge) if args.merge else None
    if args.into:
        summary.read_around(args.into)  # before hours of stacks
    if args.dry_run:
        print("\n".join(matrix.describe_plan(stacks, file, args.jobs, args.again)))
        return EXIT_OK
    if merged is not None:
        known_stacks.merge(file or known_stacks.own(), merged)
    try:
        if args.stored:
            entries = matrix.read_stored(stacks, file)
        else:
            options = {"again": args.again, "keep_environments": args.keep_environments}
            entries = matrix.run(
                stacks, file, jobs=args.jobs, say=make_printer(args.quiet), **options
            )
    except matrix.MatrixInterrupted as error:
        print(f"samplerbench: {error}\n  go on with: {command_line()}", file=sys.stderr)
        return EXIT_INTERRUPTED
    if args.into:
        summary.insert_into(args.into, summary.render(entries))
        print(f"summary in {args.into}", file=sys.stderr)
    renderers = {
        "markdown": table.render_markdown,
        "json": table.as_json,
        "summary": summary.render,
        "table": lambda entries: table.render_terminal(entries, terminal_width()),
    }
    print(renderers[args.format](entries), end="")
    if args.write_pins:
        paths = export_pins.write([entry.row for entry in entries if entry.row], args.write_pins)
        print(f"{format_count(len(paths), 'file')} in {args.write_pins}", file=sys.stderr)
    all_tried = all(entry.row and not entry.row.passing for entry in entries)
    return EXIT_OK if args.stored or all_tried else EXIT_FAILED


def _rows(file: Path) -> Any:
    from samplerbench.harness.compatibility import known_stacks

    if not file.is_file():
        raise UsageError(f"there is no {str(file)!r}\n  expected: a known.json of a matrix")
    return known_stacks.load(file)
