"""A model by its name in the command line: a registered one, or ``path/to/file.py:name``."""

from __future__ import annotations

import contextlib
import inspect
import operator
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samplerbench.errors import UsageError, unknown_name
from samplerbench.models.base import Model, build, models
from samplerbench.models.loading import data_files, script, top_level
from samplerbench.models.loading.program import find_whole, keep_taken, list_arguments, make_model
from samplerbench.models.loading.program_file import is_program, read_digest, read_program
from samplerbench.models.loading.repeatable import repeatable_randomness
from samplerbench.models.posteriordb import folder
from samplerbench.models.posteriordb import load as posteriors
from samplerbench.options import fill
from samplerbench.user_files import full_path, split_file


def is_file(name: str) -> bool:
    """Whether ``name`` points into a file rather than at a registered model."""
    return is_program(name) or bool(split_file(name)[0])


def find_file(name: str) -> Path | None:
    """The file of Python that ``name`` points into; None for any other model."""
    return Path(name.rpartition(":")[0]) if is_file(name) and not is_program(name) else None


def is_registered(name: str) -> bool:
    """Whether ``name`` is looked up in the registry: neither a file nor a posterior's file."""
    return not is_file(name) and not folder.is_posterior(name)


def check_model(name: str, options: Mapping[str, Any]) -> tuple[str, str]:
    """Refuse what cannot be built, without running a line of it -> (full name, digest).

    A file is only parsed. The digest is that of the file's text ("" for a registered model).
    Raises UsageError.
    """
    if folder.is_posterior(name):
        return posteriors.check_posterior(name)
    if is_program(name):
        return name, read_digest(name)
    if not is_file(name):
        fill(models.get(name).options, options, name)
        return name, ""
    path, _, attribute = name.rpartition(":")
    if not path:
        raise UsageError(f"{name!r} names no model\n  expected: path/to/file.py:name")
    file = full_path(path)
    if not file.is_file():
        raise UsageError(f"there is no file {path!r}\n  expected: path/to/file.py:name")
    if options:
        raise UsageError(f"{name!r} takes no options; got {', '.join(options)}")
    try:
        names = top_level.find_names(script.parse_source(file))
        digest = script.digest_file(file)
    except (OSError, SyntaxError, ValueError) as error:  # ValueError: wrong encoding, null bytes
        expected = "path/to/file.py:name, a file of Python or a notebook"
        raise UsageError(
            f"{path} can't be read as Python: {error}\n  expected: {expected}"
        ) from error
    first = attribute.partition(".")[0]  # of `fit.model`, a method: what it is of, running tells
    if first not in names and top_level.ANY not in names:
        raise unknown_name(f"name in {path}", first, names)
    return f"{file}:{attribute}", digest


def digest_model(name: str) -> str:
    """The digest that ``check_model`` gives, or that of a plug-in; of what lies there now."""
    if folder.is_posterior(name):
        return posteriors.digest_posterior(name)
    if is_program(name):
        return read_digest(name)
    file = find_file(name)
    return script.digest_file(file) if file else models.digest(name)


def name_model(thing: Any) -> str:
    """The name of a model that is handed over in Python: text, or a function in a file.

    A function becomes ``path/to/file.py:name``. Raises UsageError for one that no file holds at
    its top level, and for anything else.
    """
    if isinstance(thing, str):
        return thing
    expected = "expected: a registered name, 'path/to/file.py:name', or a function in such a file"
    if not inspect.isfunction(thing):
        raise UsageError(
            f"a model of type {type(thing).__name__!r} can't be handed to its process\n  {expected}"
            f"{_advise_held(thing)}"
        )
    name, file = thing.__qualname__, Path(thing.__code__.co_filename)
    if not name.isidentifier() or not file.is_file():
        where = "in no file" if not file.is_file() else "inside a function or has no name"
        raise UsageError(f"the program {name!r} stands {where}\n  {expected}, at its top level")
    return f"{file}:{name}"


def _advise_held(thing: Any) -> str:
    """Where the program of an ``MCMC`` or of its kernel is; "" of what holds none."""
    for path in ("model", "sampler.model"):
        with contextlib.suppress(AttributeError):
            if callable(operator.attrgetter(path)(thing)):
                return f"\n  next: hand over the program that it holds, its .{path}"
    return ""


