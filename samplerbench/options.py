"""Options and settings: dataclasses filled from text, their ranges, and refusals of the rest.

A field says what it may be beside its type, ``Annotated[int | None, Range(2)]``, and what it is in
the comment on its line; reading, `samplerbench list NAME` and JSON take both from there.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import numbers
import re
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from samplerbench.errors import UsageError, unknown_name


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, the ends too unless it is ``open``; never an infinity."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False
    even: bool = False

    __is_annotated_types_grouped_metadata__ = True  # Pydantic reads what ``__iter__`` gives

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies in it."""
        if (self.open and value in (self.low, self.high)) or (self.even and value % 2):
            return False
        return self.low <= value <= self.high and abs(value) < math.inf

    def __str__(self) -> str:
        low, high = map(_format_number, (self.low, self.high))
        words = [f"{'above' if self.open else 'from'} {low}"] * (self.low > -math.inf)
        words += [f"{'and below' if self.open else 'to'} {high}"] * (self.high < math.inf)
        return " ".join(words) + " (even)" * self.even

    def __iter__(self) -> Iterator[Any]:
        from annotated_types import (
            Ge,
            Gt,
            Le,
            Lt,
            MultipleOf,
        )  # inside: a worker has neither it nor Pydantic

        if self.low > -math.inf:
            yield Gt(self.low) if self.open else Ge(self.low)
        if self.high < math.inf:
            yield Lt(self.high) if self.open else Le(self.high)
        if self.even:
            yield MultipleOf(2)


@dataclasses.dataclass(frozen=True)
class Choices:
    """Words of which a setting is one."""

    words: tuple[str, ...]

    def holds(self, value: str) -> bool:
        """Whether ``value`` is one of them."""
        return value in self.words

    def __str__(self) -> str:
        return ", ".join(self.words)


POSITIVE = Range(0, open=True)
SHARE = Range(0, 1, open=True)
#: seeds of NumPy's legacy generator, which gives the same numbers in every release, so that a
#: worker on another stack and the coordinator have the same data
SEED = Range(0, 2**32 - 1)
#: attribute of a dataclass: arguments beside its fields, with their defaults as they are written
FIXED_SETTINGS = "fixed_settings"


def _format_number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def fill(settings_type: type, values: Mapping[str, Any], owner: str) -> Any:
    """A ``settings_type`` dataclass from ``values`` (text or typed), the rest at defaults.

    Text is read as the field's annotated type says (bool, int, float, str, or one of these
    ``| None``). ``owner`` is whose settings they are; "" for a plan's. Raises UsageError for an
    unknown field and for a value that does not fit its type, its Range or its Choices. NaN fits
    nowhere.
    """
    fields = {f.name: f for f in dataclasses.fields(settings_type)}
    types = _type_hints(settings_type)
    typed = {}
    for name, value in values.items():
        _refuse_fixed(settings_type, name, owner)
        if name not in fields:
            lists = f"samplerbench list {owner}" if owner.isidentifier() else ""
            raise unknown_name(f"setting of {owner}", name, fields, lists)
        typed[name] = _read(value, types[name], f"{owner}:{name}" if owner else name)
    try:
        return settings_type(**typed)
    except ValueError as error:  # a dataclass may check its values in __post_init__
        raise UsageError(f"settings of {owner}: {error}") from error


def _refuse_fixed(settings_type: type, name: str, owner: str) -> None:
    """Raise UsageError for a setting that is there and that no text gives."""
    default = getattr(settings_type, FIXED_SETTINGS, {}).get(name)
    kinds = _split(_type_hints(settings_type).get(name, str))[0]
    if default is None and not any(kind in _WORDS for kind in kinds):
        default = repr(getattr(settings_type, name, None))
    if default is not None:
        raise UsageError(
            f"{owner}:{name} is {default} and can't be set from here\n  expected: a setting whose"
            " default is a number, a word, true, false or none; others are changed in their file"
        )


@dataclasses.dataclass(frozen=True)
class Description:
    """One option or setting in words."""

    name: str
    type: str
    default: Any
    range: str  # what it may be: a range of numbers, or words; "" where its type says all
    text: str  # what stands beside it in its file; "" for nothing


