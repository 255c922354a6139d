"""``samplerbench completion``: a script that completes the command line in a shell."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from samplerbench.cli.common import FINE

SHELLS = ("bash", "zsh", "fish", "tcsh")
HOW = """\
bash: eval "$(samplerbench completion bash)" in ~/.bashrc
zsh:  samplerbench completion zsh > a folder of $fpath, as _samplerbench
fish: samplerbench completion fish > ~/.config/fish/completions/samplerbench.fish
tcsh: samplerbench completion tcsh > FILE, and source FILE in ~/.tcshrc
Names of samplers and models are those of the moment: make it anew when a plug-in is installed."""


def options(commands: Any) -> None:
    """What ``completion`` takes."""
    made = commands.add_parser(
        "completion",
        help="a script that completes commands, options and names in a shell",
        description=HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("shell", choices=SHELLS)
    made.set_defaults(command=do)


def do(given: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    print(script(given.shell, given.parser))
    return FINE


def script(shell: str, parser: Callable[[], argparse.ArgumentParser]) -> str:
    """The completion script for ``shell``, one of SHELLS, of what ``parser`` makes."""
    import shtab

    whole, named = parser(), _named()  # a parser of its own: it is changed below
    for action in _actions(whole):
        words = [named[option] for option in action.option_strings if option in named]
        if words and not action.choices:
            action.choices = words[0]  # only to be completed; names with settings are fine too
        elif action.metavar in ("FOLDER", "DIR"):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # what shtab reads
        elif str(action.metavar).startswith("FILE") or action.dest == "campaign":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(whole, shell=shell)


def _actions(whole: argparse.ArgumentParser) -> list[argparse.Action]:
    found: list[argparse.Action] = []
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                found += _actions(sub)
        else:
            found.append(action)
    return found


def _named() -> dict[str, list[str]]:
    """Option -> the words that it may take. Plug-ins are not imported for it."""
    from samplerbench.harness.campaign.plan import DEVICES, GATES
    from samplerbench.harness.environments import environments
    from samplerbench.models.base import models
    from samplerbench.samplers.base import samplers

    def all_of(registry: Any) -> list[str]:
        return sorted({*registry.names(), *(plugin.name for plugin in registry.plugins())})

    return {
        "--sampler": all_of(samplers),
        "--model": all_of(models),
        "--conformance": all_of(samplers) + all_of(models),
        "--env": environments.names(),
        "--device": list(DEVICES),
        "--precision": ["32", "64"],
        "--gate": list(GATES),
    }
