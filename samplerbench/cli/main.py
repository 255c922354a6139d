"""The command line: each command parses, calls one function, prints, returns an exit code."""

from __future__ import annotations

import argparse
import re
import shlex
import sqlite3
import sys
import threading
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
    streams,
)
from samplerbench.cli import list as listing
from samplerbench.cli.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    command_line,
    describe_exits,
)
from samplerbench.cli.outputs import refuse_overwriting
from samplerbench.errors import RunInterrupted, SamplerbenchError, UsageError, unknown_name
from samplerbench.harness.campaign.signals import remember_sigint
from samplerbench.text import tell

COMMANDS = (run, judge, plan, report, compare, matrix, check, bisect, history, listing, completion)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    with streams.lasting_streams(), remember_sigint() as stopped:
        code = _execute_or_say_why(arguments, stopped)
        if loss := streams.describe_loss():
            tell(f"standard output is not whole: {loss}")
            code = code or EXIT_FAILED
        return code


def _execute_or_say_why(arguments: Sequence[str] | None, stopped: threading.Event) -> int:
    try:
        return _execute(arguments)
    except KeyboardInterrupt:
        return _say_stopped()
    except RunInterrupted as error:  # of commands that don't say themselves how to go on
        tell(f"{error}\n  go on with: {command_line()}")
        return EXIT_FAILED if error.lost else EXIT_INTERRUPTED
    except SamplerbenchError as error:
        tell(str(error))
        return EXIT_USAGE
    except (OSError, sqlite3.Error) as error:  # a full disk, a file or a database that is damaged
        tell(
            f"the system refuses: {error}\n"
            "  what was finished before is kept; once that is mended, call the same command again"
        )
        return EXIT_FAILED
    except Exception:
        if not stopped.is_set():
            raise
        return _say_stopped()


def _say_stopped() -> int:
    tell("stopped")
    return EXIT_INTERRUPTED


def _execute(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    args, unknown = parser.parse_known_args(arguments, argparse.Namespace(parser=build_parser))
    if unknown:
        refusing: _Parser = getattr(args, "own_parser", parser)
        refusing.refuse_unknown(unknown[0])
    if hasattr(args, "command"):
        refuse_overwriting(args)
        return args.command(args)
    build_parser().print_help()
    return EXIT_USAGE


class _Once(argparse.Action):
    """An option whose second value, which would take the first one's place, is refused."""

    def __call__(self, parser: Any, namespace: Any, values: Any, flag: str | None = None) -> None:
        given = vars(namespace).setdefault("given", {})
        words = values if isinstance(values, list) else [values]
        typed = shlex.join([str(flag), *map(str, words)])
        if flag and self.dest in given:
            raise UsageError(
                f"{given[self.dest]} and {typed} are given\n  expected: one of the two"
            )
        given[self.dest] = typed
        super().__call__(parser, namespace, values, flag)


class _StoreOnce(_Once, argparse._StoreAction): ...


class _StoreConstOnce(_Once, argparse._StoreConstAction): ...


class _Parser(argparse.ArgumentParser):
    """argparse, whose errors name the nearest known word, and whose help ends with exit codes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self.register("action", None, _StoreOnce)
        self.register("action", "store_const", _StoreConstOnce)

    def error(self, message: str) -> Any:
        choice = re.match(r"argument (.+): invalid choice: '(.*)' \(choose from (.*)\)", message)
        if choice:
            kind = "command" if choice[1] == "COMMAND" else f"value of {choice[1]}"
            message = str(unknown_name(kind, choice[2], re.findall(r"[^\s',]+", choice[3])))
        tell(f"{message}\n  help: {self.prog} --help")
        raise SystemExit(EXIT_USAGE)

    def refuse_unknown(self, word: str) -> None:
        """Exit with the error for ``word``, which is no option of this command."""
        if not word.startswith("-"):
            self.error(f"{word!r} is one argument too many")
        options = [o for action in self._actions for o in action.option_strings]
        known = [option for option in options if option.startswith("--")]
        self.error(str(unknown_name(f"option of {self.prog}", word.partition("=")[0], known)))

    def format_help(self) -> str:
        exits = self._get_formatter()  # of the same width
        exits.add_text(self.get_default("exits") or describe_exits())
        return f"{super().format_help()}\n{exits.format_help()}"


def build_parser() -> _Parser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="samplerbench",
        description="Which sampler is shown to be honest on my model, with these versions, on this"
        " machine, and what does it cost?",
    )
    parser.add_argument("-V", "--version", action="version", version=samplerbench.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    for each in commands.choices.values():
        each.set_defaults(own_parser=each)
    return parser


if __name__ == "__main__":  # from a checkout that is not installed: python -m samplerbench.cli.main
    sys.exit(main())
