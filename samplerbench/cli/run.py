"""``samplerbench run``: runs a campaign, prints its table, writes its page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    command_line,
    terminal_width,
)
from samplerbench.cli.compare import add_files
from samplerbench.harness.campaign.plan import OPTIONS, Option

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign


def add_parser(commands: Any) -> None:
    """Add the arguments of ``run``: the options of a plan, and how to run it."""
    run = commands.add_parser(
        "run", help="run a campaign, show its table, write its report", allow_abbrev=False
    )
    add = run.add_argument
    add("campaign", nargs="?", type=Path, help="a TOML file with these options as keys")
    for option in OPTIONS.values():
        add_option(run, option)
    add("--out", type=Path, metavar="DIR", help="campaign directory; an existing one is resumed")
    add("--retry", action="store_true", help="run trials again that ended other than ok")
    add("--quiet", action="store_true", help="show no progress")
    add_files(run)
    run.set_defaults(command=execute)


def add_option(parser: argparse.ArgumentParser, option: Option, single: bool = False) -> None:
    """Add an option of a plan; ``single``: a list takes one value each time it is given."""
    flag, help = f"--{option.name.replace('_', '-')}", _help(option)
    if option.type is bool:
        parser.add_argument(flag, action="store_true", default=None, help=help)
        return
    many: dict[str, Any] = {"nargs": "+", "action": "extend"} if option.is_list else {}
    if option.is_list and single:
        many = {"action": "append"}
    kind = str if option.words else option.type
    parser.add_argument(flag, type=kind, metavar=option.metavar, help=help, **many)


def _help(option: Option) -> str:
    default = f" (default: {option.shown_default})" if option.shown_default else ""
    return f"{option.help}{default}".replace("%", "%%")


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.cli import progress
    from samplerbench.harness.campaign.run import RunInterrupted, run

    options = _options(args)
    watcher = progress.choose_watcher(args.quiet)
    try:
        campaign = run(args.out, watcher, args.retry, command_line(), **options)
    except RunInterrupted as error:
        watcher.on_interrupt()
        print(f"samplerbench: {error}\n  go on with: {_resume(error.folder)}", file=sys.stderr)
        return EXIT_FAILED if error.lost else EXIT_INTERRUPTED
    with campaign:
        return report_campaign(campaign, options.get("gate", ()), args.junit, args.summary)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """The campaign file's options, with those of the command line in their place."""
    from samplerbench.harness.campaign.plan_options import read_campaign_file

    options = read_campaign_file(args.campaign) if args.campaign else {}
    typed = {name: getattr(args, name) for name in OPTIONS}
    for name, option in OPTIONS.items():
        if option.words and typed[name] not in (None, *option.words):  # words are read by run()
            typed[name] = option.parse(typed[name])
    return {**options, **{name: value for name, value in typed.items() if value is not None}}


def report_campaign(
    campaign: Campaign, gate: Any, junit: Path | None = None, summary: Path | None = None
) -> int:
    """Print the table, write the page, apply the gate and write what it found; the exit code."""
    from samplerbench.harness.run_cost import describe_cost
    from samplerbench.harness.scoring import ci_gate
    from samplerbench.reports import gate_files, report

    rows = campaign.rows()
    print(report.render(campaign, report.ReportOptions(width=terminal_width())), end="")
    print(f"\ncampaign: {_relative(campaign.folder)}")
    if cost := campaign.store.fact("cost"):
        print(f"run:      {describe_cost(cost)}")
    page = report.try_write_page(campaign)
    print(f"report:   {page if isinstance(page, str) else _relative(page)}")
    cases = ci_gate.check_rows(rows, gate)
    if gate or junit or summary:
        title = f"samplerbench run, {_relative(campaign.folder)}"
        gate_files.write_files(cases, title, junit, summary)
    failures = ci_gate.list_lines(cases)
    for line in failures:
        print(f"samplerbench: gate: {line}", file=sys.stderr)
    every_ok = all(row["status"] == "ok" for row in rows)
    return EXIT_OK if every_ok and not failures else EXIT_FAILED


def _resume(folder: Path) -> str:
    """The command that resumes the run: as it was typed, with the folder named."""
    if "--out" in sys.argv:
        return command_line()
    return command_line("--out", str(_relative(folder)))


def _relative(folder: Path) -> Path:
    """The folder as a short path where it lies below the current one."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
