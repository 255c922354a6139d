"""``samplerbench list posteriors``: which posteriors of posteriordb can be run, and which not."""

from __future__ import annotations

from collections.abc import Iterator

from samplerbench.models.posteriordb import folder, load
from samplerbench.models.posteriordb.base import Program, programs


def lines(checkout: str | None) -> Iterator[str]:
    """Programs and the posteriors that they serve; with a checkout, its posteriors and why not.

    Raises UsageError for a folder that is none.
    """
    return _checkout_lines(checkout) if checkout else _program_lines()


def _program_lines() -> Iterator[str]:
    yield "programs for models of posteriordb, the posteriors that they serve, Stan's density:"
    for name in programs.names():
        program = programs.get(name)
        yield f"  {name:<26} {', '.join(program.posteriors)}"
        yield f"      {program.density}{_remarks(program)}"


def _remarks(program: Program) -> str:
    remarks = ""
    if program.extra_sites:
        remarks += f" (sites of its own, not compared: {', '.join(program.extra_sites)})"
    if program.precision != 32:
        remarks += f" (needs --precision {program.precision})"
    return remarks


def _checkout_lines(checkout: str) -> Iterator[str]:
    database = folder.find_root(checkout)
    for name, why in load.explain_not_runnable(database).items():
        yield f"  {name:<44} {why or _reference_line(folder.find_posterior(database, name))}"


def _reference_line(entry: folder.Posterior) -> str:
    program, file = programs.get(entry.model), entry.reference_file()
    if file is None:
        reference = "no reference draws"
    elif file.is_file():
        reference = "reference draws"
    else:
        reference = f"reference draws missing: {file.name}"
    return f"{reference}{_remarks(program)}"
