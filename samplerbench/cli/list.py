"""``samplerbench list``: what is registered."""

from __future__ import annotations

import argparse
from typing import Any

from samplerbench.cli import list_conformance, list_posteriors
from samplerbench.cli.common import FINE
from samplerbench.errors import UsageError
from samplerbench.plugins import Unusable

LISTS = ("samplers", "models", "environments")


def options(commands: Any) -> None:
    """What ``list`` takes."""
    listing = commands.add_parser("list", help="what is registered", allow_abbrev=False)
    listing.add_argument("what", nargs="?", choices=(*LISTS, "posteriors"))
    listing.add_argument(
        "--posteriordb", metavar="FOLDER", help="list the posteriors of this checkout"
    )
    listing.add_argument(
        "--conformance",
        metavar="NAME[:SETTING=VALUE,...]",
        help="check that this sampler or model keeps its contract; exit 1 unless it does",
    )
    listing.add_argument("--env", help="where the checks run (default: pinned)")
    listing.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    if given.env and not given.conformance:
        raise UsageError(f"--env {given.env} is for --conformance NAME")
    if given.conformance:
        return list_conformance.do(given.conformance, given.env or "pinned")
    if given.posteriordb and given.what not in (None, "posteriors"):
        raise UsageError(
            f"--posteriordb does not go with {given.what!r}\n"
            "  expected: samplerbench list posteriors --posteriordb FOLDER"
        )
    if given.posteriordb or given.what == "posteriors":
        print("\n".join(list_posteriors.lines(given.posteriordb)))
        return FINE
    for what in [given.what] if given.what else LISTS:
        if not given.what:
            print(f"{what}:")
        for name, summary in _listed(what):
            print(f"  {name:<18} {summary}")
    return FINE


def _listed(what: str) -> list[tuple[str, str]]:
    if what == "samplers":
        from samplerbench.samplers.base import samplers

        return _registered(samplers)
    if what == "models":
        from samplerbench.models.base import models

        return _registered(models)
    from samplerbench.harness.environments import environments

    return [(name, environments.summary(name)) for name in environments.names()]


def _registered(registry: Any) -> list[tuple[str, str]]:
    """The project's own, then what other distributions bring, with the reason where it can't be."""
    found = [(name, registry.get(name).summary) for name in registry.names()]
    for plugin in registry.plugins():
        try:
            text = registry.bring(plugin).summary
        except Unusable as reason:
            text = f"can't be used: {reason}"
        found.append((plugin.name, f"{text} [{plugin.source}]"))
    return found
