"""The command line: each command parses, calls one function, prints, returns an exit code."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness

#: exit codes
FINE, NOT_OK, BAD_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130
FORMATS = ("table", "markdown", "csv", "latex", "json", "html")
COMPARE_FORMATS = ("table", "json", "markdown", "html")
LISTS = ("samplers", "models", "environments")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        try:
            return _do(arguments)
        finally:
            sys.stdout.flush()  # so that a reader who has left is noticed here, not at exit
    except KeyboardInterrupt:
        print("samplerbench: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except Exception as error:
        if not _is_refusal(error):
            raise
        print(f"samplerbench: {error}", file=sys.stderr)
        return BAD_ARGUMENTS


def _do(arguments: Sequence[str] | None) -> int:
    given = _parser().parse_args(arguments)
    if hasattr(given, "command"):
        return given.command(given)
    _parser().print_help()
    return BAD_ARGUMENTS


def _is_refusal(error: Exception) -> bool:
    """Errors whose text is for the user: what, expected, what to do."""
    from harness.compare import Unlike
    from harness.environments import EnvironmentFailed
    from harness.store import StoreError
    from models.registry import UnknownName

    return isinstance(error, (UnknownName, StoreError, EnvironmentFailed, Unlike))


class _Parser(argparse.ArgumentParser):
    """argparse, with the nearest option named for one that is not known."""

    def error(self, message: str) -> Any:
        from difflib import get_close_matches

        marker = "unrecognized arguments: "
        if message.startswith(marker):
            word = message[len(marker) :].split()[0]
            options = [o for action in self._all_actions() for o in action.option_strings]
            near = get_close_matches(word.split("=")[0], options, n=1)
            known = ", ".join(sorted(o for o in set(options) if o.startswith("--")))
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"no option is called {word!r}{hint}\n  known options: {known}"
        print(f"samplerbench: {message}\n  help: {self.prog} --help", file=sys.stderr)
        raise SystemExit(BAD_ARGUMENTS)

    def _all_actions(self) -> list[argparse.Action]:
        found = list(self._actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    found += sub._actions
        return found


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="samplerbench",
        description="Which sampler can I trust on my model, with these versions, on this machine,"
        " and what does it cost?",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=harness.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _run_options(commands)
    _report_options(commands)
    compare = commands.add_parser(
        "compare", help="paired ratios of time, error and efficiency", allow_abbrev=False
    )
    compare.add_argument("folder", type=Path, metavar="DIR")
    compare.add_argument("other", type=Path, metavar="DIR", nargs="?", help="a later campaign")
    compare.add_argument("--reference", metavar="SAMPLER", help="default: the first honest row")
    compare.add_argument("--unlike", action="store_true", help="also across unlike machines")
    compare.add_argument("--format", choices=COMPARE_FORMATS, default="table")
    compare.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it there")
    compare.set_defaults(command=_compare)
    _matrix_options(commands)
    check = commands.add_parser(
        "check", help="is the stack that is installed known to work? exit 0 / 1", allow_abbrev=False
    )
    check.add_argument("--python", metavar="PATH", help="an interpreter (default: this one)")
    check.add_argument("--json", action="store_true", help="as JSON")
    check.set_defaults(command=_check)
    listing = commands.add_parser("list", help="what is registered", allow_abbrev=False)
    listing.add_argument("what", nargs="?", choices=LISTS)
    listing.set_defaults(command=_list)
    return parser


def _run_options(commands: Any) -> None:
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
        help="pinned, latest, current, or a file of pins (default: pinned)",
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
    add("--jobs", type=int, help="trials at once (default: 1; timings want 1)")
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
    run.set_defaults(command=_run)  # fmt: skip


def _report_options(commands: Any) -> None:
    report = commands.add_parser("report", help="show a stored campaign", allow_abbrev=False)
    add = report.add_argument
    add("folder", type=Path, metavar="DIR")
    add("--format", choices=FORMATS, default="table")
    add("--columns", metavar="NAME,...", help="the columns to show, separated by commas")
    add("--sort", metavar="NAME,...", help="best first; --sort=-NAME for worst first")
    add("--by", choices=("parameter",), help="one row a parameter instead of the worst one")
    add("-o", "--output", type=Path, metavar="FILE", help="write it there")
    add("--figures", type=Path, metavar="FOLDER", help="write every figure as SVG, PDF and PNG")
    add("--style", type=Path, metavar="FILE", help="a matplotlib style on top of the project's")
    report.set_defaults(command=_report)


def _matrix_options(commands: Any) -> None:
    matrix = commands.add_parser(
        "matrix", help="which version stacks install, import, run and are right", allow_abbrev=False
    )
    add = matrix.add_argument
    add("file", nargs="?", type=Path, metavar="MATRIX.toml", help="default: the shipped matrix")
    add("--jobs", type=int, default=1, help="stacks at once (default: 1)")
    add("--again", action="store_true", help="also those that are known")
    add("--stored", action="store_true", help="show what is known; run nothing")
    add("--out", type=Path, metavar="DIR", help="where rows are kept (default: the user's cache)")
    add("--keep-environments", action="store_true", help="do not delete what was made")
    add("--write-pins", type=Path, metavar="FOLDER", help="pins of what passes, for pip and conda")
    add("--format", choices=("table", "markdown", "json"), default="table")
    add("--quiet", action="store_true", help="no progress")
    matrix.set_defaults(command=_matrix)


def _run(given: argparse.Namespace) -> int:
    from harness import campaign, gate, plan, progress
    from reports import command

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
            command=shlex.join(["samplerbench", *sys.argv[1:]]),
            **options,
        )
    except campaign.Interrupted as stopped:
        if isinstance(watcher, progress.Bar):
            watcher.stop()
        print(f"samplerbench: {stopped}\n  go on with: {_again(stopped.folder)}", file=sys.stderr)
        return INTERRUPTED
    with found:
        rows = found.rows()
        print(command.text(found, command.Asked(width=_width())), end="")
        print(f"\ncampaign: {_near(found.folder)}")
        print(f"report:   {_near(command.write_page(found))}")
    failing = gate.failing(rows, options.get("gate", ()))
    for line in failing:
        print(f"samplerbench: gate: {line}", file=sys.stderr)
    return FINE if not failing and all(row["status"] == "ok" for row in rows) else NOT_OK


def _again(folder: Path) -> str:
    """The command that was given, with the folder named."""
    words = ["samplerbench", *sys.argv[1:]]
    if "--out" not in words:
        words += ["--out", str(_near(folder))]
    return shlex.join(words)


def _near(folder: Path) -> Path:
    """The folder as a short path where it lies below the current one."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _report(given: argparse.Namespace) -> int:
    from reports import command

    with harness.load(given.folder) as found:
        if given.figures:
            paths = command.figures(found, given.figures, given.style)
            print(f"{len(paths)} files in {given.figures}")
            return FINE
        by = given.by == "parameter"
        columns, sort = command.words(given.columns), command.words(given.sort)
        asked = command.Asked(given.format, columns, sort, by, given.style, _width())
        made = command.text(found, asked)
    if given.output:
        command.write(given.output, made)
    else:
        print(made, end="")
    return FINE


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((120, 24)).columns


