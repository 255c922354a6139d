"""A comparison in the requested format."""

from __future__ import annotations

import dataclasses
from typing import Any

from samplerbench.harness.comparison.ratio import MEANING
from samplerbench.reports.comparison import provenance_diff, summary, tables
from samplerbench.reports.comparison.comparison import EMPTY, Comparison
from samplerbench.reports.tables import latex, latex_escapes, markdown, terminal
from samplerbench.reports.tables.cells import MARK_MEANING
from samplerbench.reports.tables.csv_json import as_csv, as_indented_json

FORMATS = ("table", "json", "markdown", "latex", "csv", "html")


def render(
    comparison: Comparison,
    form: str = "table",
    caption: str = "",
    label: str = "",
    width: int | None = None,
) -> str:
    """The comparison in one of FORMATS; ``caption`` and ``label`` are those of LaTeX."""
    if form == "latex":
        if not comparison.ratios:
            return f"% {latex_escapes.escape(EMPTY)}\n"
        return latex.render(tables.paper_table(comparison), caption, label)
    if form == "html":
        from samplerbench.reports.comparison import page  # matplotlib takes half a second

        return page.render(comparison)
    if form == "table":
        return _terminal(comparison, width)
    return {"json": _json, "markdown": _markdown, "csv": _csv}[form](comparison)


def _json(comparison: Comparison) -> str:
    """A list of objects, numbers in full; one that was not made, or has no bound, is null."""
    return as_indented_json(_make_records(comparison))


def _csv(comparison: Comparison) -> str:
    """A line a ratio, numbers in full; one that was not made, or has no bound, is empty."""
    records = _make_records(comparison)
    for record in records:
        record["row_lost_runs"], record["reference_lost_runs"] = record.pop("lost_runs")
    return "".join(as_csv(records, list(records[0]))) if records else ""


def _make_records(comparison: Comparison) -> list[dict[str, Any]]:
    """Each ratio with its model."""
    return [
        {**dataclasses.asdict(ratio), "model": comparison.get_rows(ratio)[0]["model"]}
        for ratio in (*comparison.ratios, *comparison.changes)
    ]


def _terminal(comparison: Comparison, width: int | None) -> str:
    """One table a pair of rows, then one a sampler and pair of stacks."""
    if not comparison.ratios:
        return f"{EMPTY}\n" + _terminal_changes(comparison, width)
    pairs = tables.pair_tables(comparison)
    notes = [f"{name}: {meaning}" for name, meaning in MEANING.items()]
    notes = ["; ".join(notes), tables.RATIO_NOTE]
    notes += [MARK_MEANING] * any(table.has_marks for table in pairs)
    blocks = [terminal.render(table, width) for table in pairs]
    blocks += ["\n".join(line for note in notes for line in terminal.wrap(note, width)) + "\n"]
    return "\n".join(blocks) + _terminal_changes(comparison, width)


def _terminal_changes(comparison: Comparison, width: int | None) -> str:
    blocks = [f"\n{terminal.render(table, width)}" for table in tables.change_tables(comparison)]
    notes = terminal.wrap(tables.CHANGE_NOTE, width) if blocks else []
    return "".join([*blocks, *(f"{line}\n" for line in notes)])


def _markdown(comparison: Comparison) -> str:
    """The summary, the ratios, what changed between stacks, and what differs."""
    paragraphs = [summary.summarise(comparison), *summary.summarise_others(comparison)]
    parts = [f"{markdown.escape(text)}\n" for text in paragraphs]
    ratios, changes = (
        tables.ratio_table(comparison, part) for part in (comparison.ratios, comparison.changes)
    )
    parts += [markdown.render(table) for table in (ratios, changes) if table.rows]
    parts += [f"{markdown.escape(tables.RATIO_NOTE)}\n"] * bool(ratios.rows)
    parts += [f"{markdown.escape(MARK_MEANING)}\n"] * ratios.has_marks
    sides = provenance_diff.list_sides(comparison)
    facts = [fact for fact in provenance_diff.list_facts(sides) if fact.differs]
    if facts:
        parts.append(markdown.render(tables.fact_table(sides, facts, "What differs")))
    return "\n".join(parts)
