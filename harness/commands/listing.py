"""``samplerbench list``: what is registered."""

from __future__ import annotations

import argparse
from typing import Any

from harness.commands.common import FINE

LISTS = ("samplers", "models", "environments")


def options(commands: Any) -> None:
    """What ``list`` takes."""
    listing = commands.add_parser("list", help="what is registered", allow_abbrev=False)
    listing.add_argument("what", nargs="?", choices=LISTS)
    listing.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    for what in [given.what] if given.what else LISTS:
        if not given.what:
            print(f"{what}:")
        for name, summary in _listed(what):
            print(f"  {name:<18} {summary}")
    return FINE


def _listed(what: str) -> list[tuple[str, str]]:
    if what == "samplers":
        from samplers.base import samplers

        return [(name, samplers.get(name).summary) for name in samplers.names()]
    if what == "models":
        from models.base import models

        return [(name, models.get(name).summary) for name in models.names()]
    from harness.stacks import environments

    return [(name, environments.summary(name)) for name in environments.names()]