def describe(settings_type: type) -> list[Description]:
    """Every field of ``settings_type``, with the comment on its line or on the lines above it."""
    try:
        lines = inspect.getsource(settings_type).splitlines()
    except (OSError, TypeError):  # made without a file's text
        lines = []
    texts, types = _read_comments(lines), _type_hints(settings_type)
    return [
        Description(
            field.name,
            " | ".join(_NAMES.get(kind, kind.__name__) for kind in _split(types[field.name])[0]),
            field.default,
            "; ".join(map(str, _split(types[field.name])[1])),
            texts.get(field.name, ""),
        )
        for field in dataclasses.fields(settings_type)
    ]


def _read_comments(lines: Sequence[str]) -> dict[str, str]:
    """Field -> its comment, from the text of a dataclass."""
    texts: dict[str, str] = {}
    above: list[str] = []
    wrapped = ""  # the field whose value, with its comment, stands in brackets on the next line
    for line in lines:
        code, _, comment = (part.strip() for part in line.partition("#"))
        field = re.match(r"(\w+)\s*:", code)
        if field:
            texts[field[1]] = comment or " ".join(above)
        elif wrapped:
            texts[wrapped] = comment or texts[wrapped]
        wrapped = field[1] if field and code.endswith("(") else ""
        above = [*above, comment] if comment and not code else []
    return texts


@functools.cache  # it compiles every annotation at each call
def _type_hints(settings_type: type) -> dict[str, Any]:
    return typing.get_type_hints(settings_type, include_extras=True)


_NAMES = {type(None): "none"}
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}


def _split(annotation: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The types of an annotation, and what it says of their values: Range or Choices."""
    rules = getattr(annotation, "__metadata__", ())
    bare = annotation.__origin__ if rules else annotation
    known = tuple(rule for rule in rules if isinstance(rule, (Range, Choices)))
    unions = (typing.Union, getattr(types, "UnionType", None))  # Python 3.9 has the first alone
    kinds = typing.get_args(bare) if typing.get_origin(bare) in unions else (bare,)
    return kinds, known


def _read(value: Any, annotation: Any, where: str) -> Any:
    kinds, rules = _split(annotation)
    if value is None or (isinstance(value, str) and value.lower() == "none"):
        if type(None) in kinds:
            return None
    shown = value
    for kind in kinds:
        result = _convert(value, kind)
        if result is not None and all(rule.holds(result) for rule in rules):
            return result
        shown = shown if result is None else result
    raise UsageError(f"{where}={shown!r} does not fit\n  expected: {_describe_kinds(annotation)}")


def _describe_kinds(annotation: Any) -> str:
    """What fits, in words, as "a whole number from 2 or none"."""
    kinds, rules = _split(annotation)
    words = [_WORDS.get(kind, _NAMES.get(kind, kind.__name__)) for kind in kinds]
    if rules:
        choices = isinstance(rules[0], Choices)
        words[0] = str(rules[0]) if choices else f"{words[0]} {rules[0]}"
    return " or ".join(words)


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
            number = float(value)
            return None if math.isnan(number) else number
    except (ValueError, OverflowError, TypeError):
        return None
    return value if kind is str and isinstance(value, str) else None


def is_count(value: object, least: int) -> bool:
    """Whether it is a whole number from ``least`` on, of Python's or NumPy's."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        return False
    return int(value) >= least


def require(fits: bool, name: str, value: object, expected: str) -> None:
    """Raise ValueError unless ``fits``; the text names the option, its value, what is expected."""
    if not fits:
        raise ValueError(f"{name}={value!r} does not fit\n  expected: {expected}")


def parse_names(option: str, texts: Sequence[str]) -> dict[str, str]:
    """``x=X,y=Y``, in one word or several: what each name is called elsewhere, commas included."""
    names: dict[str, str] = {}
    for pair in (part for text in texts for part in re.split(r",(?=[^,=]+=)", text)):
        name, equals, other = (word.strip() for word in pair.partition("="))
        if not (name and equals and other):
            raise UsageError(f"{option}: {pair!r}\n  expected: x=X,y=Y (the program's name first)")
        refuse_twice(name, names, option)
        names[name] = other
    return names


def refuse_twice(name: str, values: Collection[str], where: str) -> None:
    """Raise UsageError for a name in ``where`` that has a value among ``values`` already."""
    if name in values:
        raise UsageError(f"{name!r} is set twice in {where!r}\n  expected: one value of it")
