"""``samplerbench compare``: paired ratios within a campaign, or between two."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import samplerbench
from samplerbench.cli.common import EXIT_OK, add_latex_options, latex_options, write_or_print

FORMATS = ("table", "json", "markdown", "latex", "csv", "html")


def add_parser(commands: Any) -> None:
    """Add the arguments of ``compare``."""
    compare = commands.add_parser(
        "compare", help="paired ratios of time, error and efficiency", allow_abbrev=False
    )
    add = compare.add_argument
    add("folder", type=Path, metavar="DIR", help="campaign directory")
    add("other", type=Path, metavar="DIR", nargs="?", help="later campaign directory")
    add(
        "--reference",
        metavar="SAMPLER",
        help="sampler to compare against (default: the first honest row)",
    )
    add("--unlike", action="store_true", help="compare results of different machines too")
    rounding = (
        "numbers are rounded to what their intervals support; csv and json have full precision"
    )
    add("--format", choices=FORMATS, default="table", help=rounding)
    add_latex_options(compare)
    add("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    compare.set_defaults(command=execute)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.reports.comparison import report
    from samplerbench.reports.comparison.comparison import compare

    words = latex_options(args)
    with ExitStack() as folders:
        first = folders.enter_context(samplerbench.load(args.folder))
        second = folders.enter_context(samplerbench.load(args.other)) if args.other else None
        comparison = compare(first, second, args.reference, args.unlike)
    write_or_print([report.render(comparison, args.format, **words)], args.output)
    return EXIT_OK
