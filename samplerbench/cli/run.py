"""``samplerbench run``: runs a campaign, prints its table, writes its page."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    FOLDER_FLAGS,
    command_line,
    describe_exits,
    open_page,
    refuse_unwritable,
    terminal_width,
)
from samplerbench.cli.compare import add_files, refuse_files_of_no_gate
from samplerbench.errors import RunInterrupted
from samplerbench.harness.campaign.campaign_folder import suggest_folder
from samplerbench.harness.campaign.plan import OPTIONS, Option
from samplerbench.text import in_one_line, tell

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

EXITS = describe_exits("a row is not ok, or not what --gate asks for")
CAMPAIGN = "a TOML file with these options as keys, or a pyproject.toml with [tool.samplerbench]"
DRY_RUN = "say which trials would run, what would be installed and how long it may take; do nothing"


def add_parser(commands: Any) -> None:
    """Add the arguments of ``run``: the options of a plan, and how to run it."""
    run = commands.add_parser("run", help="run a campaign, show its table, write its report")
    add = run.add_argument
    add("campaign", nargs="?", type=Path, help=CAMPAIGN)
    for option in OPTIONS.values():
        add_option(run, option)
    folder = "campaign directory; an existing one is resumed"
    add(*FOLDER_FLAGS, dest="out", type=Path, metavar="DIR", help=folder)
    add("--retry", action="store_true", help="run trials again that ended other than ok")
    add("--dry-run", action="store_true", help=DRY_RUN)
    add("--open", action="store_true", help="show the page in a browser when it is written")
    add("-q", "--quiet", action="store_true", help="show no progress")
    add("-v", "--verbose", action="store_true", help="show progress as lines, one for each phase")
    add_files(run)
    run.set_defaults(command=execute, exits=EXITS)


def add_option(parser: argparse.ArgumentParser, option: Option, single: bool = False) -> None:
    """Add an option of a plan; ``single``: a list takes one value each time it is given."""
    flag, help = f"--{option.name.replace('_', '-')}", option.describe().replace("%", "%%")
    if option.type is bool:
        parser.add_argument(flag, action="store_true", default=None, help=help)
        return
    many: dict[str, Any] = {"nargs": "+", "action": "extend"} if option.is_list else {}
    if option.is_list and single:
        many = {"action": "append"}
    flags = [option.short] * bool(option.short) + [flag]
    many.update(dest=option.name, type=option.read, metavar=option.metavar)
    parser.add_argument(*flags, help=help, **many)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.cli import progress
    from samplerbench.harness.campaign.run import run

    options = _options(args)
    refuse_unwritable(args.junit, args.summary)
    refuse_files_of_no_gate(args, options.get("gate", ()))
    if args.dry_run:
        return _describe_plan(options, args.out, args.retry)
    watcher = progress.choose_watcher(args.quiet, verbose=args.verbose)
    try:
        campaign = run(args.out, watcher, args.retry, command_line(), **options)
    except RunInterrupted as error:
        watcher.on_interrupt()
        print(f"samplerbench: {error}\n  {_advise(error, args.out)}", file=sys.stderr)  # whole
        return EXIT_FAILED if error.lost else EXIT_INTERRUPTED
    with campaign:
        return report_campaign(
            campaign, options.get("gate", ()), args.junit, args.summary, args.open
        )


def _advise(error: RunInterrupted, out: Path | None) -> str:
    """The command to go on with."""
    folder = _relative(error.folder)
    if error.is_kept:
        return f"go on with: {command_line(*([] if out else ['-o', str(folder)]))}"
    other = suggest_folder(folder)  # here it would be refused
    anew = f"another, as -o {shlex.quote(str(other))}" if out else command_line("-o", str(other))
    return f"where it was renamed, name its new place by -o; else begin anew with: {anew}"


def _describe_plan(options: dict[str, Any], out: Path | None, retry: bool) -> int:
    """Print what a run would do; nothing is run, made or written."""
    from samplerbench.harness.campaign.dry_run import describe_run

    print("\n".join(describe_run(out, options, retry)))
    return EXIT_OK


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """The campaign file's options, with those of the command line in their place."""
    from samplerbench.harness.campaign.plan_options import check_options, read_campaign_file

    options = read_campaign_file(args.campaign) if args.campaign else {}
    given = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    return {**options, **check_options(given, "the command line")}


def report_campaign(
    campaign: Campaign,
    gate: Any,
    junit: Path | None = None,
    summary: Path | None = None,
    show: bool = False,
    word: str = "run",
) -> int:
    """Print the table, write the page, apply the gate and write what it found; the exit code.

    ``show`` opens the page in a browser; ``word`` is the command's.
    """
    from samplerbench.harness.run_cost import describe_cost
    from samplerbench.harness.scoring import ci_gate
    from samplerbench.reports import gate_files, report

    rows = campaign.rows()
    print(report.render(campaign, report.ReportOptions(width=terminal_width())), end="")
    print(f"\ncampaign: {in_one_line(_relative(campaign.folder))}")
    if cost := campaign.store.fact("cost"):
        print(f"run:      {describe_cost(cost)}")
    page = report.try_write_page(campaign)
    print(f"report:   {in_one_line(page if isinstance(page, str) else _relative(page))}")
    if show and isinstance(page, Path):
        open_page(page)
    failures: list[str] = []
    if gate:
        cases = ci_gate.check_rows(rows, gate)
        title = f"samplerbench {word}, {_relative(campaign.folder)}"
        gate_files.write_files(cases, title, junit, summary)
        failures = ci_gate.list_lines(cases)
    for line in failures:
        tell(f"gate: {line}")
    every_ok = all(row["status"] == "ok" for row in rows)
    return EXIT_OK if every_ok and not failures else EXIT_FAILED


def _relative(folder: Path) -> Path:
    """The folder as a short path where it lies below the current one."""
    try:
        return folder.relative_to(Path.cwd())
    except (OSError, ValueError):  # it lies elsewhere, or the current folder is gone
        return folder
