"""``samplerbench judge``: judges draws that other programs made, as if they had been made here."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplerbench.cli import run
from samplerbench.cli.common import FOLDER_FLAGS, command_line, refuse_unwritable
from samplerbench.cli.compare import add_files, refuse_files_of_no_gate
from samplerbench.harness.campaign.plan import JUDGE_OPTIONS, OPTIONS

#: options that no other command has
OWN = (
    "name",
    "names",
    "reference_names",
    "chains_per_replicate",
    "chains_as_replicates",
    "failures",
    "superchains",
)
#: lists that take one value each time they are given, since files may follow
SINGLE = ("model", "env", "with_packages", "posterior", "gate", "margin")
EPILOG = """\
Files: Stan's CSV, ArviZ's NetCDF, .npz, .csv and other tables. A table has one row a draw and one
column a component: "b", "theta[0]" (counted from 0 or from 1), "theta.1.2" (Stan's); a column
"chain" numbers its chains. Arrays are [draw, ...] or [chain, draw, ...]. Weighted draws come with
"weight" or "log_weight"; "log_z", "log_z_err" and, where there are weights, "ess" are numbers.
"""


def add_parser(commands: Any) -> None:
    """Add the arguments of ``judge``: the draws, and the model that they are of."""
    judge = commands.add_parser(
        "judge",
        help="judge draws that other programs made, show the table, write the report",
        epilog=EPILOG,
    )
    add = judge.add_argument
    add("files", nargs="+", metavar="FILE", help="draws, one file a replicate")
    add("--name", default="external", help="what the sampler is called (default: external)")
    add(
        "--chains-per-replicate",
        type=int,
        metavar="N",
        help="N files, in their order, are the chains of one replicate",
    )
    add(
        "--chains-as-replicates",
        action="store_true",
        help="each chain of a file is a replicate; chains that share their adaptation, or a start,"
        " are not independent, and verdicts on them are worth nothing",
    )
    add(
        "--failures",
        type=int,
        metavar="N",
        help="runs that failed and left no draws; left out, they would not count against it",
    )
    add(
        "--superchains",
        type=int,
        metavar="K",
        help="K groups of a replicate's chains, beside one another, started at one point each;"
        " the row has their nested R-hat",
    )
    pairs: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "NAME=NAME,..."}
    text = "names of the files for the model's parameters, as theta=b"
    add("--names", default=[], help=text, **pairs)
    add("--reference-names", default=[], help=OPTIONS["names"].help, **pairs)
    for name in JUDGE_OPTIONS:
        option = replace(OPTIONS[name], default_text="") if name == "model" else OPTIONS[name]
        run.add_option(judge, option, single=name in SINGLE)
    folder = "campaign directory; an existing one gets a row"
    add(*FOLDER_FLAGS, dest="out", type=Path, metavar="DIR", help=folder)
    add("--open", action="store_true", help="show the page in a browser when it is written")
    add_files(judge)
    judge.set_defaults(command=execute, exits=run.EXITS)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    from samplerbench.harness.campaign.judge import judge

    refuse_unwritable(args.junit, args.summary)
    given = {name: getattr(args, name) for name in (*OWN, *JUDGE_OPTIONS)}
    options = {name: value for name, value in given.items() if value is not None}
    gate = options.get("gate", ())
    refuse_files_of_no_gate(args, gate)
    with judge(args.files, out=args.out, command=command_line(), **options) as campaign:
        return run.report_campaign(campaign, gate, args.junit, args.summary, args.open, "judge")
