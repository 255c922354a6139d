"""Refusals as Python's users read them: arguments in place of the command line's options.

What refuses does not know who called. Its text names options, as ``--precision 64``; where Python
called, the text that leaves says ``precision=64``.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from samplerbench.errors import SamplerbenchError

#: an option, and the word behind it; not within a command to be typed, which goes on to its end
OPTION = re.compile(
    r"`[^`\n]*`|\bsamplerbench [^\n]*"
    r"|(?<![\w-])--([a-z][a-z-]*)(?: ([^\s;,.)]+(?:[.,][^\s;,.)]+)*))?"
)
PLACEHOLDER = re.compile(r"[A-Z]+|\d+")
WORDS = ("cpu", "gpu", "pinned", "latest", "current", "prior", "drop", "nan", "all")
#: options whose argument is called otherwise
OTHER_NAMES = {"with": "with_packages"}


@contextlib.contextmanager
def name_arguments(function: Callable[..., Any]) -> Iterator[None]:
    """Have refusals in a ``with`` block name the arguments of ``function``."""
    try:
        yield
    except SamplerbenchError as error:
        error.args = (rename_options(str(error), inspect.signature(function).parameters),)
        raise


def rename_options(text: str, parameters: Mapping[str, inspect.Parameter]) -> str:
    """``text`` with ``name=`` in place of each ``--name`` that is one of ``parameters``."""

    def rename(match: re.Match[str]) -> str:
        flag, value = match[1] or "", match[2]
        name = OTHER_NAMES.get(flag, flag.replace("-", "_"))
        if name not in parameters:
            return match[0]
        if isinstance(parameters[name].default, bool):  # a switch takes no value
            return f"{name}=True" + (f" {value}" if value else "")
        if value and PLACEHOLDER.fullmatch(value):
            return f"{name}={value}"
        if value and ("=" in value or value in WORDS):
            return f'{name}="{value}"'
        return f"{name}=" + (f" {value}" if value else "")

    return OPTION.sub(rename, text)
