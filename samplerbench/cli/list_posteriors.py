"""``samplerbench list posteriors``: which posteriors of posteriordb can be run, and which not."""

from __future__ import annotations

from collections.abc import Iterator

from samplerbench.models.posteriordb import folder, load
from samplerbench.models.posteriordb.base import Program, programs


def lines(checkout: str | None) -> Iterator[str]:
    """Programs and the posteriors that they serve; with a checkout, its posteriors and why not.

    Raises UsageError for a folder that is none.
    """
    return _of_checkout(checkout) if checkout else _of_programs()


def _of_programs() -> Iterator[str]:
    yield "programs for models of posteriordb, the posteriors that they serve, Stan's density:"
    for name in programs.names():
        program = programs.get(name)
        yield f"  {name:<26} {', '.join(program.posteriors)}"
        yield f"      {program.density}{_aside(program)}"


def _aside(program: Program) -> str:
    found = ""
    if program.beside:
        found += f" (sites of its own, not compared: {', '.join(program.beside)})"
    if program.precision != 32:
        found += f" (needs --precision {program.precision})"
    return found


def _of_checkout(checkout: str) -> Iterator[str]:
    database = folder.root(checkout)
    for name, why in load.reasons(database).items():
        yield f"  {name:<44} {why or _found(folder.posterior(database, name))}"


def _found(entry: folder.Posterior) -> str:
    program, file = programs.get(entry.model), entry.reference_file()
    if file is None:
        against = "no reference draws"
    else:
        against = "reference draws" if file.is_file() else f"reference draws missing: {file.name}"
    return f"{against}{_aside(program)}"
