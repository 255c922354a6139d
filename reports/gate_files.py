"""What a gate has found, for those who watch a pipeline: JUnit's XML, and a summary of the job."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from samplerbench.errors import UsageError
from samplerbench.files import write_beside
from samplerbench.harness.scoring.ci_gate import Case
from samplerbench.reports.tables import markdown
from samplerbench.reports.tables.table import Column, Table, text_rows
from samplerbench.text import escape_controls

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"  # GitHub's name of the file that a job's page shows


def write_files(
    cases: Sequence[Case], title: str, junit: Path | None, summary: Path | None
) -> None:
    """Write what is asked for; in a job of GitHub Actions the summary is, where none is named.

    Raises UsageError for a file that can't be written.
    """
    named = os.environ.get(SUMMARY_VARIABLE)
    summary = summary or (Path(named) if named else None)
    if junit:
        with _name_file(junit), write_beside(junit) as part:
            part.write_text(as_junit(cases, title), "utf-8")
    if summary:
        with _name_file(summary), summary.open("a", encoding="utf-8") as file:  # steps share it
            file.write(as_summary(cases, title) + "\n")


@contextlib.contextmanager
def _name_file(path: Path) -> Iterator[None]:
    """Raise UsageError with ``path`` where it can't be written."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"can't write {str(path)!r}: {error.strerror}\n"
            "  expected: a file in a folder that is there; name another with --junit or --summary"
        ) from error


def as_junit(cases: Sequence[Case], title: str) -> str:
    """One test case a row, in the XML that test reporters read."""
    failed = sum(bool(case.failure) for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}
    suite = ElementTree.Element("testsuite", {"name": escape_controls(title), **counts})
    for case in cases:
        names = {"classname": case.place or title, "name": case.name}
        element = ElementTree.SubElement(
            suite, "testcase", {key: escape_controls(name) for key, name in names.items()}
        )
        if case.failure:
            text = escape_controls(case.failure)
            ElementTree.SubElement(element, "failure", message=text).text = text
        if case.note:
            ElementTree.SubElement(element, "system-out").text = escape_controls(case.note)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def as_summary(cases: Sequence[Case], title: str) -> str:
    """Markdown: how many pass, and a row each with what was found."""
    passed = sum(not case.failure for case in cases)
    rows = [[case.name, case.place, *_result(case)] for case in cases]
    columns = [Column("sampler"), Column("on"), Column("gate"), Column("what was found")]
    grid = markdown.render_grid(Table("", columns, text_rows(rows)))
    head = f"### {markdown.escape(title)}: {passed} of {len(cases)} pass"
    return "\n".join([head, "", *grid, ""])


def _result(case: Case) -> tuple[str, str]:
    found = "\n".join(filter(None, [case.failure, case.note]))
    return ("fails" if case.failure else "passes"), found
