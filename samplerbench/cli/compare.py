"""``samplerbench compare``: paired ratios within a campaign, or between two."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import samplerbench
from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_OK,
    add_format,
    add_json,
    add_latex_options,
    choose_format,
    describe_exits,
    latex_options,
    refuse_same_folder,
    refuse_slower,
    terminal_width,
    write_or_print,
)
from samplerbench.errors import UsageError
from samplerbench.text import escape_controls

FORMATS = ("table", "json", "markdown", "latex", "csv", "html")


def add_parser(commands: Any) -> None:
    """Add the arguments of ``compare``."""
    compare = commands.add_parser("compare", help="paired ratios of time, error and efficiency")
    add = compare.add_argument
    add("folder", type=Path, metavar="DIR", help="campaign directory")
    add("other", type=Path, metavar="DIR", nargs="?", help="later campaign directory")
    add(
        "--reference",
        metavar="SAMPLER",
        help="sampler to compare against (default: the first honest row)",
    )
    add("--unlike", action="store_true", help="compare results of different machines too")
    add(
        "--gate",
        type=Path,
        metavar="BASELINE",
        help="for CI: an earlier campaign, its directory or its JSON of `report --format json`;"
        " exit 1 where a row of it has a verdict, calibration or seconds that are worse by their"
        " 95 %% intervals, or is missing",
    )
    add(
        "--slower",
        type=float,
        metavar="FACTOR",
        help="times the baseline's seconds that --gate tolerates (default: 1.1)",
    )
    add_files(compare)
    rounding = (
        "numbers are rounded to what their intervals support; csv and json have full precision"
    )
    add_format(compare, FORMATS, rounding)
    add_latex_options(compare)
    add("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    add_json(compare)
    compare.set_defaults(command=execute, exits=describe_exits("--gate found a row that is worse"))


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the files that a gate writes."""
    add = parser.add_argument
    add("--junit", type=Path, metavar="FILE", help="write what the gate found as JUnit's XML")
    text = "append it as markdown (default: the summary of a job of GitHub Actions)"
    add("--summary", type=Path, metavar="FILE", help=text)


def refuse_files_of_no_gate(args: argparse.Namespace, gate: Sequence[str]) -> None:
    """Raise UsageError for files of a gate that is not asked for: all would pass in them."""
    for name in ("junit", "summary"):
        if getattr(args, name) is not None and not gate:
            raise UsageError(
                f"--{name} writes what a gate found, and there is none\n"
                "  expected: --gate VERDICT with it, as --gate honest"
            )


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    if args.gate:
        if args.format or args.output:
            raise UsageError(
                "--gate with --format or --output\n"
                "  expected: --junit FILE or --summary FILE, which write what a gate found"
            )
        for name in ("reference", "caption", "label"):
            if getattr(args, name):
                raise UsageError(f"--{name} with --gate\n  expected: one of the two")
        return _hold_against_baseline(args)
    for name in ("junit", "summary", "slower"):
        if getattr(args, name) is not None:
            raise UsageError(f"--{name} without a gate\n  expected: --gate BASELINE with it")
    from samplerbench.reports.comparison import report
    from samplerbench.reports.comparison.comparison import compare

    args.format = choose_format(args)
    words = latex_options(args)
    if args.other:
        refuse_same_folder(args.folder, args.other)
    with ExitStack() as folders:
        first = folders.enter_context(samplerbench.load(args.folder))
        second = folders.enter_context(samplerbench.load(args.other)) if args.other else None
        comparison = compare(first, second, args.reference, args.unlike)
    write_or_print(
        [report.render(comparison, args.format, **words, width=terminal_width())], args.output
    )
    return EXIT_OK


def _hold_against_baseline(args: argparse.Namespace) -> int:
    """Say of each row whether it is worse than the baseline's; the exit code."""
    from samplerbench.harness.upgrades import baseline_gate
    from samplerbench.reports import gate_files

    slower = baseline_gate.SLOWER if args.slower is None else args.slower
    refuse_slower(slower)
    if args.other:
        raise UsageError(
            "--gate with two campaigns\n  expected: samplerbench compare DIR --gate BASELINE"
        )
    refuse_same_folder(args.folder, args.gate)
    with samplerbench.load(args.folder) as campaign:
        rows = campaign.rows()
        unfinished = campaign.store.count_trials() - campaign.store.count_finished()
    baseline = _read_baseline(args.gate)
    cases = baseline_gate.check_against(rows, baseline, slower, args.unlike, unfinished)
    for case in cases:
        lines = [f"{case.name}, {case.place}: {'fails' if case.failure else 'passes'}"]
        lines += [f"  {text}" for text in (case.failure, case.note) if text]
        print(escape_controls("\n".join(lines)))
    gate_files.write_files(cases, f"{args.folder} against {args.gate}", args.junit, args.summary)
    return EXIT_FAILED if any(case.failure for case in cases) else EXIT_OK


def _read_baseline(path: Path) -> Any:
    """The rows to hold others against. Raises UsageError where there are none: all would pass."""
    from samplerbench.harness.upgrades import baseline_gate

    rows: Sequence[baseline_gate.Row]
    if baseline_gate.names_export(path):
        rows = baseline_gate.read_export(path).rows
    else:
        with samplerbench.load(path) as campaign:
            rows = campaign.rows()
    if not rows:
        raise UsageError(
            f"the baseline {str(path)!r} holds no row: whatever is held against it would pass\n"
            "  expected: a campaign with results, or its `samplerbench report DIR --format json`"
        )
    return rows
