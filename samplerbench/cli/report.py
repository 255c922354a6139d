"""``samplerbench report``: tables, figures, the page and the draws of a stored campaign."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import samplerbench
from samplerbench.cli.common import (
    EXIT_OK,
    add_format,
    add_json,
    add_latex_options,
    choose_format,
    latex_options,
    open_page,
    terminal_width,
    write_or_print,
)
from samplerbench.errors import UsageError
from samplerbench.text import format_count, tell

if TYPE_CHECKING:
    from samplerbench.reports.report import ReportOptions

NEWEST = "campaign directory (default: the newest in ./samplerbench-runs)"
FORMATS = ("table", "markdown", "csv", "latex", "json", "json-rows", "html", "parquet")


def add_parser(commands: Any) -> None:
    """Add the arguments of ``report``."""
    report = commands.add_parser("report", help="show a stored campaign")
    add = report.add_argument
    add("folder", type=Path, metavar="DIR", nargs="?", help=NEWEST)
    add(
        "--pytest-benchmark",
        type=Path,
        metavar="FILE.json",
        help="instead of DIR: what --benchmark-json or --benchmark-autosave saved",
    )
    _add_table_options(report)
    add("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    add("--figures", type=Path, metavar="FOLDER", help="write every figure as SVG, PDF and PNG")
    text = "write draws as NetCDF for ArviZ, one file a row"
    add("--draws", type=Path, metavar="FOLDER", help=text)
    text = "replicates that --draws writes (default: 0)"
    add("--replicate", nargs="+", type=int, metavar="N", help=text)
    text = "leave out the machine's name, the path of the home folder, folders in the command"
    add("--anonymous", action="store_true", help=text)
    text = "matplotlib style, a file or a name as ggplot, applied on top of the project's"
    add("--style", type=Path, metavar="STYLE", help=text)
    text = "write the page beside the campaign, and show it in a browser"
    add("--open", action="store_true", help=text)
    add_json(report)
    report.set_defaults(command=execute)


def _add_table_options(report: argparse.ArgumentParser) -> None:
    """Add the options of the table of rows: its format, columns and order."""
    rounding = (
        "numbers are rounded to what their intervals support; csv, json and parquet have full"
        " precision; json-rows: the rows of json alone"
    )
    add_format(report, FORMATS, rounding)
    add = report.add_argument
    add("--columns", metavar="NAME,...", help="columns to show, separated by commas")
    text = "columns to sort by, best first; --sort=-NAME: worst first"
    add("--sort", metavar="NAME,...", help=text)
    add(
        "--by",
        choices=("parameter", "size"),
        help="parameter: one row a parameter instead of the worst one; size: how cost and verdict"
        " change along the swept sizes",
    )
    add_latex_options(report)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.campaign import arviz_export
    from samplerbench.harness.campaign.campaign import no_collection
    from samplerbench.reports import report

    args.format = choose_format(args)
    if args.replicate and not args.draws:
        raise UsageError("--replicate is for --draws FOLDER")
    if args.style and args.format != "html" and not (args.figures or args.open):
        raise UsageError("--style is for what has figures: --figures FOLDER or --format html")
    if args.format == "parquet" and (not args.output or args.pytest_benchmark):
        raise UsageError(
            "--format parquet\n  expected: a campaign, and -o FILE.parquet to write to"
        )
    if args.open and (args.output or args.format != "table"):
        raise UsageError("--open shows the page\n  expected: it without --output and --format")
    columns, sort = (_read_names(args, name) for name in ("columns", "sort"))
    options = report.ReportOptions(
        args.format,
        columns,
        sort,
        args.by == "parameter",
        args.style,
        terminal_width(),
        **latex_options(args),
        anonymous=args.anonymous,
    )
    if args.pytest_benchmark:
        return _report_pytest_benchmark(args, options)
    with samplerbench.load(args.folder or _find_newest()) as campaign:
        if args.draws:
            paths = arviz_export.write_netcdf(campaign, args.draws, args.replicate or (0,))
            print(f"{format_count(len(paths), 'file')} in {args.draws}")
        if args.figures:
            paths = report.write_figures(campaign, args.figures, args.style)
            print(f"{format_count(len(paths), 'file')} in {args.figures}")
        if args.open:
            open_page(report.write_page(campaign, replace(options, form="html")))
        if args.open or ((args.draws or args.figures) and not args.output):
            return EXIT_OK
        with no_collection():
            if args.format == "parquet" and args.by != "size":
                report.write_parquet(campaign, options, args.output)
                return EXIT_OK
            if args.by == "size":
                pieces: Iterable[str] = [
                    report.render_by_size(campaign, args.format, options.width)
                ]
            else:
                pieces = report.render_pieces(campaign, options)
            write_or_print(pieces, args.output)
    return EXIT_OK


def _read_names(args: argparse.Namespace, option: str) -> Sequence[str]:
    """The columns that ``--columns`` or ``--sort`` names.

    Raises UsageError where it names none, and where nothing that is shown has columns.
    """
    from samplerbench.reports.report import split_names

    text = getattr(args, option)
    names = split_names(text)
    if text is None:
        return names
    if not names:
        raise UsageError(
            f"--{option} {text!r} names no column\n  expected: names with commas, as "
            "sampler,verdict; list them with: samplerbench list columns"
        )
    if args.by == "size" or (not args.output and (args.draws or args.figures) and not args.open):
        raise UsageError(
            f"--{option} is for a table of rows, and none is shown\n  expected: it without "
            "--by size, and with --output where there is --draws or --figures"
        )
    return names


def _find_newest() -> Path:
    """The newest campaign here, which is named beside what is shown of it."""
    from samplerbench.harness.campaign import stored_runs

    folder = stored_runs.find_newest()
    tell(f"{folder}, the newest in ./{folder.parent}")
    return folder


def _report_pytest_benchmark(args: argparse.Namespace, options: ReportOptions) -> int:
    from samplerbench.reports import pytest_benchmark

    names = ("figures", "draws", "open")
    others = ["a folder"] * bool(args.folder) + [f"--{n}" for n in names if getattr(args, n)]
    others += ["--by size"] * (args.by == "size")
    if others:
        more = others[0]
        raise UsageError(f"--pytest-benchmark and {more} were given\n  expected: one of them")
    write_or_print(pytest_benchmark.render(args.pytest_benchmark, options), args.output)
    return EXIT_OK
