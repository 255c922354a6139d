"""The result of `samplerbench bisect`: a sentence with its intervals, and the stacks tried."""

from __future__ import annotations

import dataclasses

from samplerbench.harness.upgrades.bisect_ends import Word
from samplerbench.harness.upgrades.bisect_report import Culprit, Report, Try
from samplerbench.harness.upgrades.stack_scores import MEANING, Number, Outcome
from samplerbench.reports.tables import markdown, terminal
from samplerbench.reports.tables.csv_json import as_indented_json
from samplerbench.reports.tables.table import Cell, Column, Table
from samplerbench.rounding import format_with_interval

QUESTIONS = {
    "package": "one package moved",
    "release": "its releases",
    "put back": "put back, against the requirements",
}


def render(report: Report, form: str, width: int | None = None) -> str:
    """The report as "table", "markdown" or "json"."""
    if form == "json":
        return as_indented_json({**dataclasses.asdict(report), "sentence": summarise(report)})
    table = make_table(report)
    if form == "markdown":
        return f"{markdown.escape(summarise(report))}\n\n{markdown.render(table)}"
    lines = terminal.wrap(summarise(report), width)
    return "\n".join([*lines, "", terminal.render(table, width)])


def summarise(report: Report) -> str:
    """What the bisection comes to, with the intervals that it rests on."""
    old, new = (_describe_outcome(end, report.measure) for end in report.ends)
    ends = f"{report.old} gives {old}, {report.second_end or report.new} gives {new}"
    if report.same and report.package:
        return f"{_count_releases(report)}: {ends}."
    if report.same:
        hint = "what came and went in between is found with --releases PACKAGE"
        return f"No change is shown: {ends}; {hint}."
    if report.culprit is None:
        parts = f" {' and '.join(report.partial)} each bring a part." if report.partial else ""
        return f"No one package brings the change by itself: {ends}.{parts}"
    back = f"; it is gone again with {report.back}" if report.back else ""
    shown = "" if report.culprit.number_with else f" ({ends})"
    return f"{_accuse(report.culprit, report)}{back}{shown}."


def _count_releases(report: Report) -> str:
    """That no release of the package is apart from the older stack, and how many were tried."""
    tried = [one for one in report.tries if one.question == "release"]
    count = sum(one.word is not Word.UNRESOLVED for one in tried)
    if not count:
        return f"No release of {report.package} could be tried, since none resolves"
    which = f"the {count} releases" if count > 1 else "the one release"
    return (
        f"No change is shown by {which} of {report.package} that could be tried, each with what"
        " has to go along"
    )


def _accuse(culprit: Culprit, report: Report) -> str:
    name, verb = f"{culprit.name} {culprit.version}", "made the change"
    if culprit.untold:
        name = f"{culprit.name}, one of {', '.join((*culprit.untold, culprit.version))},"
    if culprit.inseparable:
        others = " and ".join(culprit.inseparable)
        name = f"{name} (or {others}, which went along and can't be put back alone)"
    if culprit.jointly:
        others = " and ".join(culprit.jointly)
        name = f"{name} with {others} (the change stays where any one of them is put back)"
    if report.partial:
        verb = "made a part of the change"
    shown = ""
    if culprit.number_with and culprit.number_without:
        with_it, without = map(format_interval, (culprit.number_with, culprit.number_without))
        shown = f": {with_it} with it and {without} with {culprit.name} {culprit.earlier}"
        if culprit.jointly:
            shown = f": {with_it} with them and {without} with all of them put back"
        shown += f" ({MEANING[report.measure]})"
    alone = "all else equal" if ", " not in culprit.differences else culprit.differences
    return f"{name} {verb}{shown}, {alone}"


def _describe_outcome(outcome: Outcome, measure: str) -> str:
    if outcome.failure:
        return f"\u201c{outcome.failure}\u201d"
    number = outcome.numbers.get(measure)
    return format_interval(number) if number else "no failure"


def format_interval(number: Number) -> str:
    """``1.03 (0.98 to 1.08)``."""
    return format_with_interval(number.value, number.lo, number.hi)


def make_table(report: Report) -> Table:
    """One row a stack."""
    measure = MEANING.get(report.measure, "")
    columns = [Column("tried"), Column("moved"), Column("with it"), Column("number", align="right")]
    names = (report.old, report.second_end or report.new)
    ends = zip(names, (Word.OLD, Word.NEW), report.ends, strict=True)
    rows = [
        [Cell("ends"), Cell(name), Cell(""), _cell(end.numbers.get(report.measure)), Cell(word)]
        for name, word, end in ends
    ]
    rows += [_make_row(one) for one in report.tries]
    notes = [f"number: {measure}, with its 95 % interval"] if measure else []
    title = f"From {report.old} to {report.new}: stacks tried"
    return Table(title, [*columns, Column("result")], rows, [*notes, *report.notes])


def _make_row(one: Try) -> list[Cell]:
    result = f"{one.word}: {one.failure}" if one.failure else str(one.word)
    texts = (QUESTIONS[one.question], one.change, one.companions)
    return [*map(Cell, texts), _cell(one.number), Cell(result)]


def _cell(number: Number | None) -> Cell:
    return Cell(format_interval(number) if number else "")
