"""The command line: each command parses, calls one function, prints, returns an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import samplerbench
from samplerbench.cli import (
    bisect,
    check,
    compare,
    completion,
    history,
    judge,
    matrix,
    plan,
    report,
    run,
)
from samplerbench.cli import (
    list as listing,
)
from samplerbench.cli.common import EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from samplerbench.errors import SamplerbenchError

COMMANDS = (run, judge, plan, report, compare, matrix, check, bisect, history, listing, completion)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        try:
            return _execute(arguments)
        finally:
            sys.stdout.flush()  # so that a reader who has left is noticed here, not at exit
    except KeyboardInterrupt:
        print("samplerbench: stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except SamplerbenchError as error:
        print(f"samplerbench: {error}", file=sys.stderr)
        return EXIT_USAGE


def _execute(arguments: Sequence[str] | None) -> int:
    args = build_parser().parse_args(arguments, argparse.Namespace(parser=build_parser))
    if hasattr(args, "command"):
        return args.command(args)
    build_parser().print_help()
    return EXIT_USAGE


class _Parser(argparse.ArgumentParser):
    """argparse, whose error for an unknown option names the nearest known one."""

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
        raise SystemExit(EXIT_USAGE)

    def _all_actions(self) -> list[argparse.Action]:
        actions = list(self._actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    actions += command._actions
        return actions


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="samplerbench",
        description="Which sampler can I trust on my model, with these versions, on this machine,"
        " and what does it cost?",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=samplerbench.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


if __name__ == "__main__":  # from a checkout that is not installed: python -m samplerbench.cli.main
    sys.exit(main())
