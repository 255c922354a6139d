"""One option of a campaign: its name, type, range and default, in words and as annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin


@dataclass(frozen=True)
class Option:
    """How a field of Plan is written on the command line, in a campaign file and in Python."""

    name: str
    help: str
    default: Any
    hint: Any  # its annotation
    metavar: str | None = None
    short: str = ""  # as "-n", beside the name
    default_text: str = ""  # where the default itself would not tell
    auto: bool = False  # whether the word auto will do, which is the default
    table: bool = False  # whether a campaign file may hold a table, and Python a dict

    @property
    def is_list(self) -> bool:
        """Whether it is a list; a single value will do then."""
        return get_origin(self.hint) is tuple

    @property
    def item(self) -> Any:
        """The annotation of the value, or of each item of a list."""
        return get_args(self.hint)[0] if self.is_list else self.hint

    @property
    def choices(self) -> tuple[Any, ...]:
        """What a value may be, where that is one of a few."""
        few = get_args(self.item) if get_origin(self.item) is Literal else ()
        return tuple(value for value in few if value != "")

    @property
    def type(self) -> type:
        """Of the value or item: str, int, float; or bool: a switch."""
        if self.choices:
            return type(self.choices[0])
        return getattr(self.item, "__origin__", self.item)

    @property
    def kind(self) -> str:
        """The type in words, as "list of whole numbers"."""
        word = {str: "word", int: "whole number", float: "number", bool: "true or false"}[self.type]
        word += " or auto" * self.auto
        return f"list of {word}s" if self.is_list else word

    @property
    def expectation(self) -> str:
        """What fits, in words: its kind, and its range where it has one."""
        if self.type is bool:
            return self.kind
        ranges = [str(each) for each in getattr(self.item, "__metadata__", ())]
        return " ".join(
            ["a", self.kind.removesuffix(" or auto"), *ranges, *["or auto"] * self.auto]
        )

    @property
    def shown_default(self) -> str:
        """The default in words; "" where there is none."""
        values = self.default if self.is_list else (self.default,)
        if self.type is bool:
            return ""
        return self.default_text or ("auto" if self.auto else ", ".join(map(_show, values)))

    def describe(self) -> str:
        """Its help, with the default."""
        return f"{self.help} (default: {self.shown_default})" if self.shown_default else self.help

    def read(self, text: str) -> Any:
        """What stands on the command line, as a number where it has to be one and is."""
        try:
            return self.type(text)
        except ValueError:
            return text  # refused, with the rest, by ``check_options``


def _show(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
