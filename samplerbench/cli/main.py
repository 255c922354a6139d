"""The command line: each command parses, calls one function, prints, returns an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import samplerbench
from samplerbench.cli import (
    check,
    compare,
    completion,
    matrix,
    report,
    run,
)
from samplerbench.cli import (
    list as listing,
)
from samplerbench.cli.common import BAD_ARGUMENTS, FINE, INTERRUPTED

COMMANDS = (run, report, compare, matrix, check, listing, completion)


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
    given = parser().parse_args(arguments, argparse.Namespace(parser=parser))
    if hasattr(given, "command"):
        return given.command(given)
    parser().print_help()
    return BAD_ARGUMENTS


def _is_refusal(error: Exception) -> bool:
    """Errors whose text is for the user: what, expected, what to do."""
    from samplerbench.errors import UsageError
    from samplerbench.harness.campaign.store import StoreError
    from samplerbench.harness.comparison.paired_ratios import Unlike
    from samplerbench.harness.environments.environments import EnvironmentFailed

    return isinstance(error, (UsageError, StoreError, EnvironmentFailed, Unlike))


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


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    made = _Parser(
        prog="samplerbench",
        description="Which sampler can I trust on my model, with these versions, on this machine,"
        " and what does it cost?",
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=samplerbench.__version__)
    commands = made.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.options(commands)
    return made


if __name__ == "__main__":  # from a checkout that is not installed: python -m samplerbench.cli.main
    sys.exit(main())
