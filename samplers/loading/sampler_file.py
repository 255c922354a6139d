"""A sampler by path, ``path/to/file.py:Name``: a kernel of NumPyro's, or a function ``prepare``.

A kernel is a subclass of NumPyro's ``MCMCKernel``, called as ``Kernel(program, **settings)``; a
function is called as ``prepare(model, budget, settings)`` (``samplers.base``). Settings are what
the file declares: keyword arguments of the kernel's ``__init__`` with plain defaults, or fields of
a dataclass ``Settings`` beside the function. They are read from its text: only a worker runs it.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Optional, Union

from samplerbench.errors import UsageError, one_line, unknown_name
from samplerbench.models.base import Model
from samplerbench.models.loading import script
from samplerbench.samplers.base import Budget, Prepared, Sampler
from samplerbench.user_files import full_path

KINDS = (
    "expected: path/to/file.py:NAME, a subclass of numpyro.infer.mcmc.MCMCKernel or a function "
    "prepare(model, budget, settings)"
)
ARGUMENTS = 3  # of a function ``prepare``
#: words of an annotation -> the type that a setting's text is read as
TYPES: Mapping[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "None": type(None),
}


def read_digest(name: str) -> str:
    """A digest of the file and of the modules beside it that it imports. Raises UsageError."""
    file, _ = _split(name)
    try:
        return script.digest_file(file)
    except OSError as error:
        raise _unreadable(file, error) from error


def read_item(name: str) -> Sampler:
    """The sampler in a file, which is not run before it is prepared. Raises UsageError."""
    file, attribute = _split(name)
    tree = _parse(file)
    found = {each: node for node in tree.body for each in _names(node)}
    if attribute not in found:
        raise unknown_name(f"name in {file}", attribute, found)
    node = found[attribute]
    is_kernel = isinstance(node, ast.ClassDef)
    _refuse_unfit(node, f"{attribute!r} in {file}", found)
    settings = found.get("Settings") if isinstance(node, ast.FunctionDef) else node
    return Sampler(
        attribute,
        _make_settings(settings),
        _make_prepare(file, attribute),
        _summarise(node) or f"from {file.name}",
        needs=("jax", "numpyro"),
        family="numpyro" if is_kernel else "",
        host_devices=(lambda _, chains: chains) if is_kernel else None,
    )


def is_sampler(text: str) -> bool:
    """Whether ``text``, "path/to/file.py:NAME[:SETTING=VALUE,...]", can only be a sampler.

    That is a class, or a function called ``prepare``: other functions may be programs.
    """
    path, _, rest = text.rpartition(".py:")
    file, attribute = _split(f"{path}.py:{rest.partition(':')[0]}")
    nodes = [node for node in _parse(file).body if attribute in _names(node)]
    return attribute == "prepare" or any(isinstance(node, ast.ClassDef) for node in nodes)


# -- the text of the file --------------------------------------------------------------------------


def _split(name: str) -> tuple[Path, str]:
    path, _, attribute = name.rpartition(":")
    file = full_path(path)
    if not path or not attribute.isidentifier():
        raise UsageError(f"{name!r} names no sampler\n  {KINDS}")
    if not file.is_file():
        raise UsageError(f"there is no file {path!r}\n  {KINDS}")
    return file, attribute


def _parse(file: Path) -> ast.Module:
    try:
        return script.parse_source(file)
    except (OSError, SyntaxError, ValueError) as error:  # ValueError: null bytes
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> UsageError:
    return UsageError(f"{file} can't be read as Python: {error}\n  {KINDS}")


def _names(node: ast.stmt) -> list[str]:
    """The names that a statement at the top level of a file gives something."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    return []


def _refuse_unfit(node: ast.stmt, what: str, found: Mapping[str, ast.stmt]) -> None:
    """Refuse what can be seen to be no sampler before anything is run."""
    if isinstance(node, ast.FunctionDef):
        count = len(node.args.posonlyargs) + len(node.args.args)
        if count != ARGUMENTS:
            raise UsageError(f"{what} is a function of {count} arguments\n  {KINDS}")
    if isinstance(node, ast.ClassDef):
        if not node.bases:
            raise UsageError(f"{what} is a class without a base\n  {KINDS}")
        bases = [ast.unparse(base) for base in node.bases]
        if all(hasattr(builtins, base) and base not in found for base in bases):
            raise UsageError(f"{what} is a class on top of {', '.join(bases)}\n  {KINDS}")
        _refuse_arguments(node, what)


