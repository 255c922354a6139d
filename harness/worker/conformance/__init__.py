"""Checks that a sampler or a model keeps its contract, run in a process of their own."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samplerbench.errors import UsageError
from samplerbench.options import fill


@dataclass(frozen=True)
class Check:
    """What one check came to."""

    name: str
    passed: bool | None  # None: it could not be made, `said` is why
    said: str


class Failed(Exception):
    """A check's text of what is wrong."""


class Skipped(Exception):
    """A check's text of why it can't be made."""


Made = Callable[[Any], str]  # subject -> what was seen; raises Failed or Skipped


def require(holds: Any, text: str) -> None:
    """Raise Failed with ``text`` unless ``holds``."""
    if not holds:
        raise Failed(text)


def run(checks: list[Made], subject: Any, telling: Callable[[str], None]) -> list[Check]:
    """Every check in turn, named as its function; whatever one raises is its failure."""
    done = []
    for check in checks:
        telling(check.__name__)
        done.append(_one(check, subject))
    return done


def _one(check: Made, subject: Any) -> Check:
    name = check.__name__
    try:
        return Check(name, True, check(subject))
    except Skipped as reason:
        return Check(name, None, str(reason))
    except Failed as reason:
        return Check(name, False, str(reason))
    except Exception as error:  # a plug-in may raise anything
        traceback.print_exc()
        return Check(name, False, said(error))


def said(error: BaseException) -> str:
    """An exception in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no message'}"


def record(kind: type, noun: str) -> str:
    """Check that ``kind`` is a frozen dataclass that the command line can set."""
    require(dataclasses.is_dataclass(kind), f"{noun} is no dataclass: {kind!r}")
    require(kind.__dataclass_params__.frozen, f"{noun} is not frozen: @dataclass(frozen=True)")  # type: ignore[attr-defined]
    missing = dataclasses.MISSING
    bare = [f.name for f in dataclasses.fields(kind) if f.default is missing]
    require(not bare, f"no default for: {', '.join(bare)}")
    defaults = kind()
    for field in dataclasses.fields(kind):
        text = str(getattr(defaults, field.name))
        try:
            read = fill(kind, {field.name: text}, noun)
        except UsageError as error:
            raise Failed(f"{field.name}={text} can't be set by text: {error}") from error
        require(read == defaults, f"{field.name}={text} as text is read as another value")
    return f"{len(dataclasses.fields(kind))} fields with defaults"
