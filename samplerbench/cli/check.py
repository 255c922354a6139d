"""``samplerbench check``: does the stack that is installed work?"""

from __future__ import annotations

import argparse
from typing import Any

from samplerbench.cli.common import FINE, NOT_OK


def options(commands: Any) -> None:
    """What ``check`` takes."""
    check = commands.add_parser(
        "check", help="is the stack that is installed known to work? exit 0 / 1", allow_abbrev=False
    )
    check.add_argument("--python", metavar="PATH", help="an interpreter (default: this one)")
    check.add_argument("--json", action="store_true", help="as JSON")
    check.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from samplerbench.harness.compatibility import check
    from samplerbench.reports.compatibility import check as stack_check

    found = check.look(given.python)
    print(stack_check.as_json(found) if given.json else stack_check.text(found), end="")
    return FINE if found.fine else NOT_OK
