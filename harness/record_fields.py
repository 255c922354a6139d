"""Whether JSON fields are those of a record: which one is unknown, missing or of another type."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, get_args, get_origin, get_type_hints

Check = Callable[[Any], bool]


def read_whole(digits: str) -> float:
    """A whole number of a record; beyond 64 bits, which no count is, a float, maybe infinity."""
    return int(digits) if len(digits) < 20 else float(digits)


def explain_misfit(record_type: type, record: Any) -> str:
    """Why ``record``, a value of JSON, holds no fields of ``record_type``; "" where it does."""
    if not isinstance(record, dict):
        return f"it is of type {type(record).__name__}, expected an object"
    checks, required = _read_fields(record_type)
    if unknown := record.keys() - checks.keys():
        return f"it has {min(unknown)!r}, which this version does not know; a newer one may"
    if missing := required - record.keys():
        return f"it lacks {min(missing)!r}"
    for name, value in record.items():
        if not checks[name](value):
            hint = get_type_hints(record_type)[name]
            return f"its {name!r} is {_shorten(value)}, expected {_name(hint)}"
    return ""


@functools.cache
def _read_fields(record_type: type) -> tuple[dict[str, Check], set[str]]:
    """The check of each field, and the names of those without a default."""
    hints, every = get_type_hints(record_type), fields(record_type)
    required = {f.name for f in every if f.default is MISSING and f.default_factory is MISSING}
    return {f.name: make_check(hints[f.name]) for f in every}, required


@functools.cache
def make_check(hint: Any) -> Check:
    """A function that tells whether a value of JSON is of the type ``hint``."""
    if hint is Any:
        return lambda value: True
    if (origin := get_origin(hint)) not in (dict, list):
        types = _list_types(hint)
        return lambda value: type(value) in types
    inner = get_args(hint)[-1]
    if get_origin(inner) or inner is Any:
        check = make_check(inner)
        return lambda value: type(value) is origin and all(map(check, _list_values(value)))
    types = _list_types(inner)  # in one call: records hold many numbers
    return lambda value: type(value) is origin and types.issuperset(map(type, _list_values(value)))


def _list_values(value: Any) -> Any:
    return value.values() if type(value) is dict else value


def _list_types(hint: Any) -> frozenset[type]:
    """The types that JSON gives for ``hint``: for a float also a whole number, never a bool."""
    parts = get_args(hint) or (hint,)
    return frozenset((*(get_origin(part) or part for part in parts), *((int,) * (float in parts))))


def _name(hint: Any) -> str:
    text = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    return text.replace("typing.", "")


def _shorten(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
