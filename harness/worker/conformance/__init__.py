"""Conformance checks: does a sampler or a model keep its contract?"""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samplerbench.errors import UsageError, one_line
from samplerbench.options import fill
from samplerbench.text import format_count


@dataclass(frozen=True)
class Check:
    """The outcome of one check."""

    name: str  # of its function
    passed: bool | None  # None: skipped
    text: str  # what was measured, what is wrong, or why it was skipped


class CheckFailed(Exception):
    """Raised by a check; the text says what is wrong."""


class CheckSkipped(Exception):
    """Raised by a check that does not apply; the text says why."""


#: ModelCase or SamplerCase -> what was measured; raises CheckFailed or CheckSkipped
CheckFunction = Callable[[Any], str]


def require(holds: Any, text: str) -> None:
    """Raise CheckFailed with ``text`` unless ``holds``."""
    if not holds:
        raise CheckFailed(text)


def run_checks(
    checks: list[CheckFunction], case: Any, listener: Callable[[str], None]
) -> list[Check]:
    """Run ``checks`` on ``case`` in turn; whatever one raises is its failure.

    ``listener`` hears the name of each check that begins.
    """
    outcomes = []
    for check in checks:
        listener(check.__name__)
        outcomes.append(_run_check(check, case))
    return outcomes


def _run_check(check: CheckFunction, case: Any) -> Check:
    name = check.__name__
    try:
        return Check(name, True, check(case))
    except CheckSkipped as reason:
        return Check(name, None, str(reason))
    except CheckFailed as reason:
        return Check(name, False, str(reason))
    except Exception as error:  # a plug-in may raise anything
        traceback.print_exc()
        return Check(name, False, one_line(error))


def check_dataclass(kind: Any, noun: str) -> str:
    """Require that ``kind`` is a frozen dataclass that the command line can set."""
    require(dataclasses.is_dataclass(kind), f"{noun} is no dataclass: {kind!r}")
    require(kind.__dataclass_params__.frozen, f"{noun} is not frozen: @dataclass(frozen=True)")
    bare = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    require(not bare, f"no default for: {', '.join(bare)}")
    defaults = kind()
    for field in dataclasses.fields(kind):
        text = str(getattr(defaults, field.name))
        try:
            settings = fill(kind, {field.name: text}, noun)
        except UsageError as error:
            raise CheckFailed(f"{field.name}={text} can't be set by text: {error}") from error
        require(settings == defaults, f"{field.name}={text} as text is read as another value")
    return f"{format_count(len(dataclasses.fields(kind)), 'setting')}, each with its default"
