"""Functions as models: pickled by value for the workers of a run, and named by their content.

A pickle lies in the campaign's folder and only a worker reads it (``models.loading.program_file``).
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError, one_line
from samplerbench.files import write_beside
from samplerbench.harness.campaign.fingerprint import digest_values, referenced_values
from samplerbench.harness.campaign.tables.table import make_table
from samplerbench.harness.environments import environments, interpreters
from samplerbench.harness.records import Trial
from samplerbench.models.loading import model_names
from samplerbench.models.loading.program import check_arguments
from samplerbench.models.loading.program_file import SUFFIX, is_program, restore_pytree

FOLDER = "programs"  # of the campaign's folder
_SAVE = "save it to a file, and name that: model='path/to/file.py:name'"


@dataclass(frozen=True)
class ShippedProgram:
    """A function with its data, as its workers get it."""

    model: str  # "NAME-DIGEST.pkl:NAME", as in a trial
    content: bytes  # the pickle


def ship_models(models: Any, data: Any) -> tuple[list[str], list[ShippedProgram], Any]:
    """Names of ``models``, the functions among them as pickles, and the data that are left.

    A function at the top level of a file is named by that file where no dict of data comes with
    it. Raises UsageError for what can't be shipped.
    """
    listed = list(models) if isinstance(models, (list, tuple)) else [models]
    given = data if isinstance(data, Mapping) or _is_frame(data) else None
    if data is not None and given is None:
        make_table(data)  # which refuses what is no table
    names: list[str] = []
    shipped: list[ShippedProgram] = []
    for model in listed:
        if isinstance(model, str) or not callable(model) or _has_file(model, given):
            names.append(model_names.name_model(model))
        else:
            handed = {} if given is None else model_names.hand_over(model, given)
            shipped.append(ship(model, handed))
            names.append(shipped[-1].model)
    all_shipped = given is not None and len(shipped) == len(listed)
    return names, shipped, None if all_shipped else data


def _is_frame(data: Any) -> bool:
    """Whether data are a DataFrame, of which a program gets the columns that it takes."""
    library = type(data).__module__.partition(".")[0]
    return library in ("pandas", "polars") and hasattr(data, "columns")


def _has_file(model: Any, data: Any) -> bool:
    if data is not None:
        return False
    try:
        return bool(model_names.name_model(model))
    except UsageError:
        return False


def ship(program: Callable[..., Any], data: Mapping[str, Any]) -> ShippedProgram:
    """The program with its data, by value. Raises UsageError, which names what can't be shipped."""
    name = _name(program)
    check_arguments(program, name, data, where="by its names, in data={'name': value}")
    x64 = "jax" in sys.modules and bool(sys.modules["jax"].config.jax_enable_x64)
    digest = digest_values(program, dict(data), x64)
    record = {"program": program, "data": dict(data), "x64": x64}
    with _own_modules_by_value():
        content = _pickle(record, program, name, data)
    return ShippedProgram(f"{name}-{digest}{SUFFIX}:{name}", content)


def _name(program: Any) -> str:
    """The name of a function, of what wraps one, or of an object's type; an identifier.

    Wrappers are partials, and NumPyro's handlers, as `@numpyro.handlers.reparam(config=...)`.
    """
    while isinstance(program, functools.partial) or _is_handler(program):
        program = program.func if isinstance(program, functools.partial) else program.fn
    name = getattr(program, "__name__", "") or type(program).__name__
    return re.sub(r"\W", "", name) or "program"


def _is_handler(program: Any) -> bool:
    return type(program).__module__.startswith("numpyro.") and callable(
        getattr(program, "fn", None)
    )


def _pickle(record: dict[str, Any], program: Any, name: str, data: Mapping[str, Any]) -> bytes:
    try:
        return _dump(record)
    except Exception as error:  # whatever the pickling of a user's object raises
        parts = {f"{key!r} in data": value for key, value in data.items()}
        parts.update((f"{key!r}", value) for key, value in referenced_values(program).items())
        culprits = [part for part, value in parts.items() if not _can_pickle(value)]
        raise UsageError(
            f"the program {name!r} can't be sent to the process that runs it: "
            f"{', '.join(culprits) or 'it'} can't be pickled: {one_line(error)}\n"
            f"  expected: a function that uses numbers, arrays and functions\n  or {_SAVE}"
        ) from error


