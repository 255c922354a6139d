"""The result of `samplerbench check`: a row a sampler, the nearest good stack, and its pins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from samplerbench.harness.compatibility.check import Report
from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.tried_samplers import REFERENCE
from samplerbench.reports.tables import terminal
from samplerbench.reports.tables.csv_json import as_indented_json
from samplerbench.reports.tables.table import Column, Table, text_rows
from samplerbench.rounding import format_with_interval

NOT_KEPT = (
    "not kept, since a time limit, the disk or the network ended it, which says as much of the"
    " machine as of the stack: call it again once the machine is quiet"
)


def render(report: Report, width: int | None = None) -> str:
    """For the terminal."""
    advice = [] if report.fine else _advice(report)
    if report.find_out:
        advice = [f"find out in about a minute with: {report.find_out}", *advice]
    return terminal.render(make_table(report), width) + "".join(f"{line}\n" for line in advice)


def render_run(row: StackRow, width: int | None = None) -> str:
    """What came of running the samplers, for the terminal."""
    rows = [_describe_run(name, found) for name, found in row.samplers.items()]
    columns = [Column("sampler"), Column("result"), Column("accuracy")]
    columns += [Column("first run", "s", "right"), Column("compiled run", "ms", "right")]
    word = ("not known" if row.passing else "breaks") if row.failed_stage else "passes"
    title = f"{row.name}, Python {row.python}: {word} (after {row.took_s:.0f} s)"
    notes = ["accuracy: of means and log Z on the straight line, whose answer is exact"]
    if "value" in (fit := row.samplers.get(REFERENCE, {}).get("draws_exponent", {})):
        exponent = format_with_interval(fit["value"], fit["lo"], fit["hi"])
        notes.append(f"seconds of NUTS grow as draws to the power of {exponent}")
    failures = [f"{row.failed_stage}: {row.cause}"] if row.failed_stage else []
    failures += [NOT_KEPT] if row.passing else []
    table = Table(title, [*columns, Column("cause")], text_rows(rows), [*failures, *notes])
    return terminal.render(table, width)


def _describe_run(name: str, found: Mapping[str, Any]) -> list[str]:
    accuracy = ""
    if "accurate" in found:
        accuracy = f"{found['why'] or 'as the exact answer'}; {found['verdict']}"
    cold, warm = found.get("cold_s"), found.get("warm_s")
    seconds = [f"{cold:.1f}" if cold else "", f"{1000 * warm:.3g}" if warm else ""]
    return [name, found["word"], accuracy, *seconds, found.get("cause", "")]


def make_table(report: Report) -> Table:
    """One row a sampler: whether it works, and what breaks it."""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    rows = []
    for finding in report.findings:
        message = f"the library says: {finding.said}" if finding.said else ""
        cause = "\n".join(filter(None, [finding.cause, message]))
        rows.append([finding.sampler, finding.word, cause])
    title = f"Python {report.version} at {report.python}: {versions or 'no library of a sampler'}"
    return Table(title, [Column("sampler"), Column("result"), Column("cause")], text_rows(rows))


def _advice(report: Report) -> list[str]:
    """Which stack works, and the line that makes it, which is for copying and so never folded."""
    if report.nearest is None:
        return ["no stack is known to work; try some with: samplerbench matrix"]
    near = report.nearest
    return [
        f"nearest stack known to work: {near.name} (tried {near.date}, Python {near.python})",
        "  make it so with:",
        f"  {report.mend or 'nothing need change'}",
    ]


def as_json(report: Report) -> str:
    """One object; ``fine`` is what the exit code says."""
    near = report.nearest
    return as_indented_json(
        {
            "python": report.python,
            "version": report.version,
            "installed": report.versions,
            "samplers": [dataclasses.asdict(finding) for finding in report.findings],
            "nearest": {"name": near.name, "pins": list(near.pins)} if near else None,
            "mend": report.mend,
            "find_out": report.find_out,
            "fine": report.fine,
        }
    )
