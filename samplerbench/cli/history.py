"""``samplerbench history``: how verdict, calibration and time moved over campaigns."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import samplerbench
from samplerbench.cli.common import (
    EXIT_OK,
    add_format,
    add_json,
    choose_format,
    refuse_same_folder,
    refuse_slower,
    terminal_width,
    write_or_print,
)
from samplerbench.errors import UsageError
from samplerbench.user_files import full_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samplerbench.harness.upgrades.history import Release

FORMATS = ("table", "markdown", "html", "json")


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
    add_json(history)
    add("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    history.set_defaults(command=execute)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.upgrades.history import trace_lines
    from samplerbench.reports.upgrades import history

    args.format = choose_format(args)
    refuse_slower(args.slower)
    refuse_same_folder(*args.folders)
    releases = _tell_apart([_read(folder) for folder in args.folders], args.folders)
    if args.by_date:
        releases = _sort_by_date(releases)
    lines = trace_lines(releases, args.slower, args.unlike)
    if not lines:
        names = ", ".join(release.name for release in releases)
        raise UsageError(f"no row is in {names}\n  expected: campaigns with results")
    write_or_print([history.render(lines, args.format, terminal_width())], args.output)
    return EXIT_OK


def _tell_apart(releases: Sequence[Release], folders: Sequence[Path]) -> list[Release]:
    """Releases of one name by the paths that were given."""
    names = [release.name for release in releases]
    return [
        replace(release, name=str(folder)) if names.count(release.name) > 1 else release
        for release, folder in zip(releases, folders, strict=True)
    ]


def _sort_by_date(releases: Sequence[Release]) -> list[Release]:
    """In the order of their last results. Raises UsageError for one whose date is not known."""
    undated = [release.name for release in releases if release.end_time is None]
    if undated:
        raise UsageError(
            f"--by-date: {undated[0]!r} does not say when its last result came\n"
            "  expected: campaigns with results, or what `report --format json` writes of them"
        )
    return sorted(releases, key=lambda release: release.end_time or 0.0)


def _read(folder: Path) -> Release:
    from samplerbench.harness.upgrades.baseline_gate import names_export, read_export
    from samplerbench.harness.upgrades.history import Release

    if names_export(folder):
        export = read_export(folder)
        return Release(folder.stem, export.end_time, export.rows)
    with samplerbench.load(folder) as campaign:
        span = campaign.store.time_span()
        return Release(full_path(folder).name, span[1] if span else None, campaign.rows())
