"""Programs of the kinds that NumPyro's examples and tutorials hold, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Example:
    """One program with what it is called with, and what running it must come to."""

    program: Callable[..., Any]
    data: Mapping[str, Any]
    kind: str  # the example or tutorial that has one of this kind
    refusal: str  # words of the reason for which it is declined; "" where it runs


EXAMPLES: dict[str, Example] = {}


def example(kind: str, refusal: str = "", **data: Any) -> Callable[[Any], Any]:
    """Puts a program among EXAMPLES, with the data that it takes by keyword."""

    def add(program: Any) -> Any:
        name = getattr(program, "__name__", "") or program.fn.__name__  # fn: of a handler
        EXAMPLES[name] = Example(program, data, kind, refusal)
        return program

    return add
