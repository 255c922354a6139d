"""``samplerbench history``: how verdict, calibration and time moved over campaigns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import samplerbench
from samplerbench.cli.common import (
    EXIT_OK,
    add_format,
    choose_format,
    refuse_same_folder,
    refuse_slower,
    terminal_width,
    write_or_print,
)

FORMATS = ("table", "markdown", "html")


def add_parser(commands: Any) -> None:
    """Add the arguments of ``history``."""
    history = commands.add_parser(
        "history",
        help="how verdict, calibration and time moved over campaigns of releases or commits",
    )
    add = history.add_argument
    text = "campaign directories, or their JSON of `report --format json`, the oldest first; each"
    text += " row is compared with the one before it"
    add("folders", type=Path, metavar="DIR", nargs="+", help=text)
    add("--by-date", action="store_true", help="in the order of their last results")
    add("--unlike", action="store_true", help="compare seconds of different machines too")
    text = "times the seconds of the one before that count as no change (default: 1.1)"
    add("--slower", type=float, default=1.1, metavar="FACTOR", help=text)
    add_format(history, FORMATS)
    add("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    history.set_defaults(command=execute)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.upgrades.history import trace_lines
    from samplerbench.reports.upgrades import history

    args.format = choose_format(args)
    refuse_slower(args.slower)
    refuse_same_folder(*args.folders)
    releases = [_read(folder) for folder in args.folders]
    if args.by_date:
        releases.sort(key=lambda release: release.end_time or 0.0)
    lines = trace_lines(releases, args.slower, args.unlike)
    write_or_print([history.render(lines, args.format, terminal_width())], args.output)
    return EXIT_OK


def _read(folder: Path) -> Any:
    from samplerbench.harness.upgrades.baseline_gate import names_export, read_rows
    from samplerbench.harness.upgrades.history import Release

    if names_export(folder):
        return Release(folder.stem, None, read_rows(folder))
    with samplerbench.load(folder) as campaign:
        span = campaign.store.time_span()
        return Release(folder.resolve().name, span[1] if span else None, campaign.rows())
