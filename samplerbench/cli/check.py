"""``samplerbench check``: whether the installed version stack is known to work."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_OK,
    add_table_or_json,
    describe_exits,
    terminal_width,
)
from samplerbench.errors import UsageError


def add_parser(commands: Any) -> None:
    """Add the arguments of ``check``."""
    check = commands.add_parser(
        "check", help="whether the installed version stack is known to work; exit 0 or 1"
    )
    check.add_argument("--python", metavar="PATH", help="interpreter to check (default: this one)")
    check.add_argument(
        "--env", metavar="NAME", help="environment to check, as latest, or a file of pins"
    )
    check.add_argument(
        "--run",
        action="store_true",
        help="run the samplers there on the straight line, which takes about a minute: import, run,"
        " accuracy, time; kept for later checks",
    )
    add_table_or_json(check)
    failed = "the stack is not known to work"
    check.set_defaults(command=execute, exits=describe_exits(failed))


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    if args.env and args.python:
        raise UsageError("--env and --python\n  expected: one of the two; each names a stack")
    from samplerbench.harness.compatibility import check
    from samplerbench.harness.environments import environments
    from samplerbench.reports.compatibility import check as stack_check

    if args.run:
        return _run(args)
    python = environments.resolve(args.env).python if args.env else args.python
    finding, width = check.examine(python), terminal_width()
    print(
        stack_check.as_json(finding)
        if args.format == "json"
        else stack_check.render(finding, width),
        end="",
    )
    return EXIT_OK if finding.fine else EXIT_FAILED


def _run(args: argparse.Namespace) -> int:
    """Run the samplers on the stack, and print what came of it."""
    from samplerbench.harness.compatibility.run_check import run_check
    from samplerbench.harness.environments import environments
    from samplerbench.reports.compatibility.check import render_run
    from samplerbench.reports.tables.csv_json import as_indented_json

    row = run_check(environments.resolve(args.env or args.python or "current"))
    text = (
        as_indented_json(asdict(row))
        if args.format == "json"
        else render_run(row, terminal_width())
    )
    print(text, end="")
    return EXIT_FAILED if row.failed_stage else EXIT_OK
