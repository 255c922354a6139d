"""Pins: the exact versions that make a stack, one ``name==version`` a line."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from samplerbench.errors import UsageError

_EXPECTED = "expected: one name==version a line, such as numpyro==0.13.2"


def read_pins(path: str | Path) -> tuple[str, ...]:
    """The ``name==version`` lines of a file: normalised, sorted. Raises UsageError."""
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        ways = "a text file of pins; `samplerbench list environments` names the shipped ones"
        raise UsageError(f"can't read pins from '{path}': {error}\n  expected: {ways}") from error
    pins: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if text := re.sub(r"(^|\s)#.*", "", line).strip():
            name, pin = _pin(text, f"{path}, line {number}")
            if name in pins:
                raise UsageError(f"{path}, line {number}: a second pin of {name!r}\n  leave one")
            pins[name] = pin
    if not pins:
        raise UsageError(f"there are no pins in '{path}'\n  {_EXPECTED}")
    return tuple(pins[name] for name in sorted(pins))


def _pin(text: str, where: str) -> tuple[str, str]:
    # inside: a stack without pins, `current`, is to work where `packaging` is not installed
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    with contextlib.suppress(InvalidRequirement):
        wish = Requirement(text)
        exact = [s.version for s in wish.specifier if s.operator == "==" and "*" not in s.version]
        if not wish.url and not wish.marker and len(wish.specifier) == len(exact) == 1:
            name = canonicalize_name(wish.name)
            extras = f"[{','.join(sorted(wish.extras))}]" if wish.extras else ""
            return name, f"{name}{extras}=={exact[0]}"
    raise UsageError(f"{where}: {text!r} is not one exact version\n  {_EXPECTED}")
