"""The signature of a program in a file, read without running a line of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samplerbench.models.loading import top_level
from samplerbench.models.loading.program_file import is_program
from samplerbench.models.loading.script import parse_source


@dataclass(frozen=True)
class Signature:
    """What a program takes by keyword."""

    program: str
    required_names: tuple[str, ...]
    optional_names: tuple[str, ...]  # with a default, or filled in by a decorator perhaps
    observed_names: tuple[str, ...]  # those of them that default to None and stand in an obs=
    open_ended: bool  # whether it takes any other name, too

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters by name."""
        return self.required_names + self.optional_names


def read_signature(model: str) -> Signature | None:
    """The signature of the program ``path/to/file.py:name``.

    None for what its file does not define as a function, for one that gives a Model, for branches
    that define it unlike, and for a function that was shipped.
    """
    if is_program(model):
        return None
    path, _, name = model.rpartition(":")
    tree = parse_source(Path(path))
    functions = [node for node in top_level.walk(tree) if isinstance(node, ast.FunctionDef)]
    named = [node for node in functions if node.name == name]
    if not named or _is_ambiguous(named, tree):
        return None
    function = named[-1]
    gives_model = "Model" in ast.dump(function.returns or ast.Pass())
    return None if gives_model else _make_signature(function)


def _is_ambiguous(functions: list[ast.FunctionDef], tree: ast.Module) -> bool:
    """Whether branches define one function with other parameters, so that running it tells."""
    signatures = {ast.dump(function.args) for function in functions}
    return len(signatures) > 1 and functions[-1] not in tree.body


def _make_signature(function: ast.FunctionDef) -> Signature:
    defaults = dict(_list_parameters(function.args))
    required = [name for name, default in defaults.items() if default is None]
    if function.decorator_list:  # it may fill in some of them
        required = []
    optional = tuple(name for name in defaults if name not in required)
    names = set(_names_in_observations(function))
    observed = [n for n in optional if _is_none(defaults[n]) and n in names]
    open_ended = function.args.kwarg is not None
    return Signature(function.name, tuple(required), optional, tuple(observed), open_ended)


def _list_parameters(args: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """Each parameter that can be given by keyword, and its default."""
    several = [*args.posonlyargs, *args.args]
    padding: list[ast.expr | None] = [None] * (len(several) - len(args.defaults))
    pairs = [*zip(several, [*padding, *args.defaults])]  # noqa: B905
    pairs = pairs[len(args.posonlyargs) :]
    for arg, default in [*pairs, *zip(args.kwonlyargs, args.kw_defaults)]:  # noqa: B905
        yield arg.arg, default


def _is_none(default: ast.expr | None) -> bool:
    return isinstance(default, ast.Constant) and default.value is None


def _names_in_observations(function: ast.FunctionDef) -> Iterator[str]:
    """Every name in an ``obs=`` of a call, or in the third argument of a ``sample``."""
    for call in ast.walk(function):
        if not isinstance(call, ast.Call):
            continue
        values = [word.value for word in call.keywords if word.arg == "obs"]
        if ast.unparse(call.func).rpartition(".")[2] == "sample":
            values += call.args[2:3]
        for value in values:
            yield from (node.id for node in ast.walk(value) if isinstance(node, ast.Name))
