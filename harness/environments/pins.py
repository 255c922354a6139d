"""Files of pins: the exact versions that make a stack, and the Pythons that it is for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.user_files import MOST_TEXT, full_path, read_limited

#: two distributions of one package: a stack has one of the two
SAME_FILES = ("tensorflow-probability", "tfp-nightly")
_EXPECTED = "expected: one name==version a line, such as numpyro==0.13.2, or -r other.txt"
FREEZE = "; of an installation: pip freeze | grep == > FILE"


@dataclass(frozen=True)
class PinFile:
    """What a file of pins says."""

    pins: tuple[str, ...]  # name==version, normalised and sorted
    pythons: tuple[str, ...] = ()  # minor versions as "3.12", the preferred one first; (): any
    complete: bool = False  # nothing else is to be installed, whatever the pins depend on


def split_pins(pins: Iterable[str]) -> dict[str, str]:
    """Distribution -> version, of ``name==version`` each; extras are left out."""
    pairs = (pin.split("==") for pin in pins)
    return {name.split("[")[0]: version for name, version in pairs}


def read_pins(path: str | Path) -> tuple[str, ...]:
    """The ``name==version`` lines of a file: normalised, sorted. Raises UsageError."""
    return read_pin_file(path).pins


def read_pin_file(path: str | Path) -> PinFile:
    """The pins in a file and the Pythons that they are for. Raises UsageError.

    One ``name==version`` a line; ``#`` starts a comment, so that pip and uv read the file too. A
    line ``-r other.txt``, relative to the file, adds another file's pins, of which those that the
    file pins itself are overridden. The comment line ``# python: 3.12`` (or ``# python: 3.11,
    3.12``, the preferred one first) says which minor versions of Python the stack is made with: the
    running one where it is among them, else the first that is installed. Without such a line, here
    or in a file that is added, it is the running one. The comment line ``# complete: yes`` says
    that the pins are the whole stack, which is then installed without what they depend on.
    """
    pins, pythons, complete = _read(Path(path), ())
    if not pins:
        raise UsageError(f"there are no pins in '{path}'\n  {_EXPECTED}")
    return PinFile(tuple(pins[name] for name in sorted(pins)), pythons, complete)


def _read(path: Path, readers: tuple[Path, ...]) -> tuple[dict[str, str], tuple[str, ...], bool]:
    """Pins by name, Pythons, and whether it says to be complete, of a file.

    ``readers`` have added it, the outermost first.
    """
    own: dict[str, str] = {}
    added: dict[str, str] = {}
    pythons: tuple[str, ...] = ()
    added_pythons: tuple[str, ...] = ()
    complete = False
    for number, line in enumerate(_read_lines(path, readers), 1):
        where = f"{path}, line {number}"
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if comment := re.match(r"#\s*python:(.*)", line, re.I):
            pythons = _parse_pythons(comment[1], where)
        elif re.match(r"#\s*complete:\s*yes\s*$", line, re.I):
            complete = True
        elif other := re.match(r"(?:-r|--requirement)[\s=]\s*(.+)", text):
            file = path.parent / other[1]
            _refuse_loop(file, (*readers, path), where)
            more, more_pythons, _ = _read(file, (*readers, path))
            added.update(more)
            added_pythons = more_pythons or added_pythons
        elif text:
            name, pin = _parse_pin(text, where)
            if name in own:
                raise UsageError(f"{where}: a second pin of {name!r}\n  leave one")
            own[name] = pin
    return {**added, **own}, pythons or added_pythons, complete


def _refuse_loop(file: Path, readers: tuple[Path, ...], where: str) -> None:
    if full_path(file) in map(full_path, readers):
        raise UsageError(
            f"{where}: '{file}' adds itself\n"
            "  expected: after -r a file that does not lead back here\n"
            "  leave one of the -r lines out"
        )


def _read_lines(path: Path, readers: tuple[Path, ...]) -> list[str]:
    try:
        return read_limited(path, MOST_TEXT).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        ways = "a text file of pins, or a Python that runs; `samplerbench list environments` names"
        ways += " the shipped ones"
        if readers:
            ways = f"the path of a file of pins after -r in '{readers[-1]}', relative to that file"
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"can't read pins from '{path}': {why}\n  expected: {ways}") from error


def _parse_pythons(text: str, where: str) -> tuple[str, ...]:
    versions = tuple(dict.fromkeys(re.split(r"[,\s]+", text.strip())))
    if not all(re.fullmatch(r"\d+\.\d+", version) for version in versions):
        raise UsageError(
            f"{where}: {text.strip()!r} is no Python\n"
            "  expected: minor versions, as # python: 3.12 or # python: 3.11, 3.12"
        )
    return versions


def _parse_pin(text: str, where: str) -> tuple[str, str]:
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
    raise UsageError(f"{where}: {text!r} is not one exact version\n  {_EXPECTED}{FREEZE}")
