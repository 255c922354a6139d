"""``samplerbench run``: a campaign, its table and its page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from samplerbench.cli.common import (
    FINE,
    INTERRUPTED,
    NOT_OK,
    typed,
    width,
)


def options(commands: Any) -> None:
    """What ``run`` takes."""
    run = commands.add_parser(
        "run", help="run a campaign, show its table, write its report", allow_abbrev=False
    )
    add = run.add_argument
    add("campaign", nargs="?", type=Path, help="a TOML file with these options as keys")
    add(
        "--model",
        nargs="+",
        action="extend",
        metavar="NAME[:OPTION=VALUE,...]",
        help="registered, or path/to/file.py:name (default: linear)",
    )
    add(
        "--sampler",
        nargs="+",
        action="extend",
        metavar="NAME[:SETTING=VALUE,...]",
        help="default: the four, HMC also with a sane trajectory, and the control",
    )
    add("--posteriordb", metavar="FOLDER", help="a checkout of posteriordb; see --posterior")
    add(
        "--posterior",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="posteriors of --posteriordb, judged by its reference draws; all: all with a program",
    )
    add("--replicates", type=int, help="independent runs of each sampler (default: 32)")
    add("--chains", type=int, help="chains a replicate (default: 1)")
    add("--warmup", type=int, help="warm-up iterations a chain (default: 500)")
    add("--draws", type=int, help="kept draws a chain (default: 5000)")
    add("--seed", type=int, help="replicate r runs with seed + r (default: 0)")
    add(
        "--env",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="pinned, latest, current, a file of pins, or another Python (default: pinned)",
    )
    add("--device", nargs="+", action="extend", metavar="DEVICE", help="cpu, gpu (default: cpu)")
    add(
        "--precision",
        nargs="+",
        action="extend",
        type=int,
        metavar="BITS",
        help="32, 64 (default: 32)",
    )
    add(
        "--sweep",
        nargs="+",
        action="extend",
        metavar="NAME=VALUE,...",
        help="run with each value of a model's option, a sampler's setting, chains, warmup, draws"
        " or replicates; several: their product",
    )
    add("--data", metavar="FILE", help=".npz or .csv with the data of a program in a file")
    add(
        "--reference",
        metavar="FILE",
        help="reference draws or moments of a model without an exact answer: .npz, .csv, .nc"
        " (ArviZ), .json[.zip] (posteriordb)",
    )
    add("--jobs", type=int, help="trials at once (default: 1; timings want 1)")
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler, as tcp://host:8786: its workers do the trials, one each at a time",
    )
    add("--timeout", type=float, help="seconds a trial may take (default: 600)")
    add(
        "--calibrate",
        choices=["prior"],
        help="simulation-based calibration: truths and data drawn from the prior",
    )
    add(
        "--gate",
        nargs="+",
        action="extend",
        metavar="VERDICT",
        help="exit 1 unless rows are this (honest), or SAMPLER=VERDICT for one sampler",
    )
    add("--out", type=Path, metavar="DIR", help="the campaign's folder; one that is there goes on")
    add("--retry", action="store_true", help="run again what ended other than ok")
    add("--quiet", action="store_true", help="no progress")
    run.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from samplerbench.cli import progress
    from samplerbench.harness.campaign import plan
    from samplerbench.harness.campaign import run as campaign
    from samplerbench.harness.scoring import ci_gate
    from samplerbench.reports import report

    options = plan.from_file(given.campaign) if given.campaign else {}
    for name in plan.Plan.__dataclass_fields__:
        value = getattr(given, name)
        if value is not None:
            options[name] = value
    watcher = progress.watcher(given.quiet)
    try:
        found = campaign.run(
            out=given.out,
            watcher=watcher,
            retry=given.retry,
            command=typed(),
            **options,
        )
    except campaign.Interrupted as stopped:
        if isinstance(watcher, progress.Bar):
            watcher.stop()
        print(f"samplerbench: {stopped}\n  go on with: {_again(stopped.folder)}", file=sys.stderr)
        return NOT_OK if stopped.lost else INTERRUPTED
    with found:
        rows = found.rows()
        print(report.text(found, report.Asked(width=width())), end="")
        print(f"\ncampaign: {_near(found.folder)}")
        page = report.page_or_why_not(found)
        print(f"report:   {page if isinstance(page, str) else _near(page)}")
    failing = ci_gate.failing(rows, options.get("gate", ()))
    for line in failing:
        print(f"samplerbench: gate: {line}", file=sys.stderr)
    return FINE if not failing and all(row["status"] == "ok" for row in rows) else NOT_OK


def _again(folder: Path) -> str:
    """The command that was given, with the folder named."""
    return typed() if "--out" in sys.argv else typed("--out", str(_near(folder)))


def _near(folder: Path) -> Path:
    """The folder as a short path where it lies below the current one."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
