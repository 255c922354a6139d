"""Plug-ins: samplers and models of other distributions, found through their entry points.

A distribution installed beside this project names a ``samplerbench.samplers.base.Sampler`` in the
group ``samplerbench.samplers``, or a ``samplerbench.models.base.Family`` in
``samplerbench.models``. Reading entry points imports nothing; what one names is imported when it is
asked for. A worker does not look: it is told where the coordinator found the plug-in, since its
environment need not hold it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from samplerbench.errors import one_line


class PluginError(Exception):
    """Raised by a plug-in that can't be used; the text is the reason."""

    missing_module: str | None = None  # where a missing module is the reason


@dataclass(frozen=True)
class Plugin:
    """One entry point of another distribution; travels to workers as JSON."""

    kind: str  # sampler or model
    name: str  # of the entry point, and of what it names
    value: str  # "package.module:attribute"
    distribution: str
    version: str
    folders: tuple[str, ...]  # where its top-level package lies; () where that is not found

    @property
    def source(self) -> str:
        """Distribution and version, as "mine 1.2.0"."""
        return f"{self.distribution} {self.version}"

    @property
    def package(self) -> str:
        """Its top-level package."""
        return self.value.partition(":")[0].partition(".")[0]


@functools.cache
def find_plugins(kind: str) -> tuple[Plugin, ...]:
    """The plug-ins of this kind on Python's path, by name, then by distribution.

    A distribution that lies on the path twice counts once: Python imports the first one.
    """
    from importlib import metadata

    every: dict[tuple[str, str], Plugin] = {}
    for point in metadata.entry_points(group=f"samplerbench.{kind}s"):  # Python 3.10 on
        distribution = point.dist.metadata["Name"] if point.dist else "unknown"
        version = point.dist.version if point.dist else "unknown"
        folders = _folders(point.value.partition(":")[0].partition(".")[0])
        plugin = Plugin(kind, point.name, point.value, distribution, version, folders)
        every.setdefault((plugin.name, plugin.distribution), plugin)
    return tuple(every[key] for key in sorted(every))


def _folders(package: str) -> tuple[str, ...]:
    """The folders that the top-level ``package`` lies in; it is not imported."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    inside = list(spec.submodule_search_locations or ())
    files = inside or ([spec.origin] if spec.origin else [])
    return tuple(str(Path(file).parent) for file in files)


def digest(plugin: Plugin) -> str:
    """16 hex digits over the distribution, its version, and the Python files of its package.

    The files, since one that is being written changes without a new version.
    """
    content = hashlib.sha256(f"{plugin.source}\n{plugin.value}".encode())
    for folder in map(Path, plugin.folders):
        module = folder / f"{plugin.package}.py"
        for file in (
            [module] if module.is_file() else sorted((folder / plugin.package).rglob("*.py"))
        ):
            content.update(
                f"\n{file.relative_to(folder).as_posix()}\n".encode() + file.read_bytes()
            )
    return content.hexdigest()[:16]


def load(plugin: Plugin) -> Any:
    """The object that the entry point names; raises PluginError, whatever its import raises."""
    module, _, attribute = plugin.value.partition(":")
    try:
        with _note_ctrl_c() as pressed:
            item: Any = importlib.import_module(module)
            for part in filter(None, attribute.split(".")):
                item = getattr(item, part)
    except BaseException as error:  # others must not suffer from what is wrong here
        if pressed:
            raise  # Ctrl-C, and not the plug-in's own
        text = one_line(error).removesuffix(": no message")
        failure = PluginError(f"importing {plugin.value!r} fails: {text}")
        failure.missing_module = error.name if isinstance(error, ModuleNotFoundError) else None
        raise failure from error
    return item


@contextlib.contextmanager
def _note_ctrl_c() -> Iterator[list[int]]:
    """The signals of Ctrl-C that come within the context: they tell it from a plug-in's exception.

    Signals belong to the main thread; in another one none come.
    """
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: Any) -> None:
        pressed.append(number)
        if callable(before):
            before(number, frame)

    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


class PluginFinder:
    """Finds the packages of plug-ins where the coordinator found them, and no other name.

    It comes after all other finders, so that an environment that has the plug-in uses its own.
    """

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._folders = {plugin.package: list(plugin.folders) for plugin in plugins}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a plug-in's top-level package, else None."""
        if path is None and name in self._folders:
            return PathFinder.find_spec(name, self._folders[name], target)
        return None


def make_importable(plugins: Iterable[Plugin]) -> None:
    """Make the packages of ``plugins`` importable in this process."""
    sys.meta_path.append(PluginFinder(plugins))
