"""A registry: names to what they stand for, with refusals that help."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib
import pkgutil
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from models import plugins
from models.plugins import Plugin, Unusable

T = TypeVar("T")


class UnknownName(ValueError):
    """A name, setting or value that is not known; the text says what is."""


def unknown(kind: str, name: str, known: typing.Iterable[str], lists: str = "") -> UnknownName:
    """The error for an unknown ``name``: the nearest known one, all of them, what lists them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    noun, space, rest = kind.partition(" ")  # "setting of numpyro_hmc" -> "settings of ..."
    text = f"no {kind} is called {name!r}{hint}\n  known {noun}s{space}{rest}: "
    text += ", ".join(known) or "(none)"
    return UnknownName(text + (f"\n  list them with: {lists}" if lists else ""))


class Registry(Generic[T]):
    """Things by name; modules of ``package``, imported at the first look-up, add themselves.

    With ``holds``, the type of the things, other distributions may bring more of them: see
    ``models.plugins``. The project's own names come first.
    """

    def __init__(self, kind: str, package: str, holds: type | None = None) -> None:
        self.kind, self.package, self.holds = kind, package, holds
        self._things: dict[str, T] = {}
        self._brought: dict[str, T] = {}
        self._offered: Sequence[Plugin] | None = None
        self._loaded = False

    def add(self, name: str, thing: T) -> T:
        """Register ``thing``; raises ValueError where the name is taken."""
        if name in self._things:
            raise ValueError(f"a {self.kind} called {name!r} is registered already")
        self._things[name] = thing
        return thing

    def names(self) -> list[str]:
        """The project's own names, sorted; those of plug-ins are ``plugins``."""
        self._load()
        return sorted(self._things)

    def get(self, name: str) -> T:
        """The thing called ``name``; raises UnknownName with the nearest name and the list."""
        self._load()
        if name in self._things:
            return self._things[name]
        plugin = self.plugin(name)
        if plugin is None:
            known = {*self._things, *(plugin.name for plugin in self.plugins())}
            raise unknown(self.kind, name, known, f"samplerbench list {self.kind}s")
        try:
            return self.bring(plugin)
        except Unusable as error:
            text = f"{self.kind} {name!r} of {plugin.source} can't be used: {error}"
            raise UnknownName(text) from error

    def plugins(self) -> Sequence[Plugin]:
        """What other distributions bring, usable or not."""
        if self._offered is None:
            self._offered = plugins.found(self.kind) if self.holds else ()
        return self._offered

    def offer(self, others: Sequence[Plugin]) -> None:
        """Take these for ``plugins`` instead of looking."""
        self._offered = [plugin for plugin in others if plugin.kind == self.kind]

    def plugin(self, name: str) -> Plugin | None:
        """The plug-in that ``name`` stands for; None for the project's own and for no name."""
        self._load()
        if name in self._things:
            return None
        return next((plugin for plugin in self.plugins() if plugin.name == name), None)

    def digest(self, name: str) -> str:
        """What tells versions of a plug-in apart; "" for what is no plug-in."""
        plugin = self.plugin(name)
        return plugins.digest(plugin) if plugin else ""

    def bring(self, plugin: Plugin) -> T:
        """What ``plugin`` names; raises Unusable."""
        first = self.plugin(plugin.name)
        if first != plugin:
            whose = f"{first.distribution}, which comes first" if first else "samplerbench itself"
            raise Unusable(f"the name {plugin.name!r} is taken by {whose}")
        if plugin.name not in self._brought:
            self._brought[plugin.name] = self._fitting(plugin)
        return self._brought[plugin.name]

    def _fitting(self, plugin: Plugin) -> T:
        thing = plugins.load(plugin)
        wanted = f"{self.holds.__module__}.{self.holds.__name__}" if self.holds else ""
        if not self.holds or not isinstance(thing, self.holds):
            raise Unusable(f"{plugin.value!r} is a {type(thing).__name__}; expected: a {wanted}")
        own: Any = thing
        if self._things.get(plugin.name) is thing:
            del self._things[plugin.name]  # it added itself, as the project's own files do
        if own.name != plugin.name:
            raise Unusable(f"it calls itself {own.name!r}; expected: the entry point's name")
        return own

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        folder = importlib.import_module(self.package).__path__
        for module in pkgutil.iter_modules(folder):
            importlib.import_module(f"{self.package}.{module.name}")


def fill(settings_type: type, given: Mapping[str, Any], owner: str) -> Any:
    """A ``settings_type`` dataclass from ``given`` values (text or typed), the rest at defaults.

    Text is read as the field's annotated type says (bool, int, float, str, or one of these
    ``| None``). Raises UnknownName for an unknown field and for a value that does not fit.
    """
    fields = {f.name: f for f in dataclasses.fields(settings_type)}
    types = _hints(settings_type)
    values = {}
    for name, value in given.items():
        if name not in fields:
            raise unknown(f"setting of {owner}", name, fields)
        values[name] = _read(value, types[name], f"{owner}:{name}")
    try:
        return settings_type(**values)
    except ValueError as error:  # a dataclass may check its values in __post_init__
        raise UnknownName(f"settings of {owner}: {error}") from error


_hints = functools.cache(typing.get_type_hints)  # it compiles every annotation at each call


def _read(value: Any, wanted: Any, where: str) -> Any:
    options = typing.get_args(wanted) or (wanted,)
    if value is None or (isinstance(value, str) and value.lower() == "none"):
        if type(None) in options:
            return None
    for kind in options:
        result = _as(value, kind)
        if result is not None:
            return result
    names = " or ".join("none" if k is type(None) else k.__name__ for k in options)
    raise UnknownName(f"{where}={value!r} does not fit\n  expected: {names}")


def _as(value: Any, kind: type) -> Any:
    if kind is bool:
        text = str(value).lower()
        return {"true": True, "false": False}.get(text)
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
