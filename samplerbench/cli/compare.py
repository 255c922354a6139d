"""``samplerbench compare``: what differs within a campaign, or between two."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import samplerbench
from samplerbench.cli.common import FINE, put

FORMATS = ("table", "json", "markdown", "html")


def options(commands: Any) -> None:
    """What ``compare`` takes."""
    compare = commands.add_parser(
        "compare", help="paired ratios of time, error and efficiency", allow_abbrev=False
    )
    add = compare.add_argument
    add("folder", type=Path, metavar="DIR")
    add("other", type=Path, metavar="DIR", nargs="?", help="a later campaign")
    add("--reference", metavar="SAMPLER", help="default: the first honest row")
    add("--unlike", action="store_true", help="also across unlike machines")
    rounding = "numbers are rounded to what their intervals support; json has them in full"
    add("--format", choices=FORMATS, default="table", help=rounding)
    add("-o", "--output", type=Path, metavar="FILE", help="write it there")
    compare.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from samplerbench.reports.comparison import comparison, report

    with ExitStack() as folders:
        first = folders.enter_context(samplerbench.load(given.folder))
        second = folders.enter_context(samplerbench.load(given.other)) if given.other else None
        found = comparison.of(first, second, given.reference, given.unlike)
    made = report.text(found, given.format)
    put([made], given.output)
    return FINE
