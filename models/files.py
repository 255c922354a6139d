"""A model by its name in the command line: a registered one, or ``path/to/file.py:name``."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.base import Model, build, models
from models.registry import UnknownName, fill, unknown


def is_file(name: str) -> bool:
    """Whether ``name`` points into a file rather than at a registered model."""
    return ".py:" in name or name.endswith(".py")


def check(name: str, options: Mapping[str, Any]) -> tuple[str, str]:
    """Refuse what cannot be built, without running a line of it -> (full name, digest).

    A file is only parsed. The digest is that of the file's text ("" for a registered model).
    Raises UnknownName.
    """
    if not is_file(name):
        fill(models.get(name).options, options, name)
        return name, ""
    path, _, attribute = name.rpartition(":")
    if not path:
        raise UnknownName(f"{name!r} names no model\n  expected: path/to/file.py:name")
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise UnknownName(f"there is no file {path!r}\n  expected: path/to/file.py:name")
    if options:
        raise UnknownName(f"{name!r} takes no options; got {', '.join(options)}")
    try:
        text = file.read_bytes()
        found = _names(ast.parse(text, path))
    except (OSError, SyntaxError, ValueError) as error:  # ValueError: wrong encoding, null bytes
        raise UnknownName(f"{path} can't be read as Python: {error}") from error
    if attribute not in found:
        raise unknown(f"name in {path}", attribute, found)
    return f"{file}:{attribute}", hashlib.sha256(text).hexdigest()[:16]


def _names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def load_model(name: str, options: Mapping[str, Any]) -> Model:
    """The model; for a file this runs it. A program takes its data from the file's ``data``.

    Raises UnknownName for what is neither a Model, a function annotated ``-> Model``, nor a
    NumPyro program; and whatever the file itself raises.
    """
    if not is_file(name):
        return build(name, options)
    path, _, attribute = name.rpartition(":")
    module = _run(Path(path))
    thing = getattr(module, attribute)
    if isinstance(thing, Model):
        return thing
    if not callable(thing):
        raise UnknownName(
            f"{attribute!r} in {path} is a {type(thing).__name__}\n"
            "  expected: a NumPyro program, a models.base.Model, or a function that gives one"
        )
    if getattr(thing, "__annotations__", {}).get("return") in (Model, "Model"):
        return thing()
    data = getattr(module, "data", {})
    data = data() if callable(data) else data
    # whole numbers, words and None are sizes and switches: they must stay what they are, since a
    # compiled program has its arrays as arguments and could not take a shape from them
    fixed = {k: v for k, v in data.items() if v is None or isinstance(v, (bool, int, str))}
    arrays = {k: np.asarray(v) for k, v in data.items() if k not in fixed}
    return Model(attribute, arrays, functools.partial(thing, **fixed) if fixed else thing)


def _run(path: Path) -> Any:
    # a name of its own, so that a user's `models.py` never stands for this project's packages
    spec = importlib.util.spec_from_file_location(f"samplerbench_model_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UnknownName(f"{path} cannot be imported as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
