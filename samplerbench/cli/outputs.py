"""Files that a command writes: none over what it reads, or over what a campaign is made of."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.campaign_folder import FILE, FOLDERS, LOCK
from samplerbench.user_files import full_path, split_file

FLAGS = {"output": "--output", "junit": "--junit", "summary": "--summary"}
#: arguments whose words, which are no paths yet, may name files that are read
READ = ("model", "sampler", "env", "data", "reference", "files", "old", "new")


def refuse_overwriting(args: argparse.Namespace) -> None:
    """Raise UsageError for a file to write that the command reads, or that is a campaign's own.

    Raised before anything is read or run: what stands there can't be made again.
    """
    written = {name: getattr(args, name, None) for name in FLAGS}
    for name, path in written.items():
        if not isinstance(path, Path):
            continue
        flag = f"{FLAGS[name]} {str(path)!r}"
        if _is_part_of_campaign(full_path(path)):
            raise UsageError(
                f"{flag} is a file of the campaign itself, which would be lost\n"
                "  expected: a file elsewhere"
            )
        for option, other in _list_paths(args):
            if option != name and _is_same_file(path, other):
                raise UsageError(
                    f"{flag} would take the place of {str(other)!r}, which this command is given "
                    "as well\n  expected: a file of another name"
                )


def _is_part_of_campaign(path: Path) -> bool:
    """Whether a campaign keeps ``path``; its page, which is made from the rest, is not meant."""
    if path.name == LOCK or path.name.startswith(FILE):
        return (path.parent / FILE).is_file()
    return any(
        folder.name in FOLDERS and (folder.parent / FILE).is_file() for folder in path.parents
    )


def _list_paths(args: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Every argument that names a file, or may name one."""
    for option, value in vars(args).items():
        for word in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(word, Path):
                yield option, word
            elif isinstance(word, str) and option in READ:
                yield option, Path(split_file(word)[0] or word)


def _is_same_file(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):  # a name of too many letters, or a null one
        if one.is_file() and other.is_file():
            return os.path.samefile(one, other)
        return not one.exists() and full_path(one) == full_path(other)  # both are to be written
    return False