def load_model(name: str, options: Mapping[str, Any], data_file: str = "") -> Model:
    """The model called ``name``; a file is run for it.

    A program takes its data from ``data_file``, an .npz of arrays, where there is one, else from
    the ``data`` of its own file, a dict or a function that gives one. Raises UsageError for what is
    neither a Model, a function annotated ``-> Model``, nor a NumPyro program, and for data that
    the program does not take; and whatever the file itself raises. Random numbers that a file draws
    without a seed are the same each time.
    """
    with repeatable_randomness():
        return _load_model(name, options, data_file)


def _load_model(name: str, options: Mapping[str, Any], data_file: str) -> Model:
    if folder.is_posterior(name):
        return posteriors.load_posterior(name)
    if not is_file(name):
        return build(name, options)
    path, _, attribute = name.rpartition(":")
    if is_program(name):
        program, values = read_program(Path(path))
        thing = _call_for_model(program)
        return thing if isinstance(thing, Model) else make_model(thing, values, attribute)
    own_data = () if data_file else ("data",)
    module = script.run_file(Path(path), (attribute.partition(".")[0], *own_data))
    thing = _find_model_or_program(module, attribute, path)
    if isinstance(thing, Model):
        if data_file:
            raise UsageError(
                f"{attribute!r} in {path} is a Model with data of its own; others are not "
                "needed\n  expected: --data with a NumPyro program only"
            )
        return thing
    if data_file:
        columns = hand_over(thing, data_files.read_data(Path(data_file)))
        return make_model(thing, keep_taken(thing, columns), attribute)
    data = getattr(module, "data", {})
    data = data() if callable(data) else data
    if _is_unrelated(thing, data):
        data, note = {}, "all that it takes has a value of its own"
        script.add_note(module, f"the table 'data' of its file is not handed over: {note}")
    data = hand_over(thing, data)
    _check_mapping(data, attribute, path)
    return make_model(thing, data, attribute, vars(module))


def _find_model_or_program(module: Any, attribute: str, path: str) -> Any:
    stop = script.find_stop(Path(path))
    thing, where = module, f"name in {path}"
    for name in attribute.split("."):
        if not hasattr(thing, name) and thing is module and stop:
            raise stop
        if not hasattr(thing, name):  # of a module: not bound in the branch that was run
            names = [known for known in dir(thing) if not known.startswith("__")]
            raise unknown_name(where, name, names)
        thing, where = getattr(thing, name), f"attribute of {name!r} in {path}"
    if not isinstance(thing, Model) and not callable(thing):
        raise UsageError(
            f"{attribute!r} in {path} is of type {type(thing).__name__}\n"
            "  expected: a NumPyro program, a samplerbench.models.base.Model, or a function that "
            "gives one"
        )
    return _call_for_model(thing)


def _call_for_model(thing: Any) -> Any:
    """The model that a function annotated ``-> Model`` gives; else the thing itself."""
    if getattr(thing, "__annotations__", {}).get("return") in (Model, "Model"):
        return thing()
    return thing


def _is_unrelated(program: Callable[..., Any], data: Any) -> bool:
    """Whether a frame in a program's file is no data of it, which lacks none, nor takes all in one.

    What only happens to be called ``data``, as the raw table in a notebook, must not replace the
    program's defaults by its columns.
    """
    if isinstance(data, Mapping) or not hasattr(data, "columns"):
        return False
    arguments, open_ended = list_arguments(program)
    lacks = any(p.default is none for p in arguments.values() for none in (p.empty, None, ...))
    return not (open_ended or lacks)


def _check_mapping(data: Any, name: str, path: str) -> None:
    """Refuse a file's ``data`` where it is no dict by name."""
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise UsageError(
            f"'data' in {path} is of type {type(data).__name__}\n  expected: a dict of what "
            f"{name!r} takes, by name, or a function that gives one; or --data FILE"
        )


def hand_over(program: Callable[..., Any], data: Any) -> Any:
    """A file's ``data``, or a frame, by the names of the program's parameters.

    Whole where the program takes all in one, as ``data`` or ``df``; of a DataFrame the columns
    that it takes, or all where one lacks, for the refusal to name.
    """
    arguments, _ = list_arguments(program)
    is_dict = isinstance(data, Mapping)
    held = data if is_dict else map(str, getattr(data, "columns", ()))
    whole = find_whole(arguments, held)
    if whole and not (is_dict and not data):
        return {whole: data}
    if is_dict or not hasattr(data, "columns"):
        return data
    columns = {str(name): data[name].to_numpy() for name in data.columns}
    lacks = any(p.default is p.empty and name not in columns for name, p in arguments.items())
    return columns if lacks else keep_taken(program, columns)
