"""What Python's users read: arguments in place of the command line's options.

What refuses or tells does not know who called. Its text names options, as ``--precision 64``; where
Python called, the text that leaves says ``precision=64``.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from samplerbench.errors import SamplerbenchError
from samplerbench.text import WORDING

#: an option, and the words behind it; not within a command to be typed, which goes on to its end
OPTION = re.compile(
    r"`[^`\n]*`|\bsamplerbench [^\n]*"
    r"|(?<![\w-])--([a-z][a-z-]*)((?: [^\s;,.()`-][^\s;,.)]*(?:[.,][^\s;,.)]+)*)*)"
)
PLACEHOLDER = re.compile(r"[A-Z]+|\d+")
#: words with which a sentence goes on behind an option or its value; others are values
PROSE = frozenset(
    "agrees and as asks counts does failed found gives hands installs into is leaves makes maps"
    " named names or out saved says shows sweeps takes then to tolerates tries were where which"
    " with would writes".split()
)
#: options whose argument is called otherwise
OTHER_NAMES = {"with": "with_packages"}
QUOTES = "'\""


@contextlib.contextmanager
def name_arguments(function: Callable[..., Any]) -> Iterator[None]:
    """Have what is refused and told in a ``with`` block name the arguments of ``function``."""
    parameters = inspect.signature(function).parameters
    before = WORDING.set(lambda text: rename_options(text, parameters))
    try:
        yield
    except SamplerbenchError as error:
        error.args = (rename_options(str(error), parameters),)
        raise
    finally:
        WORDING.reset(before)


def rename_options(text: str, parameters: Mapping[str, inspect.Parameter]) -> str:
    """``text`` with ``name=`` in place of each ``--name`` that is one of ``parameters``."""

    def rename(match: re.Match[str]) -> str:
        flag = match[1] or ""
        name = OTHER_NAMES.get(flag, flag.replace("-", "_"))
        if name not in parameters:
            return match[0]
        default = parameters[name].default
        is_list, is_switch = isinstance(default, tuple), isinstance(default, bool)
        words = list(itertools.takewhile(lambda word: word not in PROSE, match[2].split()))
        values = [] if is_switch else words if is_list else words[:1]
        rest = OPTION.sub(rename, match[2][sum(len(value) + 1 for value in values) :])
        return f"{name}={'True' if is_switch else _spell(values)}{rest}"

    return OPTION.sub(rename, text)


def _spell(values: Sequence[str]) -> str:
    """The values as Python has them; "" for none."""
    spelt = [v if PLACEHOLDER.fullmatch(v) else f'"{v.strip(QUOTES)}"' for v in values]
    return f"[{', '.join(spelt)}]" if len(spelt) > 1 else "".join(spelt)