def _compare(given: argparse.Namespace) -> int:
    from contextlib import ExitStack

    from reports import command, compare_command, comparison

    with ExitStack() as folders:
        first = folders.enter_context(harness.load(given.folder))
        second = folders.enter_context(harness.load(given.other)) if given.other else None
        found = comparison.of(first, second, given.reference, given.unlike)
    made = compare_command.text(found, given.format)
    if given.output:
        command.write(given.output, made)
    else:
        print(made, end="")
    return FINE


def _matrix(given: argparse.Namespace) -> int:
    from harness import matrix, matrix_file, pins_out
    from reports import stacks

    wanted = matrix_file.read(given.file or matrix_file.SHIPPED)
    kept = given.out / "known.json" if given.out else None
    try:
        entries = matrix.stored(wanted, kept) if given.stored else matrix.run(
            wanted, kept, jobs=given.jobs, again=given.again,
            keep_environments=given.keep_environments, say=_say(given.quiet),
        )  # fmt: skip
    except matrix.Interrupted as stopped:
        print(f"samplerbench: {stopped}\n  go on with: {_command_line()}", file=sys.stderr)
        return INTERRUPTED
    shown = {"markdown": stacks.markdown, "json": stacks.as_json}.get(given.format)
    print(shown(entries) if shown else stacks.terminal(entries, _width()), end="")
    if given.write_pins:
        written = pins_out.write([entry.row for entry in entries if entry.row], given.write_pins)
        print(f"{len(written)} files in {given.write_pins}", file=sys.stderr)
    return FINE if all(entry.row and not entry.row.passing for entry in entries) else NOT_OK


def _say(quiet: bool) -> Any:
    return lambda line: None if quiet else print(line, file=sys.stderr, flush=True)


def _command_line() -> str:
    return shlex.join(["samplerbench", *sys.argv[1:]])


def _check(given: argparse.Namespace) -> int:
    from harness import check
    from reports import stack_check

    found = check.look(given.python)
    print(stack_check.as_json(found) if given.json else stack_check.text(found), end="")
    return FINE if found.fine else NOT_OK


def _list(given: argparse.Namespace) -> int:
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
    from harness import environments

    return [(name, environments.summary(name)) for name in environments.names()]
