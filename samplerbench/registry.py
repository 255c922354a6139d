"""A registry of samplers, models or programs by name, whose errors name the nearest one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Generic, TypeVar

from samplerbench import plugins
from samplerbench.errors import UsageError, unknown_name
from samplerbench.plugins import Plugin, PluginError
from samplerbench.user_files import split_file

T = TypeVar("T")


class Registry(Generic[T]):
    """Items by name; modules of ``packages``, imported at the first look-up, add themselves.

    With ``item_type`` other distributions may add items as plug-ins: see ``samplerbench.plugins``.
    The project's own names come first. With ``file_reader`` a name may be ``path/to/file.py:NAME``,
    which that module reads.
    """

    def __init__(
        self,
        kind: str,
        packages: Sequence[str],
        item_type: type | None = None,
        file_reader: str = "",
    ) -> None:
        self.kind, self.packages, self.item_type = kind, packages, item_type
        self._file_reader = file_reader
        self._items: dict[str, T] = {}
        self._plugin_items: dict[str, T] = {}
        self._plugins: Sequence[Plugin] | None = None
        self._loaded = False

    def add(self, name: str, item: T) -> T:
        """Register ``item``; raises ValueError where the name is taken."""
        if name in self._items:
            raise ValueError(f"a {self.kind} called {name!r} is registered already")
        self._items[name] = item
        return item

    def names(self) -> list[str]:
        """The project's own names, sorted; those of plug-ins are ``plugins``."""
        self._load()
        return sorted(self._items)

    def all_names(self) -> list[str]:
        """The project's own names, then those of plug-ins, usable or not."""
        return [*self.names(), *(plugin.name for plugin in self.plugins())]

    def get(self, name: str) -> T:
        """The item called ``name``; raises UsageError with the nearest name and the list."""
        if self.is_file(name):
            return importlib.import_module(self._file_reader).read_item(name)
        self._load()
        if name in self._items:
            return self._items[name]
        plugin = self.plugin(name)
        if plugin is None:
            lists = f"samplerbench list {self.kind}s"
            raise unknown_name(self.kind, name, {*self.all_names()}, lists)
        try:
            return self.load_plugin(plugin)
        except PluginError as error:
            text = f"{self.kind} {name!r} of {plugin.source} can't be used: {error}"
            raise UsageError(text) from error

    def is_file(self, name: str) -> bool:
        """Whether ``name`` points into a file of Python rather than at a registered item."""
        return bool(self._file_reader and split_file(name)[0])

    def plugins(self) -> Sequence[Plugin]:
        """The plug-ins of other distributions, usable or not."""
        if self._plugins is None:
            self._plugins = plugins.find_plugins(self.kind) if self.item_type else ()
        return self._plugins

    def set_plugins(self, others: Sequence[Plugin]) -> None:
        """Use these as ``plugins`` instead of looking for entry points."""
        self._plugins = [plugin for plugin in others if plugin.kind == self.kind]

    def plugin(self, name: str) -> Plugin | None:
        """The plug-in called ``name``; None for the project's own items and for unknown names."""
        self._load()
        if name in self._items:
            return None
        return next((plugin for plugin in self.plugins() if plugin.name == name), None)

    def digest(self, name: str) -> str:
        """A digest of a plug-in's code and version, or of a file; "" for the project's own."""
        if self.is_file(name):
            return importlib.import_module(self._file_reader).read_digest(name)
        plugin = self.plugin(name)
        return plugins.digest(plugin) if plugin else ""

    def load_plugin(self, plugin: Plugin) -> T:
        """The item that ``plugin`` names; raises PluginError."""
        first = self.plugin(plugin.name)
        if first != plugin:
            whose = f"{first.distribution}, which comes first" if first else "samplerbench itself"
            raise PluginError(f"the name {plugin.name!r} is taken by {whose}")
        if plugin.name not in self._plugin_items:
            self._plugin_items[plugin.name] = self._checked_item(plugin)
        return self._plugin_items[plugin.name]

    def _checked_item(self, plugin: Plugin) -> T:
        loaded = plugins.load(plugin)
        expected = (
            f"{self.item_type.__module__}.{self.item_type.__name__}" if self.item_type else ""
        )
        if not self.item_type or not isinstance(loaded, self.item_type):
            kind, hint = type(loaded).__name__, ""
            if isinstance(loaded, ModuleType):
                hint = f", named after a colon, as '{plugin.value}:{plugin.kind.upper()}'"
            raise PluginError(f"{plugin.value!r} is a {kind}; expected: a {expected}{hint}")
        item: Any = loaded
        if self._items.get(plugin.name) is loaded:
            del self._items[plugin.name]  # it added itself, as the project's own files do
        if item.name != plugin.name:
            raise PluginError(f"it calls itself {item.name!r}; expected: the entry point's name")
        return item

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        for package in self.packages:
            for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
                if not module.ispkg:
                    importlib.import_module(f"{package}.{module.name}")
