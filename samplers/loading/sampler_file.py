"""A sampler by path, ``path/to/file.py:Name``: a kernel of NumPyro's, or a function ``prepare``.

A kernel is a subclass of NumPyro's ``MCMCKernel``, called as ``Kernel(program, **settings)``, or a
function that is called likewise and returns one. Another function is called as ``prepare(model,
budget, settings)`` (``samplers.base``). Settings are what the file declares: keyword arguments of
the kernel's ``__init__`` or function with plain defaults, or fields of a dataclass ``Settings``
beside ``prepare``. They are read from its text: only a worker runs it.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

from samplerbench.errors import UsageError, one_line, unknown_name
from samplerbench.models.base import Model
from samplerbench.models.loading import script, top_level
from samplerbench.samplers.base import Budget, Prepared, Sampler
from samplerbench.samplers.loading import file_settings
from samplerbench.user_files import full_path, split_file

KINDS = (
    "expected: path/to/file.py:NAME, a subclass of numpyro.infer.mcmc.MCMCKernel, a function of the"
    " program that makes a kernel, or a function prepare(model, budget, settings)"
)
ARGUMENTS = ("model", "budget", "settings")  # of a function ``prepare``


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
    found = top_level.find_bindings(_parse(file))
    if attribute not in found and top_level.ANY not in found:
        raise unknown_name(f"name in {file}", attribute, found)
    node = found.get(attribute)
    is_kernel = isinstance(node, ast.ClassDef) or _makes_kernel(node, attribute)
    _refuse_unfit(node, f"{attribute!r} in {file}", found, is_kernel)
    owner = attribute if is_kernel else _name_settings(node, found)
    return Sampler(
        attribute,
        file_settings.make_settings(found.get(owner), f"{owner!r} in {file}"),
        _make_prepare(file, attribute, owner, is_kernel),
        _summarise(node) or f"from {file.name}",
        needs=("jax", "numpyro"),
        family="numpyro" if is_kernel else "",
        host_devices=(lambda _, chains: chains) if is_kernel else None,
    )


def is_sampler(text: str) -> bool:
    """Whether ``text``, "path/to/file.py:NAME[:SETTING=VALUE,...]", can only be a sampler.

    That is a class, or a function that is called ``prepare`` or has its arguments, or one of a
    ``program`` or ``model`` that makes a kernel: other functions may be programs.
    """
    path, rest = split_file(text)
    file, attribute = _split(f"{path}:{rest.partition(':')[0]}")
    node = top_level.find_bindings(_parse(file)).get(attribute)
    if attribute == "prepare" or isinstance(node, ast.ClassDef):
        return True
    names = [each.arg for each in node.args.args] if isinstance(node, ast.FunctionDef) else []
    makes_kernel = _makes_kernel(node, attribute) and names[:1] in (["program"], ["model"])
    return makes_kernel or tuple(names[: len(ARGUMENTS)]) == ARGUMENTS


def run_sampler_file(name: str) -> None:
    """Run the file of a sampler by path, as importing it would, once. Raises UsageError."""
    file, _ = _split(name)
    _run(file, script.digest_file(file))


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


def _makes_kernel(node: ast.AST | None, name: str) -> bool:
    """Whether a function needs the program alone, and returns something: the rest are settings."""
    if not isinstance(node, ast.FunctionDef) or name == "prepare":
        return False
    if not any(isinstance(each, ast.Return) and each.value for each in ast.walk(node)):
        return False  # as a model
    arguments = node.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    needed = len(names) - len(arguments.defaults)
    more = [each for each in arguments.kw_defaults if each is None]
    return needed == 1 and not more and not arguments.vararg and names[1:3] != [*ARGUMENTS[1:]]


def _refuse_unfit(
    node: ast.AST | None, what: str, found: Mapping[str, ast.AST], is_kernel: bool
) -> None:
    """Refuse what can be seen to be no sampler before anything is run."""
    if isinstance(node, ast.AsyncFunctionDef):
        raise UsageError(f"{what} is a coroutine function\n  {KINDS}")
    if isinstance(node, ast.FunctionDef) and not node.decorator_list and not is_kernel:
        most = len(node.args.posonlyargs) + len(node.args.args)
        least = most - len(node.args.defaults)
        if least > len(ARGUMENTS) or (most < len(ARGUMENTS) and not node.args.vararg):
            raise UsageError(f"{what} is a function of {most} arguments\n  {KINDS}")
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


def _name_settings(node: ast.AST | None, found: Mapping[str, ast.AST]) -> str:
    """The class of a function's settings: what annotates its third argument, else ``Settings``."""
    arguments = node.args.args[2:3] if isinstance(node, ast.FunctionDef) else []
    named = [ast.unparse(each.annotation).strip("'") for each in arguments if each.annotation]
    return next((n for n in named if isinstance(found.get(n), ast.ClassDef)), "Settings")


