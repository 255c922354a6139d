"""The result of `samplerbench check`: a row a sampler, the nearest good stack, and its pins."""

from __future__ import annotations

import dataclasses

from samplerbench.harness.compatibility.check import Report
from samplerbench.reports.tables import terminal
from samplerbench.reports.tables.csv_json import as_indented_json
from samplerbench.reports.tables.table import Column, Table, text_rows


def render(report: Report) -> str:
    """For the terminal."""
    advice = [] if report.fine else _advice(report)
    return terminal.render(make_table(report)) + "".join(f"{line}\n" for line in advice)


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
            "fine": report.fine,
        }
    )
