"""``samplerbench list``: what there is, and what settings, options and columns are."""

from __future__ import annotations

import argparse
import json
from typing import Any

from samplerbench.cli import (
    list_conformance,
    list_posteriors,
    list_preflight,
    list_settings,
)
from samplerbench.cli.common import EXIT_OK, add_table_or_json, describe_exits, wrap_last
from samplerbench.errors import UsageError
from samplerbench.plugins import PluginError
from samplerbench.text import escape_controls

LISTS = ("samplers", "models", "environments")
OTHER_LISTS = ("posteriors", "runs", "options", "columns")


def add_parser(commands: Any) -> None:
    """Add the arguments of ``list``."""
    listing = commands.add_parser("list", help="list samplers, models, environments and runs")
    listing.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="samplers, models, environments, posteriors, runs, columns of the table, or options of"
        " a campaign (with --json: their JSON Schema); or the name of a sampler or a model, whose"
        " settings are listed with what each does, or of an environment, whose packages are",
    )
    listing.add_argument(
        "--posteriordb", metavar="FOLDER", help="list the posteriors of this checkout"
    )
    listing.add_argument(
        "--conformance",
        metavar="NAME[:SETTING=VALUE,...]",
        help="check that this sampler or model fulfils its interface; exit 1 unless it does",
    )
    list_preflight.add_options(listing)
    listing.add_argument(
        "--env",
        help="environment of the checks, or in which samplers are to take the model"
        " (default: each sampler's own, or pinned)",
    )
    add_table_or_json(listing)
    failed = "a check of --conformance failed"
    listing.set_defaults(command=execute, exits=describe_exits(failed))


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    if args.env and not (args.conformance or args.model):
        raise UsageError(f"--env {args.env} is for --conformance NAME and for --model NAME")
    if args.conformance:
        return list_conformance.execute(args.conformance, args.env, args.format == "json")
    if args.posteriordb and args.what not in (None, "posteriors"):
        raise UsageError(
            f"--posteriordb does not go with {args.what!r}\n"
            "  expected: samplerbench list posteriors --posteriordb FOLDER"
        )
    if args.posteriordb or args.what == "posteriors":
        record, lines = list_posteriors.describe_posteriors(args.posteriordb)
    else:
        record, lines = _list(args)
    shown = [json.dumps(record, indent=1)] if args.format == "json" else lines
    print("\n".join(map(escape_controls, shown)))
    return EXIT_OK


def _list(args: argparse.Namespace) -> tuple[Any, list[str]]:
    """What is asked for, as a record for JSON and as lines."""
    if list_preflight.is_asked(args):
        answers = list_preflight.read_answers(args)
        return answers, list_preflight.make_lines(answers)
    if args.what == "runs":
        from samplerbench.harness.campaign.stored_runs import RUNS, list_runs

        runs = [(str(folder), f"{changed:%Y-%m-%d %H:%M}") for folder, changed in list_runs()]
        lines = [f"  {changed}  {folder}" for folder, changed in runs]
        return {"runs": dict(runs)}, lines or [f"  no campaign lies in ./{RUNS}"]
    if args.what == "columns":
        from samplerbench.harness.scoring.columns import MAIN_COLUMNS

        columns = {column.name: column.description for column in MAIN_COLUMNS}
        width = max(map(len, columns))
        return {"columns": columns}, [
            wrap_last(f"  {name:<{width}} ", columns[name]) for name in columns
        ]
    if args.what == "options":
        return _describe_options()
    if args.what and args.what not in LISTS:
        found = list_settings.describe_names(args.what, (*LISTS, *OTHER_LISTS))
        return found, [line for entry in found for line in list_settings.make_lines(entry)]
    record = {what: _entries(what) for what in ([args.what] if args.what else LISTS)}
    lines = []
    for what, entries in record.items():
        lines += [] if args.what else [f"{what}:"]
        width = max(len(name) for name, _ in entries)
        lines += [wrap_last(f"  {name:<{width}} ", summary) for name, summary in entries]
    return {what: dict(entries) for what, entries in record.items()}, lines


def _describe_options() -> tuple[dict[str, Any], list[str]]:
    """The JSON Schema of a campaign file, and a line for each of its keys."""
    from samplerbench.harness.campaign.plan import OPTIONS
    from samplerbench.harness.campaign.plan_options import make_schema

    cells = [("key", "type", "what it is")]
    cells += [
        (option.name, option.kind + ", or a table" * option.table, option.describe())
        for option in OPTIONS.values()
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(2)]
    lines = [
        wrap_last(f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  ", about)
        for name, kind, about in cells
    ]
    return make_schema(), lines


def _entries(what: str) -> list[tuple[str, str]]:
    if what == "samplers":
        from samplerbench.samplers.base import samplers

        return _registered(samplers)
    if what == "models":
        from samplerbench.models.base import models

        return _registered(models)
    from samplerbench.harness.environments import environments

    return [(name, environments.summarize(name)) for name in environments.names()]


def _registered(registry: Any) -> list[tuple[str, str]]:
    """Name and summary: the project's own, then those of plug-ins, or why they can't be used.

    Of samplers the controls, which know the answer, come last.
    """
    own = sorted(registry.names(), key=lambda n: getattr(registry.get(n), "control", False))
    entries = [(name, registry.get(name).summary) for name in own]
    for plugin in registry.plugins():
        try:
            summary = registry.load_plugin(plugin).summary
        except PluginError as error:
            summary = f"can't be used: {error}"
        entries.append((plugin.name, f"{summary} [{plugin.source}]"))
    return entries
