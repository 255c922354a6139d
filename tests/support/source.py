"""The project's source files as modules, parsed: for tests that hold rules of the house."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

#: folders at the top that are linked into the package
LINKED = ("models", "samplers", "harness", "reports")


def source_files() -> dict[str, Path]:
    """Module -> its file, of all that is installed: ``samplerbench.harness.records``, ..."""
    own = [*ROOT.glob("samplerbench/*.py"), *ROOT.glob("samplerbench/cli/*.py")]
    linked = [path for folder in LINKED for path in (ROOT / folder).rglob("*.py")]
    return {_module(path): path for path in sorted(own + linked)}


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "samplerbench" else ("samplerbench", *parts)
    return ".".join(parts).removesuffix(".__init__")


def files_of_tests() -> list[Path]:
    """The Python files below ``tests``."""
    return sorted((ROOT / "tests").rglob("*.py"))


@functools.cache  # parsing all takes seconds, and several tests do
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    """Each module or member that ``tree`` imports, at the top or inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
