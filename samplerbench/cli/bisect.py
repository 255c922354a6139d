"""``samplerbench bisect``: which package, and which release of it, changed what a sampler does."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any

from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    add_format,
    add_json,
    choose_format,
    command_line,
    describe_exits,
    make_printer,
    refuse_unwritable,
    terminal_width,
    write_or_print,
)
from samplerbench.errors import RunInterrupted, UsageError, unknown_name

WHAT = ("import", "accuracy", "time")
#: those of ``harness.upgrades.stack_scores``, which is not loaded for a help text
ACCURACY = ("log_z_calibration", "calibration", "log_z_error", "mean_error", "sd_ratio")
FORMATS = ("table", "markdown", "json")
FOLDER_FLAGS = ("--folder", "--out")  # -o is the file of what is printed; --out is the older name
LEAST_RUNS = 2  # of an exponent, for an interval
EPILOG = """
Each package that differs is moved alone, from OLD's version to NEW's, with those that uv says must
follow. The first that makes the whole change is bisected over its releases; those that followed are
then put back. Two stacks differ where their 95 % intervals do not overlap. Environments are made in
the cache and stay there.
"""


def add_parser(commands: Any) -> None:
    """Add the arguments of ``bisect``."""
    bisect = commands.add_parser(
        "bisect",
        help="which package, and which release of it, changed time, accuracy or import",
        epilog=EPILOG,
    )
    add = bisect.add_argument
    stack = "environment, as pinned or latest, or a file of pins"
    add("old", metavar="OLD", help=f"older stack: {stack}")
    add("new", metavar="NEW", help=f"newer stack: {stack}")
    add(
        "--what",
        choices=WHAT,
        required=True,
        help="import: whether the sampler's libraries import; accuracy: its errors over those it"
        " claims, of log Z or of the worst parameter; time: seconds of a compiled run, as ratio in"
        " pairs of processes, or with several --draws as the exponent over them",
    )
    add(
        "--releases",
        metavar="PACKAGE",
        default="",
        help="try every release of this package in between, in order, instead of bisecting: finds"
        " what came with one release and went with a later one",
    )
    columns = ", ".join(ACCURACY)
    text = f"column that accuracy is told by, of {columns} (default: the first that tells the ends"
    add("--measure", default="", metavar="COLUMN", help=f"{text} apart)")
    add("--model", default="linear", metavar="NAME[:OPTION=VALUE,...]", help="default: linear")
    sampler = "NAME[:SETTING=VALUE,...]"
    add("--sampler", default="numpyro_nuts", metavar=sampler, help="default: numpyro_nuts")
    add("--draws", type=int, nargs="+", default=[1000], help="kept draws a chain (default: 1000)")
    add("--warmup", type=int, default=500, help="warm-up iterations (default: 500)")
    add("--replicates", type=int, default=32, help="runs of each stack (default: 32)")
    blocks = "processes of each stack that a ratio of seconds is from (default: 3)"
    add("--blocks", type=int, default=3, help=blocks)
    add("--timeout", type=float, default=600.0, help="seconds a trial may take (default: 600)")
    folder = "directory of the stacks tried; resumed if there"
    add(*FOLDER_FLAGS, dest="out", type=Path, metavar="DIR", help=folder)
    add("--retry", action="store_true", help="run stacks again that ended other than ok")
    add_format(bisect, FORMATS)
    add("-o", "--output", type=Path, metavar="FILE", help="write to this file")
    add("--dry-run", action="store_true", help="say what would be tried; do nothing")
    add("-q", "--quiet", action="store_true", help="no progress")
    add_json(bisect)
    bisect.set_defaults(command=execute, exits=describe_exits("no package is found"))


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.campaign.specifiers import parse_sampler
    from samplerbench.harness.upgrades.bisect import bisect
    from samplerbench.harness.upgrades.bisect_plan import describe_bisection
    from samplerbench.harness.upgrades.moved_stacks import StackMover
    from samplerbench.harness.upgrades.pinned_stack import read_stack
    from samplerbench.reports.upgrades import bisection

    args.format = choose_format(args)
    old, new = read_stack(args.old), read_stack(args.new)
    if old.digest == new.digest:
        raise UsageError(
            f"{args.old!r} and {args.new!r} have the same pins: no package differs\n"
            "  expected: two stacks that differ"
        )
    _refuse_early(args)
    folder = args.out or _choose_folder(old.digest, new.digest)
    sampler, _ = parse_sampler(args.sampler)
    if args.dry_run:
        print("\n".join(describe_bisection(old, new, folder, sampler, args.releases)))
        return EXIT_OK
    _claim(folder, f"{old.digest} {new.digest}")
    say = make_printer(args.quiet)
    say(f"stacks tried: {folder}")
    try:
        mover = StackMover(old, new, folder, sampler)
        score = _make_score(args, sampler, folder, mover.old, say)
        if args.releases and args.releases not in mover.changes:
            raise unknown_name("package in the difference", args.releases, mover.changes)
        report = bisect(mover, score, say, args.releases)
    except (RunInterrupted, KeyboardInterrupt):
        print(f"samplerbench: stopped\n  go on with: {command_line()}", file=sys.stderr)
        return EXIT_INTERRUPTED
    write_or_print([bisection.render(report, args.format, terminal_width())], args.output)
    return EXIT_OK if report.culprit else EXIT_FAILED


def _refuse_early(args: argparse.Namespace) -> None:
    """Raise UsageError for options that would be refused once environments are made."""
    from samplerbench.harness.campaign.expand import expand
    from samplerbench.harness.campaign.model_data import read_model_data
    from samplerbench.harness.campaign.plan_options import check_options
    from samplerbench.harness.campaign.run import make_plan

    if args.measure not in ("", *ACCURACY):
        raise unknown_name("column of accuracy", args.measure, ACCURACY)
    if args.measure and args.what != "accuracy":
        raise UsageError(
            f"--measure {args.measure} with --what {args.what}\n  expected: --what accuracy with it"
        )
    _refuse_draws(args)
    names = ("model", "sampler", "warmup", "replicates", "blocks", "timeout")
    for draws in args.draws:
        given = {name: getattr(args, name) for name in names} | {"draws": draws}
        plan, _, memory = make_plan(check_options(given, "the command line"))
        expand(plan, read_model_data(plan, memory))
    refuse_unwritable(args.output)


def _refuse_draws(args: argparse.Namespace) -> None:
    """Raise UsageError for budgets of which no stack would have a number."""
    from samplerbench.harness.statistics.between_processes import LEAST_PROCESSES

    draws = f"--draws {' '.join(map(str, args.draws))}"
    if len({*args.draws}) < len(args.draws):
        raise UsageError(f"{draws}\n  expected: each number once")
    if len(args.draws) > 1 and args.what != "time":
        raise UsageError(
            f"{draws} with --what {args.what}\n  expected: one number; several are for --what time"
        )
    if args.what != "time":
        return
    if len(args.draws) > 1 and args.replicates < LEAST_RUNS:
        raise UsageError(
            f"--replicates {args.replicates} with {draws}\n"
            f"  expected: {LEAST_RUNS} or more; an exponent's interval is from these runs"
        )
    if len(args.draws) == 1 and args.blocks < LEAST_PROCESSES:
        raise UsageError(
            f"--blocks {args.blocks} with --what time\n"
            f"  expected: {LEAST_PROCESSES} or more; a ratio's interval is from these processes"
        )


def _make_score(args: argparse.Namespace, sampler: str, folder: Path, old: Any, say: Any) -> Any:
    from samplerbench.harness.upgrades.stack_scores import ImportScores, RunScores, Trials

    if args.what == "import":
        return ImportScores(folder, sampler, say)
    names = ("model", "sampler", "warmup", "replicates", "blocks", "timeout", "retry")
    trials = Trials(draws=tuple(args.draws), **{name: getattr(args, name) for name in names})
    return RunScores(folder, old, trials, args.what == "time", args.measure)


def _choose_folder(*digests: str) -> Path:
    from samplerbench.harness.campaign.campaign_folder import RUNS

    digest = hashlib.sha256(" ".join(digests).encode()).hexdigest()[:8]
    return RUNS / f"bisect-{digest}"


def _claim(folder: Path, ends: str) -> None:
    """Make the folder of a bisection; raises UsageError for one of other stacks."""
    file = folder / "ends.txt"
    if file.is_file() and file.read_text("utf-8") != ends:
        raise UsageError(
            f"{str(folder)!r} holds a bisection between other stacks\n"
            "  expected: a new directory, or that of the same OLD and NEW; name one with --folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(ends, "utf-8")
    except OSError as error:
        raise UsageError(
            f"can't write {str(folder)!r}: {error.strerror}\n"
            "  expected: a directory that can be written; name another with --folder"
        ) from error
