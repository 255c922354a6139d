"""A posterior of posteriordb as a model here: its program with its data."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from samplerbench.errors import UsageError, unknown_name
from samplerbench.models.base import Model
from samplerbench.models.loading.program import make_model
from samplerbench.models.posteriordb import folder
from samplerbench.models.posteriordb.base import Program, programs
from samplerbench.models.posteriordb.folder import Posterior
from samplerbench.user_files import full_path, read_limited

ALL = "all"  # in place of names: every posterior that has a program here


def find_files(checkout: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The files of these posteriors, which stand for them as models. Raises UsageError."""
    if not checkout:
        raise UsageError(
            f"no folder is named that holds posterior {names[0]!r}\n"
            "  expected: --posteriordb FOLDER, a checkout of posteriordb"
        )
    database = folder.find_root(checkout)
    if not names:
        raise UsageError(
            f"no posterior of {checkout!r} is named\n  expected: --posterior NAME ..., or {ALL}\n"
            f"  with a program here: {', '.join(list_runnable(database)) or '(none)'}"
        )
    if names == (ALL,):
        names = tuple(list_runnable(database))
        if not names:
            raise UsageError(
                f"no posterior of {checkout!r} has a program here\n"
                f"  list why with: {folder.LISTS} {checkout}"
            )
    return tuple(str(folder.find_posterior(database, name).file) for name in names)


def list_runnable(database: Path) -> list[str]:
    """The database's posteriors that have a program here."""
    return [name for name, why in explain_not_runnable(database).items() if not why]


def explain_not_runnable(database: Path) -> dict[str, str]:
    """Why each posterior of the database can't be run here; "" where it can."""
    reasons = {}
    for name in folder.list_names(database):
        try:
            entry = folder.find_posterior(database, name)
        except UsageError as error:
            reasons[name] = str(error).splitlines()[0]
            continue
        known = entry.model in programs.names()
        reasons[name] = "" if known else f"no program here for model {entry.model!r}"
    return reasons


def check_posterior(name: str) -> tuple[str, str]:
    """Refuse a posterior that can't be run -> (the path of its file, digest of it and its data).

    Raises UsageError for one without a program here, and for files that are missing, corrupt or
    lack what the program needs.
    """
    path = full_path(name)
    load_posterior(str(path))
    return str(path), digest_posterior(str(path))


def digest_posterior(name: str) -> str:
    """16 hex digits over the posterior's file and its data."""
    path = Path(name)
    whole = read_limited(path) + read_limited(folder.read_posterior(path).data_file())
    return hashlib.sha256(whole).hexdigest()[:16]


def load_posterior(name: str) -> Model:
    """The model of the posterior whose file is ``name``. Raises UsageError."""
    entry = folder.read_posterior(Path(name))
    program = _find_program(entry)
    values = _read_data(entry, program)
    try:
        data = program.adapt(values)
    except (ValueError, IndexError, TypeError) as error:
        raise folder.read_error(entry.data_file(), f"its sizes do not fit: {error}") from error
    return _build_model(entry.name, program, data)


def list_parameters(name: str) -> tuple[str, ...]:
    """The sites that mean what Stan's parameters of the same name do."""
    return _find_program(folder.read_posterior(Path(name))).parameters


def find_reference(name: str) -> Path | None:
    """The file of the reference draws, or None. Raises UsageError where it is named, not there."""
    entry = folder.read_posterior(Path(name))
    path = entry.reference_file()
    if path is not None and not path.is_file():
        raise folder.read_error(path, "there is no such file")
    return path


def _find_program(entry: Posterior) -> Program:
    if entry.model not in programs.names():
        error = unknown_name("program for model", entry.model, programs.names())
        raise UsageError(
            f"posterior {entry.name!r} has no program here: its model is {entry.model!r}\n"
            f"  with a program here: {', '.join(list_runnable(entry.root)) or '(none)'}\n"
            f"  list them with: {folder.LISTS} {entry.root}"
        ) from error
    return programs.get(entry.model)


def _read_data(entry: Posterior, program: Program) -> dict[str, Any]:
    """The data that the program needs: whole numbers, and arrays of numbers."""
    path = entry.data_file()
    if not path.is_file():
        raise folder.read_error(path, "there is no such file")
    data = folder.read_json(path)
    missing = [key for key in program.keys if key not in data]
    if missing:
        lacks = f"it lacks {', '.join(missing)}, which model {entry.model!r} needs"
        raise folder.read_error(path, f"{lacks}; it holds {', '.join(data) or '(nothing)'}")
    return {key: _to_array(path, key, data[key]) for key in program.keys}


def _to_array(path: Path, key: str, value: Any) -> Any:
    """A whole number as it is, since it may be a size; all else as an array."""
    if type(value) is int:
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of unlike lengths
        raise folder.read_error(path, f"{key!r} is no array: {error}") from error
    if array.dtype.kind not in "bif":
        raise folder.read_error(path, f"{key!r} holds something other than numbers")
    return array


def _build_model(name: str, program: Program, data: dict[str, Any]) -> Model:
    model = make_model(program.program, data, name)
    if program.precision == 32:
        return model

    def checked(**data: Any) -> None:
        import jax

        if not jax.config.jax_enable_x64:
            raise ValueError(f"{name} needs 64-bit floats\n  run it with --precision 64")
        model.program(**data)

    return replace(model, program=checked)
