"""Options and settings: dataclasses filled from text, and refusals of values that do not fit."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from samplerbench.errors import UsageError, unknown_name


def fill(settings_type: type, values: Mapping[str, Any], owner: str) -> Any:
    """A ``settings_type`` dataclass from ``values`` (text or typed), the rest at defaults.

    Text is read as the field's annotated type says (bool, int, float, str, or one of these
    ``| None``). Raises UsageError for an unknown field and for a value that does not fit.
    """
    fields = {f.name: f for f in dataclasses.fields(settings_type)}
    types = _type_hints(settings_type)
    typed = {}
    for name, value in values.items():
        if name not in fields:
            raise unknown_name(f"setting of {owner}", name, fields)
        typed[name] = _read(value, types[name], f"{owner}:{name}")
    try:
        return settings_type(**typed)
    except ValueError as error:  # a dataclass may check its values in __post_init__
        raise UsageError(f"settings of {owner}: {error}") from error


@dataclasses.dataclass(frozen=True)
class Description:
    """One option or setting in words."""

    name: str
    type: str
    default: Any
    text: str  # what stands beside it in its file; "" for nothing


def describe(settings_type: type) -> list[Description]:
    """Every field of ``settings_type``, with the comment on its line or on the lines above it."""
    try:
        lines = inspect.getsource(settings_type).splitlines()
    except (OSError, TypeError):  # made without a file's text
        lines = []
    texts = _read_comments(lines)
    return [
        Description(f.name, _name_type(f.type), f.default, texts.get(f.name, ""))
        for f in dataclasses.fields(settings_type)
    ]


def _name_type(kind: Any) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    if typing.get_args(kind) or not text:
        text = " | ".join(_name_type(part) for part in typing.get_args(kind))
    return text.replace("NoneType", "none").replace("None", "none")


def _read_comments(lines: Sequence[str]) -> dict[str, str]:
    """Field -> its comment, from the text of a dataclass."""
    texts: dict[str, str] = {}
    above: list[str] = []
    for line in lines:
        code, _, comment = (part.strip() for part in line.partition("#"))
        field = re.match(r"(\w+)\s*:", code)
        if field:
            texts[field[1]] = comment or " ".join(above)
        above = [*above, comment] if comment and not code else []
    return texts


_type_hints = functools.cache(typing.get_type_hints)  # it compiles every annotation at each call


def _read(value: Any, annotation: Any, where: str) -> Any:
    kinds = typing.get_args(annotation) or (annotation,)
    if value is None or (isinstance(value, str) and value.lower() == "none"):
        if type(None) in kinds:
            return None
    for kind in kinds:
        result = _convert(value, kind)
        if result is not None:
            return result
    names = " or ".join("none" if kind is type(None) else kind.__name__ for kind in kinds)
    raise UsageError(f"{where}={value!r} does not fit\n  expected: {names}")


def _convert(value: Any, kind: type) -> Any:
    """``value`` as a ``kind``; None where it does not fit."""
    if kind is bool:
        return {"true": True, "false": False}.get(str(value).lower())
    if kind is type(None) or isinstance(value, bool):
        return None
    try:
        if kind is int:
            number = float(value)
            return int(number) if number == int(number) else None
        if kind is float:
            return float(value)
    except (ValueError, OverflowError, TypeError):
        return None
    return value if kind is str and isinstance(value, str) else None


def require(fits: bool, name: str, value: object, expected: str) -> None:
    """Raise ValueError unless ``fits``; the text names the option, its value, what is expected."""
    if not fits:
        raise ValueError(f"{name}={value!r} does not fit\n  expected: {expected}")


def require_whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from ``low`` to ``high``."""
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    require(fits, name, value, f"a whole number from {low} to {high:,}")


def require_between(name: str, value: float, low: float, high: float) -> None:
    """Refuse what does not lie from ``low`` to ``high``, NaN included."""
    require(low <= value <= high, name, value, f"a number from {low:g} to {high:g}")


def require_seed(value: object) -> None:
    """Refuse what can't be a ``data_seed`` of NumPy's legacy generator.

    That one gives the same numbers in every release of NumPy, so that a worker on another stack and
    the coordinator have the same data.
    """
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
    require(fits, "data_seed", value, "a whole number from 0 to 2**32 - 1")


def parse_names(option: str, texts: Sequence[str]) -> dict[str, str]:
    """``x=X,y=Y``, in one word or several: what each name is called elsewhere, commas included."""
    names: dict[str, str] = {}
    for pair in (part for text in texts for part in re.split(r",(?=[^,=]+=)", text)):
        name, equals, other = (word.strip() for word in pair.partition("="))
        if not (name and equals and other):
            raise UsageError(f"{option}: {pair!r}\n  expected: x=X,y=Y (the program's name first)")
        names[name] = other
    return names
