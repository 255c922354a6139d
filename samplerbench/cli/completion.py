"""``samplerbench completion``: a shell script that completes commands, options and names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from samplerbench.cli.common import EXIT_OK

SHELLS = ("bash", "zsh", "fish", "tcsh")
USAGE = """\
bash: eval "$(samplerbench completion bash)" in ~/.bashrc
zsh:  samplerbench completion zsh > a folder of $fpath, as _samplerbench
fish: samplerbench completion fish >~/.config/fish/completions/samplerbench.fish
tcsh: samplerbench completion tcsh > FILE, and source FILE in ~/.tcshrc
Names of samplers and models are those of now: make it again after installing a
plug-in."""


def add_parser(commands: Any) -> None:
    """Add the arguments of ``completion``."""
    completion = commands.add_parser(
        "completion",
        help="print a shell script that completes commands, options and names",
        description=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(command=execute)


def execute(args: argparse.Namespace) -> int:
    """Execute the command; returns the exit code."""
    print(completion_script(args.shell, args.parser))
    return EXIT_OK


def completion_script(shell: str, parser: Callable[[], argparse.ArgumentParser]) -> str:
    """The completion script for ``shell``, one of SHELLS, of the command line of ``parser``."""
    import shtab

    root, names = parser(), _names()  # a parser of its own: it is changed below
    for action in _actions(root):
        words = [names[option] for option in action.option_strings if option in names]
        if words and not action.choices:
            action.choices = words[0]  # only to be completed; names with settings are fine too
        elif action.dest == "what" and not action.option_strings:
            action.choices = names["what"]
        elif action.metavar in ("FOLDER", "DIR"):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # what shtab reads
        elif str(action.metavar).startswith("FILE") or action.dest == "campaign":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(root, shell=shell)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    actions: list[argparse.Action] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                actions += _actions(command)
        else:
            actions.append(action)
    return actions


def _names() -> dict[str, list[str]]:
    """Option -> the words that it may take. Plug-ins are not imported for it."""
    from samplerbench.cli.list import LISTS, OTHER_LISTS
    from samplerbench.harness.campaign.plan import OPTIONS
    from samplerbench.harness.environments import environments
    from samplerbench.models.base import models
    from samplerbench.samplers.base import samplers

    names = {registry: sorted({*registry.all_names()}) for registry in (samplers, models)}
    choices = {f"--{name}": list(map(str, one.choices)) for name, one in OPTIONS.items()}
    return {
        **{option: words for option, words in choices.items() if words},
        "--sampler": names[samplers],
        "--model": names[models],
        "--conformance": names[samplers] + names[models],
        "--env": environments.names(),
        "what": [*LISTS, *OTHER_LISTS, *names[samplers], *names[models]],
    }
