"""The compatibility matrix as a table: one row a stack, with what works on it and its seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix import Entry
from samplerbench.harness.compatibility.sampler_run import TIMED_DRAWS
from samplerbench.harness.compatibility.stack_tables import name_parts
from samplerbench.harness.compatibility.tried_samplers import REFERENCE, headings
from samplerbench.reports.compatibility import trends
from samplerbench.reports.tables import markdown, terminal
from samplerbench.reports.tables.csv_json import as_indented_json
from samplerbench.reports.tables.table import Column, Table, text_rows
from samplerbench.rounding import format_with_interval
from samplerbench.text import format_count

NOT_RUN = "not run"
TFP = ("tensorflow-probability", "tfp-nightly")
#: what a run of NUTS was timed for -> heading and unit
MEASURES = {
    "cold_s": Column("cold", "s", "right"),
    "compile_s": Column("compile", "s", "right"),
    "warm_s": Column("warm", "ms", "right"),
    "compiles_per_rerun": Column("compiles\na rerun", "", "right"),
}
LINEAR = 1.1  # an exponent above it is flagged


def list_columns() -> list[Column]:
    """The columns: versions, the result, a word a sampler, and what its reference was timed for."""
    names = (*name_parts(), "tfp", "result", *headings().values())
    numbers = (*MEASURES.values(), Column("time over\ndraws", align="right"))
    return [*map(Column, names), Column("calibrated", align="right"), *numbers]


def as_json(entries: Sequence[Entry]) -> str:
    """A list of objects, one a stack; what was not run has the word and nothing else."""
    reference = _reference(entries)
    return as_indented_json([_record(entry, reference) for entry in entries])


def _record(entry: Entry, reference: StackRow | None) -> dict[str, Any]:
    if entry.row is None:
        chosen = entry.stack.chosen
        return {"name": entry.stack.name, "chosen": chosen, "result": NOT_RUN}
    row = entry.row
    record = {**dataclasses.asdict(row), "name": entry.stack.name, "result": _result(row)}
    relative = {name: _ratios(row, reference, name) for name in row.samplers}
    return {**record, "failed": row.failed_stage, "cause": row.cause, "relative": relative}


def _ratios(row: StackRow, reference: StackRow | None, sampler: str) -> dict[str, float]:
    ratios = {name: _ratio(row, reference, sampler, name) for name in MEASURES}
    return {name: ratio for name, ratio in ratios.items() if ratio is not None}


def render_markdown(entries: Sequence[Entry]) -> str:
    """A table for a page of text."""
    return markdown.render(make_table(entries))


def render_terminal(entries: Sequence[Entry], width: int = terminal.WIDEST) -> str:
    """The same for a terminal; causes are notes below it, since they are long."""
    table = make_table(entries)
    result = [column.heading for column in table.columns].index("result")
    causes = [
        f"{entry.stack.name}: {cells[result].text}"
        for entry, cells in zip(entries, table.rows, strict=True)
        if entry.row and entry.row.failed_stage
    ]
    places = [at for at in range(len(table.columns)) if at != result]
    shown = dataclasses.replace(table.select(places), notes=[*causes, *table.notes])
    return terminal.render(shown, width, gap=1)


def make_table(entries: Sequence[Entry]) -> Table:
    """One row a stack; seconds stand beside their ratio to those of the reference stack."""
    reference = _reference(entries)
    rows = text_rows([_texts(entry, reference) for entry in entries])
    return Table(_title(entries), list_columns(), rows, _notes(entries))


def _title(entries: Sequence[Entry]) -> str:
    rows = [entry.row for entry in entries if entry.row]
    passing = sum(not row.failed_stage for row in rows)
    minors = {(row.minor, row.platform) for row in rows}
    places = [f"Python {minor} on {platform}" for minor, platform in sorted(minors)]
    missing = len(entries) - len(rows)
    passing_word = "passes" if passing == 1 else "pass"
    text = f"{format_count(len(rows), 'stack')} tried, {passing} {passing_word}"
    text += f" ({', '.join(places)})" if places else ""
    return text + (f"; {missing} of the matrix not run." if missing else ".")


def _notes(entries: Sequence[Entry]) -> list[str]:
    rows = [entry.row for entry in entries if entry.row]
    if not rows:
        return []
    reference = _reference(entries)
    return [
        _when_and_where(rows),
        "The last five columns are NUTS's"
        + (f"; in brackets, times those of {reference.name}" if reference else ""),
        "calibrated: the verdict on NUTS. warm: one run of the compiled program. compiles a rerun:"
        " programs that a second call of the same object compiles again; anything but 0 is waste",
        f"time over draws: exponent of a compiled run's CPU seconds from {TIMED_DRAWS[0]} to"
        f" {TIMED_DRAWS[-1]} draws, 1 where twice the draws take twice as long; !: above {LINEAR}"
        " with its whole 95 % interval; empty: not measured",
        *trends.describe_trends(rows),
    ]


def _when_and_where(rows: Sequence[StackRow]) -> str:
    dates = sorted({row.date for row in rows})
    machines = sorted(
        {
            f"{m['cpu']}, {format_count(m.get('cores_allowed') or '?', 'core')}"
            for r in rows
            if "cpu" in (m := r.machine)
        }
    )
    text = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    text = f"Run {text}" + (f" on {'; '.join(machines)}" if machines else "")
    return "; ".join([text, *_load_warning(rows)])


def _load_warning(rows: Sequence[StackRow]) -> list[str]:
    """Why seconds are good to a factor of 3 only, where they are."""
    jobs = max(row.jobs for row in rows)
    reasons = [f"up to {jobs} stacks at once"] if jobs > 1 else []
    loads = [
        row.load for row in rows if row.load and row.load > (row.machine.get("cores_allowed") or 1)
    ]
    if loads:
        reasons.append(
            f"up to {max(loads):.0f} processes that wanted the cores on {len(loads)} of them"
        )
    if not reasons:
        return []
    return [f"{' and '.join(reasons)}, so seconds are good to a factor of 3 only"]


def _reference(entries: Sequence[Entry]) -> StackRow | None:
    return next((entry.row for entry in entries if entry.reference and entry.row), None)


def _texts(entry: Entry, reference: StackRow | None) -> list[str]:
    versions = {**entry.stack.chosen, **(entry.row.versions() if entry.row else {})}
    names = [versions.get(name, "-") for name in name_parts()]
    tfp = next((versions[name] for name in TFP if name in versions), "-")
    extra = _extra_packages(entry)
    if entry.row is None:
        return [*names, tfp, extra + NOT_RUN, *[""] * (len(headings()) + 2 + len(MEASURES))]
    row = entry.row
    words = [row.samplers.get(name, {}).get("word", "") for name in headings()]
    verdict = row.samplers.get(REFERENCE, {}).get("verdict", "")
    numbers = [_number(row, reference, name) for name in MEASURES]
    return [*names, tfp, extra + _result(row), *words, verdict, *numbers, _exponent(row)]


def _exponent(row: StackRow) -> str:
    """The exponent of NUTS's seconds over draws; "!" where it is above LINEAR, for certain."""
    fit = row.samplers.get(REFERENCE, {}).get("draws_exponent", {})
    if "value" not in fit:
        return ""
    text = format_with_interval(fit["value"], fit["lo"], fit["hi"])
    return f"{text}!" if fit["lo"] > LINEAR else text


def _extra_packages(entry: Entry) -> str:
    """What the matrix file fixes beside the columns."""
    columns = (*name_parts(), *TFP)
    others = [f"{name} {v}" for name, v in entry.stack.chosen.items() if name not in columns]
    return f"with {', '.join(others)}: " if others else ""


def _result(row: StackRow) -> str:
    return f"{row.failed_stage}: {row.cause}" if row.failed_stage else "passes"


def _number(row: StackRow, reference: StackRow | None, name: str) -> str:
    value = row.samplers.get(REFERENCE, {}).get(name)
    if value is None:
        return ""
    if name == "compiles_per_rerun":
        return str(value)
    text = f"{1000 * value:.3g}" if name == "warm_s" else f"{value:.2f}"
    ratio = _ratio(row, reference, REFERENCE, name)
    return text + (f" ({ratio:.2g})" if ratio and row is not reference else "")


def _ratio(row: StackRow, reference: StackRow | None, sampler: str, name: str) -> float | None:
    value = row.samplers.get(sampler, {}).get(name)
    base = reference.samplers.get(sampler, {}).get(name) if reference else None
    return float(f"{value / base:.4g}") if value is not None and base else None
