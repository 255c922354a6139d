"""What commands share: exit codes, the terminal's width, the command as typed, output."""

from __future__ import annotations

import argparse
import math
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from samplerbench.cli.streams import is_gone
from samplerbench.errors import UsageError
from samplerbench.text import tell
from samplerbench.user_files import full_path

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
FORMAT_OF_ENDING = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".parquet": "parquet",
    ".tex": "latex",
}
TEXT_ENDINGS = (".txt", ".log")
LEAST_WIDTH, INDENT = 30, 6  # of a last column; how far in it is on lines of its own
FOLDER_FLAGS = ("-o", "--output", "--out")  # of a campaign's folder; --out is the older name


def describe_exits(failed: str = "") -> str:
    """The exit codes of a command in a line; ``failed`` is what it exits with 1 for."""
    middle = f"{EXIT_FAILED} {failed}, " if failed else ""
    return f"exit codes: {EXIT_OK} done, {middle}{EXIT_USAGE} refused, {EXIT_INTERRUPTED} stopped"


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``, which is ``--format json``."""
    parser.add_argument(
        "--json", action="store_const", dest="format", const="json", help="as --format json"
    )


def add_table_or_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--format`` and ``--json`` to a command that prints a table or JSON, and no file."""
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: table"
    )
    add_json(parser)


def add_format(parser: argparse.ArgumentParser, formats: Sequence[str], text: str = "") -> None:
    """Add ``--format``; where it is not given, the ending of ``--output`` says it."""
    parser.set_defaults(formats=formats)
    default = "default: by the ending of --output, else table"
    text = "; ".join(filter(None, (", ".join(formats), text, default)))
    parser.add_argument("--format", choices=formats, metavar="FORMAT", help=text)


def choose_format(args: argparse.Namespace) -> str:
    """The format that is asked for, by ``--format`` or by the ending of ``--output``.

    Raises UsageError for a file of another kind, which the text of a table is not.
    """
    ending = args.output.suffix.lower() if args.output else ""
    if args.format or not ending or ending[1:].isdigit():  # a release or a date is no ending
        return str(args.format or "table")
    named = "table" if ending in TEXT_ENDINGS else FORMAT_OF_ENDING.get(ending)
    if named not in args.formats:
        known = [end for end, name in FORMAT_OF_ENDING.items() if name in args.formats]
        raise UsageError(
            f"{str(args.output)!r}: nothing is written as {ending}\n  expected: a file in "
            f"{', '.join((*known, *TEXT_ENDINGS))}; or --format, whatever its name"
        )
    return str(named)


def make_printer(quiet: bool) -> Callable[[str], None]:
    """What prints a line of progress on standard error; nothing where ``quiet``."""
    return lambda line: None if quiet else print(line, file=sys.stderr, flush=True)


def open_page(page: Path) -> None:
    """Show ``page`` in a browser; where there is none, say where it lies."""
    import webbrowser

    if not webbrowser.open(full_path(page).as_uri()):
        tell(f"no browser is here; the page is {full_path(page)}")


def terminal_width() -> int:
    """Columns of the terminal, 120 where there is none."""
    return shutil.get_terminal_size((120, 24)).columns


def wrap_last(columns: str, text: str) -> str:
    """``columns`` and ``text``, the last one, which goes on below itself at a terminal's width.

    It begins on a line of its own where it has no room beside them. In a pipe all is one line.
    """
    if not sys.stdout.isatty():
        return columns + text
    has_room = terminal_width() - len(columns) >= LEAST_WIDTH
    indent = " " * (len(columns) if has_room else INDENT)
    below = textwrap.fill(
        text,
        max(terminal_width(), LEAST_WIDTH),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return columns + below.lstrip() if has_room else f"{columns.rstrip()}\n{below}".rstrip()


def command_line(*more: str) -> str:
    """The command as it was typed, and ``more`` words."""
    return shlex.join(["samplerbench", *sys.argv[1:], *more])


def add_latex_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a table in LaTeX."""
    text = "of --format latex, in place of what all rows share"
    parser.add_argument(
        "--caption", default="", metavar="TEXT", help=f"caption {text}; may hold TeX"
    )
    parser.add_argument(
        "--label", default="", metavar="NAME", help="label of --format latex: tab:x"
    )


def refuse_same_folder(*folders: Path) -> None:
    """Raise UsageError where a campaign would be held against itself."""
    places = [full_path(folder) for folder in folders]
    for folder, place in zip(folders, places, strict=True):
        if places.count(place) > 1:
            raise UsageError(
                f"{str(folder)!r} is named twice: held against itself, nothing can differ\n"
                "  expected: campaigns of their own"
            )


def refuse_slower(slower: float) -> None:
    """Raise UsageError for a factor of seconds that tolerates nothing, or everything."""
    if not 1 <= slower < math.inf:
        raise UsageError(f"--slower {slower:g}\n  expected: a number from 1 on, as 1.1")


def latex_options(args: argparse.Namespace) -> dict[str, str]:
    """What ``add_latex_options`` has read. Raises UsageError where no LaTeX is written."""
    given = {name: getattr(args, name) for name in ("caption", "label")}
    if args.format != "latex" and any(given.values()):
        name = next(name for name, text in given.items() if text)
        raise UsageError(
            f"--{name} and --format {args.format} were given\n"
            "  expected: --format latex, whose table has a caption and a label"
        )
    return given


def refuse_unwritable(*files: Path | None) -> None:
    """Raise UsageError for files that could not be written when all is done."""
    for file in filter(None, files):
        if file.is_dir() or not file.parent.is_dir():
            raise UsageError(
                f"{str(file)!r} can't be written\n  expected: a file in a folder that is there"
            )


def write_or_print(pieces: Iterable[str], output: Path | None) -> None:
    """Write ``pieces`` of text to the file ``output``, or print them one by one."""
    from samplerbench.reports import report

    if output:
        report.write_text(output, pieces)
        return
    for piece in pieces:
        print(piece, end="")
        if is_gone(sys.stdout):  # as by `| head`: the rest would cost time for nobody
            break
