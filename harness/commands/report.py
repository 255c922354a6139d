"""``samplerbench report``: tables, figures and the page of a stored campaign."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import harness
from harness.commands.common import FINE, put, width

FORMATS = ("table", "markdown", "csv", "latex", "json", "html")


def options(commands: Any) -> None:
    """What ``report`` takes."""
    report = commands.add_parser("report", help="show a stored campaign", allow_abbrev=False)
    add = report.add_argument
    add("folder", type=Path, metavar="DIR")
    add("--format", choices=FORMATS, default="table")
    add("--columns", metavar="NAME,...", help="the columns to show, separated by commas")
    add("--sort", metavar="NAME,...", help="best first; --sort=-NAME for worst first")
    add("--by", choices=("parameter",), help="one row a parameter instead of the worst one")
    add("-o", "--output", type=Path, metavar="FILE", help="write it there")
    add("--figures", type=Path, metavar="FOLDER", help="write every figure as SVG, PDF and PNG")
    add("--style", type=Path, metavar="FILE", help="a matplotlib style on top of the project's")
    report.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from reports import command

    with harness.load(given.folder) as found:
        if given.figures:
            paths = command.figures(found, given.figures, given.style)
            print(f"{len(paths)} files in {given.figures}")
            return FINE
        by = given.by == "parameter"
        columns, sort = command.words(given.columns), command.words(given.sort)
        asked = command.Asked(given.format, columns, sort, by, given.style, width())
        made = command.text(found, asked)
    put(made, given.output)
    return FINE
