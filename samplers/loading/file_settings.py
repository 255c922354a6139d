"""Settings of a sampler by path, read from the text of its file: names, types, defaults, ranges."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Optional, Union

from samplerbench import options
from samplerbench.errors import UsageError
from samplerbench.options import FIXED_SETTINGS

#: words of an annotation -> the type that a setting's text is read as
TYPES: Mapping[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "None": type(None),
}


def make_settings(node: ast.AST | None, what: str) -> type:
    """A frozen dataclass of the settings that a class of the file declares. Raises UsageError."""
    if isinstance(node, ast.ClassDef):
        _refuse_fields(node, what)
    arguments = list(_list_arguments(node)) if node else []
    fields = [
        (name, annotation, dataclasses.field(default=default))
        for name, annotation, default in _declared(arguments)
    ]
    plain = {name for name, *_ in fields}
    others = {name: ast.unparse(value) for name, _, value in arguments if name not in plain}
    return dataclasses.make_dataclass(
        "Settings", fields, frozen=True, namespace={FIXED_SETTINGS: others}
    )


def _refuse_fields(node: ast.ClassDef, what: str) -> None:
    """Refuse a dataclass with a field that has no default."""
    if "dataclass" not in " ".join(map(ast.unparse, node.decorator_list)) or node.bases:
        return
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and not each.value]
    needed = [
        ast.unparse(each.target) for each in fields if "Var" not in ast.unparse(each.annotation)
    ]
    if needed:
        raise UsageError(f"{what} has no default for {', '.join(needed)}\n  expected: one for each")


def _declared(arguments: Sequence[tuple[str, Any, ast.expr]]) -> Iterator[tuple[str, Any, Any]]:
    """Name, type and default of each setting whose default is a plain value."""
    for name, annotation, value in arguments:
        try:
            default = ast.literal_eval(value)
        except ValueError:
            continue
        if default is None or isinstance(default, (bool, int, float, str)):
            yield name, _read_type(annotation, default), default


def _list_arguments(node: ast.AST) -> Iterator[tuple[str, Any, ast.expr]]:
    """Fields of a dataclass, and keyword arguments of ``__init__`` or of a function that makes a
    kernel, each with its default.
    """
    for part in node.body if isinstance(node, ast.ClassDef) else (node,):
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.value:
            yield part.target.id, part.annotation, part.value
        if isinstance(part, ast.FunctionDef) and (part is node or part.name == "__init__"):
            every = part.args
            ordered = [*every.posonlyargs, *every.args]
            start = len(ordered) - len(every.defaults)
            for argument, value in zip(ordered[start:], every.defaults):  # noqa: B905
                if argument not in every.posonlyargs:  # the kernel is called with names
                    yield argument.arg, argument.annotation, value
            for argument, default in zip(every.kwonlyargs, every.kw_defaults):  # noqa: B905
                if default is not None:
                    yield argument.arg, argument.annotation, default


def _read_type(annotation: ast.expr | None, default: Any) -> Any:
    """The type that a setting's text is read as, by its annotation or else by its default."""
    words = re.findall(r"\w+", ast.unparse(annotation)) if annotation else []
    kinds = [TYPES[word] for word in words if word in TYPES]
    if "Literal" in words or not kinds:
        kind = Union[int, float] if type(default) is int else type(default)
        kind = Optional[Union[bool, int, float, str]] if default is None else kind
    else:
        kind = Union[tuple([*kinds, type(None)] if "Optional" in words else kinds)]
    for rule in filter(None, map(_read_rule, ast.walk(annotation) if annotation else ())):
        kind = Annotated[kind, rule]
    return kind


def _read_rule(node: ast.AST) -> options.Range | options.Choices | None:
    """What a part of an annotation says of values, as ``Range(1)``, ``POSITIVE``, ``Literal``."""
    try:
        if isinstance(node, ast.Name) and node.id in ("POSITIVE", "SHARE", "SEED"):
            return getattr(options, node.id)  # type: ignore[no-any-return]
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Range", "Choices"):
            given = {each.arg or "": ast.literal_eval(each.value) for each in node.keywords}
            values = map(ast.literal_eval, node.args)
            return getattr(options, ast.unparse(node.func))(*values, **given)  # type: ignore[no-any-return]
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Literal"):
            found = ast.literal_eval(node.slice)
            words = found if isinstance(found, tuple) else (found,)
            return options.Choices(words) if all(isinstance(w, str) for w in words) else None
    except (ValueError, TypeError):
        pass  # of values that the text alone does not tell
    return None