def _summarise(node: ast.AST | None) -> str:
    """The first line of a docstring; "" where there is none."""
    text = ast.get_docstring(node) if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else ""
    return (text or "").partition("\n")[0]


# -- in a worker -----------------------------------------------------------------------------------


def _make_prepare(
    file: Path, attribute: str, owner: str, is_kernel: bool
) -> Callable[[Model, Budget, Any], Prepared]:
    """What prepares the sampler. A kernel that the text doesn't show takes no settings."""

    def prepare(model: Model, budget: Budget, settings: Any) -> Prepared:
        module = _run(file, script.digest_file(file))
        what = f"{attribute!r} in {file.name}"
        try:
            thing = getattr(module, attribute)
        except AttributeError as error:
            raise UsageError(f"{what} is not there once the file has run\n  {KINDS}") from error
        if is_kernel or isinstance(thing, type) or isinstance(getattr(thing, "func", None), type):
            own_settings = asdict(settings) if is_kernel else {}
            if not is_kernel and settings != type(settings)():
                raise UsageError(
                    f"{what} is a kernel that the file imports or makes of another: {owner!r} there"
                    " holds no settings of it\n  next: def make(program, setting=1.0): return ..."
                )
            return _prepare_kernel(thing, what, model, budget, own_settings)
        _refuse_uncallable(thing, what)
        own = getattr(module, owner, None)
        prepared = thing(model, budget, own(**asdict(settings)) if own else settings)
        if not isinstance(prepared, Prepared):
            kind = type(prepared).__name__
            raise UsageError(
                f"{what} gives a {kind}; expected: samplerbench.samplers.base.Prepared"
            )
        return prepared

    return prepare


@functools.lru_cache(maxsize=8)
def _run(file: Path, digest: str) -> Any:
    """The module that ``file`` makes: once, as an import would, unless its text changes."""
    try:
        return script.run_file(file)
    except UsageError:
        raise
    except Exception as error:  # whatever a user's file raises
        place = script.locate_error(error, file)
        raise UsageError(f"{place}: {one_line(error)}; it was run to load the sampler") from error


def _refuse_uncallable(thing: Any, what: str) -> None:
    """Raise UsageError for what can't be called as ``prepare`` is."""
    if not callable(thing):
        raise UsageError(f"{what} is a {type(thing).__name__}; {KINDS}")
    try:
        inspect.signature(thing).bind(*ARGUMENTS)
    except TypeError as error:
        raise UsageError(f"{what} can't be called as prepare is: {error}; {KINDS}") from error
    except ValueError:
        pass  # it has no signature, which calling it does not need


def _prepare_kernel(
    kernel: Any, what: str, model: Model, budget: Budget, options: dict[str, Any]
) -> Prepared:
    """Runs of a class of NumPyro's kernels, or of one with some arguments given (``partial``).

    Or of what a function makes of the program. Raises Declined for an ensemble.
    """
    from samplerbench.samplers.support import kernels_by_path
    from samplerbench.samplers.support.numpyro_mcmc import prepare_mcmc

    made = kernel if isinstance(kernel, type) else getattr(kernel, "func", kernel)
    if isinstance(made, type):
        kernels_by_path.refuse_class(made, what, "is a class")
        kernels_by_path.refuse_inner_kernel(made, what)
    first = kernel(model.program, **options)
    kernels_by_path.refuse_class(type(first), what, "gives an object")
    kernels_by_path.require_discrete(first, model)
    kernels_by_path.require_subsample(first, model)
    return prepare_mcmc(lambda: kernel(model.program, **options), model, budget, "parallel")