def _dump(value: Any) -> bytes:
    """``cloudpickle.dumps``, of a class with cached properties or a library's own kind as well.

    As of ``numpyro.distributions.constraints.dependent_property`` in a distribution of one's own;
    a class that is registered with JAX as a pytree is registered where it is read.
    """
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, functools.cached_property):  # up to Python 3.11 it holds a lock
                state = {name: held for name, held in vars(value).items() if name != "lock"}
                return type(value), (value.func,), state
            if isinstance(value, property) and type(value) is not property:
                return type(value), (value.fget,), vars(value)
            parts = super().reducer_override(value)
            if isinstance(value, type) and isinstance(parts, tuple) and _is_pytree(value):
                return (*parts[:5], functools.partial(restore_pytree, parts[5]))
            return parts

    with io.BytesIO() as file:
        Pickler(file).dump(value)
        return file.getvalue()


def _is_pytree(kind: type) -> bool:
    """Whether a class is registered with JAX as a node of pytrees, by its own two methods."""
    if "jax" not in sys.modules or not hasattr(kind, "tree_flatten"):
        return False
    try:  # a leaf stays whole; a node is flattened, for which an empty one lacks all attributes
        return not sys.modules["jax"].tree_util.all_leaves([object.__new__(kind)])
    except Exception:
        return True


def _can_pickle(value: Any) -> bool:
    try:
        _dump(value)
    except Exception:  # as above: the question is only whether it does
        return False
    return True


@contextlib.contextmanager
def _own_modules_by_value() -> Iterator[None]:
    """Have what a user's own modules hold travel, since a worker can't import them."""
    import cloudpickle

    already = cloudpickle.list_registry_pickle_by_value()
    own = [m for name, m in list(sys.modules.items()) if _is_own(name, m) and name not in already]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def _is_own(name: str, module: Any) -> bool:
    """Whether a module lies outside of Python's own folders and those of installed packages."""
    file = getattr(module, "__file__", None)
    if not file or name == "__main__" or getattr(module, "__name__", None) != name:
        return False
    if name.partition(".")[0] == "samplerbench" or "site-packages" in file:
        return False
    return not os.path.realpath(file).startswith(_library_folders())


@functools.cache
def _library_folders() -> tuple[str, ...]:
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple(os.path.realpath(sysconfig.get_path(kind)) + os.sep for kind in kinds)


def save_programs(folder: Path, programs: Sequence[ShippedProgram]) -> None:
    """Write the pickles to the campaign's folder; those that are there stay."""
    for program in programs:
        path = folder / FOLDER / program.model.rpartition(":")[0]
        path.parent.mkdir(exist_ok=True)
        if not path.is_file():
            with write_beside(path) as part:
                part.write_bytes(program.content)


def with_path(folder: Path, trial: Trial) -> Trial:
    """The trial as a worker reads it: the path of its pickle in place of its name."""
    if not is_program(trial.model):
        return trial
    return replace(trial, model=str(folder / FOLDER / trial.model))


@functools.cache
def default_environment() -> str:
    """Where a function runs: ``current`` where the running Python has NumPyro, else ``pinned``."""
    return "current" if "numpyro" in interpreters.list_installed(None) else "pinned"


def refuse_other_python(trials: Sequence[Trial]) -> None:
    """Raise UsageError for an environment of another Python: bytecode is of one minor version."""
    for trial in trials:
        if not is_program(trial.model):
            continue
        version = environments.python_version(trial.environment)
        if version != interpreters.running_version():
            raise UsageError(
                f"the program {trial.model.rpartition(':')[2]!r} is a function of Python "
                f"{interpreters.running_version()}; environment {trial.environment!r} has Python "
                f"{version}\n  expected: an environment of the same Python, as --env current\n"
                f"  or {_SAVE}"
            )
