"""What `samplerbench check` says: a word a sampler, the nearest good stack, and its pins."""

from __future__ import annotations

import dataclasses
import json

from samplerbench.harness.compatibility.check import Report


def text(report: Report) -> str:
    """For the terminal."""
    versions = ", ".join(f"{name} {version}" for name, version in report.installed.items())
    lines = [f"Python {report.version} at {report.python}", f"  {versions or 'none of them'}"]
    for finding in report.findings:
        cause = f": {finding.cause}" if finding.cause else ""
        said = f"\n{'':17}the library says: {finding.said}" if finding.said else ""
        lines.append(f"  {finding.sampler:<14} {finding.word}{cause}{said}")
    if not report.fine:
        lines += _what_to_do(report)
    return "\n".join(lines) + "\n"


def _what_to_do(report: Report) -> list[str]:
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
    found = {
        "python": report.python,
        "version": report.version,
        "installed": report.installed,
        "samplers": [dataclasses.asdict(finding) for finding in report.findings],
        "nearest": {"name": near.name, "pins": list(near.pins)} if near else None,
        "mend": report.mend,
        "fine": report.fine,
    }
    return json.dumps(found, indent=1) + "\n"
