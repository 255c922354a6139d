"""``samplerbench report``: tables, figures and the page of what is stored."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import samplerbench
from samplerbench.cli.common import FINE, put, width
from samplerbench.errors import UsageError

if TYPE_CHECKING:
    from samplerbench.reports.report import Asked

FORMATS = ("table", "markdown", "csv", "latex", "json", "html")


def options(commands: Any) -> None:
    """What ``report`` takes."""
    report = commands.add_parser("report", help="show a stored campaign", allow_abbrev=False)
    add = report.add_argument
    add("folder", type=Path, metavar="DIR", nargs="?", help="a campaign's folder")
    add(
        "--pytest-benchmark",
        type=Path,
        metavar="FILE.json",
        help="instead of DIR: what --benchmark-json or --benchmark-autosave saved",
    )
    rounding = "numbers are rounded to what their intervals support; csv and json have them in full"
    add("--format", choices=FORMATS, default="table", help=rounding)
    add("--columns", metavar="NAME,...", help="the columns to show, separated by commas")
    add("--sort", metavar="NAME,...", help="best first; --sort=-NAME for worst first")
    add(
        "--by",
        choices=("parameter", "size"),
        help="parameter: one row a parameter instead of the worst one; size: how cost and verdict"
        " grow along what was swept",
    )
    add("-o", "--output", type=Path, metavar="FILE", help="write it there")
    add("--figures", type=Path, metavar="FOLDER", help="write every figure as SVG, PDF and PNG")
    add("--draws", type=Path, metavar="FOLDER", help="write draws as NetCDF for ArviZ, one a row")
    add("--replicate", nargs="+", type=int, metavar="N", help="of --draws: which (default: 0)")
    add("--style", type=Path, metavar="FILE", help="a matplotlib style on top of the project's")
    report.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from samplerbench.harness.campaign import netcdf_export
    from samplerbench.harness.campaign.run import no_collection
    from samplerbench.reports import report as command

    if given.replicate and not given.draws:
        raise UsageError("--replicate is for --draws FOLDER")

    by = given.by == "parameter"
    columns, sort = command.words(given.columns), command.words(given.sort)
    asked = command.Asked(given.format, columns, sort, by, given.style, width())
    if given.pytest_benchmark:
        return _saved_by_pytest(given, asked)
    if not given.folder:
        raise UsageError(
            "there is nothing to report on\n  expected: DIR or --pytest-benchmark FILE"
        )
    with samplerbench.load(given.folder) as found:
        if given.draws:
            paths = netcdf_export.write(found, given.draws, given.replicate or (0,))
            print(f"{len(paths)} files in {given.draws}")
            return FINE
        if given.figures:
            paths = command.figures(found, given.figures, given.style)
            print(f"{len(paths)} files in {given.figures}")
            return FINE
        by_size = given.by == "size"
        with no_collection():
            made = (
                [command.by_size(found, given.format)] if by_size else command.pieces(found, asked)
            )
            put(made, given.output)
    return FINE


def _saved_by_pytest(given: argparse.Namespace, asked: Asked) -> int:
    from samplerbench.reports import pytest_benchmark

    if given.folder or given.figures:
        more = "a folder" if given.folder else "--figures"
        raise UsageError(f"--pytest-benchmark and {more} were given\n  expected: one of them")
    put(pytest_benchmark.text(given.pytest_benchmark, asked), given.output)
    return FINE
