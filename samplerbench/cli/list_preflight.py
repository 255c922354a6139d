"""``samplerbench list samplers --model NAME``: which samplers can take a model, and why not."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from samplerbench.cli import run
from samplerbench.errors import UsageError

#: options of a plan that say what the model is, and what it imports
OPTIONS = ("model", "data", "columns", "codes", "missing", "without", "with_packages")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a model and its data."""
    from samplerbench.harness.campaign import plan

    for name in OPTIONS:
        if name != "model":
            run.add_option(parser, plan.OPTIONS[name])
    parser.add_argument(
        "--model",
        metavar="NAME[:OPTION=VALUE,...]",
        help="with samplers: say for each whether it can take this model, and why not; nothing is "
        "run, and no environment made",
    )


def is_asked(args: argparse.Namespace) -> bool:
    """Whether ``args`` hold any of these options."""
    return any(getattr(args, name) for name in OPTIONS)


def read_answers(args: argparse.Namespace) -> list[dict[str, Any]]:
    """What each sampler says of the model that ``args`` name; JSON-able."""
    from samplerbench.harness.campaign.preflight import ask_samplers

    options = {name: getattr(args, name) for name in (*OPTIONS, "env")}
    given = {name: value for name, value in options.items() if value}
    if args.what != "samplers" or not args.model:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(
            f"{words} with {args.what or 'no list'!r}\n"
            "  expected: samplerbench list samplers --model NAME"
        )
    return [asdict(answer) for answer in ask_samplers(**given)]


def make_lines(answers: list[dict[str, Any]]) -> list[str]:
    """A line for each sampler: its environment, yes, no or unknown, and the reason."""
    widths = [max(len(each[name]) for each in answers) for name in ("sampler", "environment")]
    return [
        f"  {each['sampler']:<{widths[0]}}  {each['environment']:<{widths[1]}}  "
        f"{each['takes']:<7}  {each['reason']}".rstrip()
        for each in answers
    ]
