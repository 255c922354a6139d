"""``samplerbench check``: whether the installed version stack is known to work."""

from __future__ import annotations

import argparse
from typing import Any

from samplerbench.cli.common import EXIT_FAILED, EXIT_OK, describe_exits


def add_parser(commands: Any) -> None:
    """Add the arguments of ``check``."""
    check = commands.add_parser(
        "check",
        help="whether the installed version stack is known to work; exit 0 or 1",
        allow_abbrev=False,
    )
    check.add_argument("--python", metavar="PATH", help="interpreter to check (default: this one)")
    check.add_argument("--json", action="store_true", help="print JSON")
    failed = "the stack is not known to work"
    check.set_defaults(command=execute, exits=describe_exits(failed))


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.compatibility import check
    from samplerbench.reports.compatibility import check as stack_check

    finding = check.examine(args.python)
    print(stack_check.as_json(finding) if args.json else stack_check.render(finding), end="")
    return EXIT_OK if finding.fine else EXIT_FAILED
