"""``samplerbench list posteriors``: which posteriors of posteriordb can be run, and which not."""

from __future__ import annotations

from typing import Any

from samplerbench.models.posteriordb import folder, load
from samplerbench.models.posteriordb.base import Program, programs


def describe_posteriors(checkout: str | None) -> tuple[dict[str, Any], list[str]]:
    """Programs and the posteriors that they serve; with a checkout, its posteriors and why not.

    As a record for JSON and as lines. Raises UsageError for a folder that is none.
    """
    return _describe_checkout(checkout) if checkout else _describe_programs()


def _describe_programs() -> tuple[dict[str, Any], list[str]]:
    known = {name: programs.get(name) for name in programs.names()}
    lines = ["programs for models of posteriordb, the posteriors that they serve, Stan's density:"]
    for name, program in known.items():
        lines.append(f"  {name:<26} {', '.join(program.posteriors)}")
        lines.append(f"      {program.density}{_remarks(program)}")
    record = {
        name: {"posteriors": [*program.posteriors], "density": program.density}
        for name, program in known.items()
    }
    return {"programs": record}, lines


def _remarks(program: Program) -> str:
    remarks = ""
    if program.extra_sites:
        remarks += f" (sites of its own, not compared: {', '.join(program.extra_sites)})"
    if program.precision != 32:
        remarks += f" (needs --precision {program.precision})"
    return remarks


def _describe_checkout(checkout: str) -> tuple[dict[str, Any], list[str]]:
    database = folder.find_root(checkout)
    record = {
        name: {
            "runs": not why,
            "about": why or _reference_line(folder.find_posterior(database, name)),
        }
        for name, why in load.explain_not_runnable(database).items()
    }
    return {"posteriors": record}, [f"  {n:<44} {each['about']}" for n, each in record.items()]


def _reference_line(entry: folder.Posterior) -> str:
    program, file = programs.get(entry.model), entry.reference_file()
    if file is None:
        reference = "no reference draws"
    elif file.is_file():
        reference = "reference draws"
    else:
        reference = f"reference draws missing: {file.name}"
    return f"{reference}{_remarks(program)}"
