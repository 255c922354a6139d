"""A registry: names to what they stand for, with refusals that help."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from samplerbench import plugins
from samplerbench.errors import UsageError, unknown_name
from samplerbench.plugins import Plugin, Unusable

T = TypeVar("T")


class Registry(Generic[T]):
    """Things by name; modules of ``packages``, imported at the first look-up, add themselves.

    With ``holds``, the type of the things, other distributions may bring more of them: see
    ``samplerbench.plugins``. The project's own names come first.
    """

    def __init__(self, kind: str, packages: Sequence[str], holds: type | None = None) -> None:
        self.kind, self.packages, self.holds = kind, packages, holds
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
        """The thing called ``name``; raises UsageError with the nearest name and the list."""
        self._load()
        if name in self._things:
            return self._things[name]
        plugin = self.plugin(name)
        if plugin is None:
            known = {*self._things, *(plugin.name for plugin in self.plugins())}
            raise unknown_name(self.kind, name, known, f"samplerbench list {self.kind}s")
        try:
            return self.bring(plugin)
        except Unusable as error:
            text = f"{self.kind} {name!r} of {plugin.source} can't be used: {error}"
            raise UsageError(text) from error

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
        for package in self.packages:
            for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
                if not module.ispkg:
                    importlib.import_module(f"{package}.{module.name}")
