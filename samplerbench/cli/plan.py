"""``samplerbench plan``: the replicates that it takes to find a flaw, and their seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import samplerbench
from samplerbench.cli.common import EXIT_OK, add_table_or_json, terminal_width
from samplerbench.errors import UsageError


def add_parser(commands: Any) -> None:
    """Add the arguments of ``plan``."""
    plan = commands.add_parser("plan", help="how many replicates find a flaw of a given size")
    add = plan.add_argument
    add("folder", type=Path, metavar="DIR", nargs="?", help="plan with a campaign's ESS and times")
    add(
        "--detect",
        action="append",
        required=True,
        metavar="FLAW=SIZE,...",
        help="what is to be found with 95 %% probability: errors over claimed ones (calibration),"
        " of a mean in sds (bias), of log Z in claimed errors (log_z), share of runs far off"
        " (failures); as bias=0.1,calibration=1.3,failures=1%%",
    )
    add("--ess", type=float, help="without a campaign: the ESS of a run (default: 1000)")
    add("--parameters", type=int, help="without a campaign: how many there are (default: 2)")
    add_table_or_json(plan)
    plan.set_defaults(command=execute)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.scoring.power import read_wanted
    from samplerbench.reports import detection
    from samplerbench.reports.tables import terminal

    wanted = read_wanted(args.detect)
    ess, parameters = _read_size(args)
    if args.folder:
        with samplerbench.load(args.folder) as campaign:
            table = detection.plan_for_campaign(wanted, campaign)
    else:
        table = detection.plan_in_general(wanted, ess, parameters)
    if args.format == "json":
        print(detection.as_json(table), end="")
    else:
        print(terminal.render(table, terminal_width()), end="")
    return EXIT_OK


def _read_size(args: argparse.Namespace) -> tuple[float, int]:
    """ESS and number of parameters; raises UsageError."""
    if args.folder and (args.ess is not None or args.parameters is not None):
        raise UsageError(
            f"--ess and --parameters with the campaign {str(args.folder)!r}\n"
            "  expected: one of the two; a campaign has its own"
        )
    ess = 1000.0 if args.ess is None else args.ess
    parameters = 2 if args.parameters is None else args.parameters
    if not 0 < ess < float("inf"):
        raise UsageError(f"--ess {ess:g}\n  expected: a number above 0")
    if parameters < 1:
        raise UsageError(f"--parameters {parameters}\n  expected: a whole number from 1")
    return ess, parameters