def _refuse_arguments(node: ast.ClassDef, what: str) -> None:
    """Refuse a kernel that can't be called as ``Kernel(program, **settings)``."""
    functions = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    for each in (each.args for each in functions if each.name == "__init__"):
        names = [argument.arg for argument in (*each.posonlyargs, *each.args)][1:]
        keywords = zip(each.kwonlyargs, each.kw_defaults)  # noqa: B905
        needed = names[1 : len(names) - len(each.defaults)] if names else []
        needed += [argument.arg for argument, default in keywords if default is None]
        if needed:
            raise UsageError(
                f"{what} can't be made without {', '.join(needed)}\n  expected: an __init__ that "
                "takes the program, and settings that have defaults"
            )
        if not names and each.vararg is None:
            raise UsageError(f"{what} takes no program\n  expected: __init__(self, program, ...)")


def _summarise(node: ast.stmt) -> str:
    """The first line of a docstring; "" where there is none."""
    text = ast.get_docstring(node) if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else ""
    return (text or "").partition("\n")[0]


def _make_settings(node: ast.stmt | None) -> type:
    """A frozen dataclass of the settings that a class of the file declares."""
    fields = [
        (name, annotation, dataclasses.field(default=default))
        for name, annotation, default in (_declared(node) if node else ())
    ]
    return dataclasses.make_dataclass("Settings", fields, frozen=True)


def _declared(node: ast.stmt) -> Iterator[tuple[str, Any, Any]]:
    """Name, type and default of each setting whose default is a plain value."""
    for name, annotation, value in _list_arguments(node):
        try:
            default = ast.literal_eval(value)
        except ValueError:
            continue
        if default is None or isinstance(default, (bool, int, float, str)):
            yield name, _read_type(annotation, default), default


def _list_arguments(node: ast.stmt) -> Iterator[tuple[str, Any, ast.expr]]:
    """Fields of a dataclass, and keyword arguments of ``__init__``, each with its default."""
    for part in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.value:
            yield part.target.id, part.annotation, part.value
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            every = part.args
            ordered = [*every.posonlyargs, *every.args]
            start = len(ordered) - len(every.defaults)
            for argument, value in zip(ordered[start:], every.defaults):  # noqa: B905
                yield argument.arg, argument.annotation, value
            for argument, default in zip(every.kwonlyargs, every.kw_defaults):  # noqa: B905
                if default is not None:
                    yield argument.arg, argument.annotation, default


def _read_type(annotation: ast.expr | None, default: Any) -> Any:
    """The type that a setting's text is read as: by its annotation, else by its default."""
    words = re.findall(r"\w+", ast.unparse(annotation)) if annotation else []
    kinds = [TYPES[word] for word in words if word in TYPES]
    if kinds:
        return Union[tuple([*kinds, type(None)] if "Optional" in words else kinds)]
    if default is None:
        return Optional[Union[bool, int, float, str]]
    return Union[int, float] if type(default) is int else type(default)


# -- in a worker -----------------------------------------------------------------------------------


def _make_prepare(file: Path, attribute: str) -> Callable[[Model, Budget, Any], Prepared]:
    def prepare(model: Model, budget: Budget, settings: Any) -> Prepared:
        module = _run(file)
        thing, what = getattr(module, attribute), f"{attribute!r} in {file.name}"
        if isinstance(thing, type):
            return _prepare_kernel(thing, what, model, budget, settings)
        own = getattr(module, "Settings", None)
        prepared = thing(model, budget, own(**asdict(settings)) if own else settings)
        if not isinstance(prepared, Prepared):
            kind = type(prepared).__name__
            raise UsageError(
                f"{what} gives a {kind}; expected: samplerbench.samplers.base.Prepared"
            )
        return prepared

    return prepare


def _run(file: Path) -> Any:
    try:
        return script.run_file(file)
    except UsageError:
        raise
    except Exception as error:  # whatever a user's file raises
        place = script.locate_error(error, file)
        raise UsageError(f"{place}: {one_line(error)}; it was run to load the sampler") from error


def _prepare_kernel(
    kernel: type, what: str, model: Model, budget: Budget, settings: Any
) -> Prepared:
    from numpyro.infer.mcmc import MCMCKernel

    from samplerbench.samplers.support.numpyro_mcmc import prepare_mcmc

    if not issubclass(kernel, MCMCKernel):
        bases = ", ".join(base.__name__ for base in kernel.__mro__[1:-1]) or "object"
        raise UsageError(f"{what} is a class on top of {bases}; expected: of MCMCKernel")
    options = asdict(settings)
    return prepare_mcmc(lambda: kernel(model.program, **options), model, budget, "parallel")
