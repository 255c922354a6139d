"""The matrix of stacks as a table for the terminal, in markdown, and as JSON."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from typing import Any

from samplerbench.harness.compatibility.known_stacks import StackRow
from samplerbench.harness.compatibility.matrix import Entry
from samplerbench.reports.compatibility import trends
from samplerbench.reports.tables.markdown import escaped

SHORT = {
    "numpyro_nuts": "NUTS",
    "numpyro_hmc": "HMC",
    "numpyro_sa": "SA",
    "jaxns_nested": "nested",
}
NOT_RUN = "not run"
TFP = ("tensorflow-probability", "tfp-nightly")
MEASURED = ("cold_s", "compile_s", "warm_s", "compiles_per_rerun")
HEADINGS = (
    "numpyro", "jax", "jaxns", "tfp", "result", *SHORT.values(), "calibrated",
    "cold s", "compile s", "warm ms", "compiles a rerun",
)  # fmt: skip


def as_json(entries: Sequence[Entry]) -> str:
    """A list of objects, one a stack; what was not run has the word and nothing else."""
    reference = _reference(entries)
    return json.dumps([_object(entry, reference) for entry in entries], indent=1) + "\n"


def _object(entry: Entry, reference: StackRow | None) -> dict[str, Any]:
    if entry.row is None:
        chosen = entry.stack.chosen
        return {"name": entry.stack.name, "chosen": chosen, "result": NOT_RUN}
    row = entry.row
    ratios = {
        name: {n: ratio for n in MEASURED if (ratio := _ratio(row, reference, name, n)) is not None}
        for name in row.samplers
    }
    extra = {"failed": row.failed, "cause": row.cause, "relative": ratios}
    return {**dataclasses.asdict(row), "name": entry.stack.name, "result": _result(row), **extra}


def markdown(entries: Sequence[Entry]) -> str:
    """A table for a page of text, with what it stands on above it."""
    rule = [":--"] * 9 + ["--:"] * (len(HEADINGS) - 9)
    lines = [f"{escaped(_title(entries))}", "", _pipes(HEADINGS), _pipes(rule)]
    lines += [_pipes([escaped(text) for text in cells]) for cells in _table(entries)]
    return "\n".join([*lines, "", *(f"- {escaped(note)}" for note in _notes(entries))]) + "\n"


def terminal(entries: Sequence[Entry], width: int = 120) -> str:
    """The same for a terminal; causes on lines of their own, since they are long."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=max(width, 100), file=io.StringIO(), record=True, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in (name for name in HEADINGS if name != "result"):
        table.add_column(heading)
    causes = []
    for entry, cells in zip(entries, _table(entries), strict=True):
        table.add_row(*(Text(text) for i, text in enumerate(cells) if HEADINGS[i] != "result"))
        if entry.row and entry.row.failed:
            causes.append(f"{entry.stack.name}\n    {cells[4]}")
    console.print(Text(_title(entries)))
    console.print(table)
    for text in [*causes, *_notes(entries)]:
        console.print(Text(text))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines()) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _title(entries: Sequence[Entry]) -> str:
    rows = [entry.row for entry in entries if entry.row]
    passing = sum(not row.failed for row in rows)
    minors = {(".".join(row.python.split(".")[:2]), row.platform) for row in rows}
    where = [f"Python {minor} on {platform}" for minor, platform in sorted(minors)]
    left = len(entries) - len(rows)
    text = f"{len(rows)} stacks tried, {passing} pass" + (f" ({', '.join(where)})" if where else "")
    return text + (f"; {left} of the matrix not run." if left else ".")


def _notes(entries: Sequence[Entry]) -> list[str]:
    rows = [entry.row for entry in entries if entry.row]
    if not rows:
        return []
    reference = _reference(entries)
    return [
        _when_and_where(rows),
        "The last four columns are NUTS's"
        + (f"; in brackets, times those of {reference.name}" if reference else ""),
        "calibrated: the verdict on NUTS. warm: one run of the compiled program. compiles a rerun:"
        " programs that a second call of the same object compiles again; anything but 0 is waste",
        *trends.sentences(rows),
    ]


def _when_and_where(rows: Sequence[StackRow]) -> str:
    dates = sorted({row.date for row in rows})
    machines = sorted(
        {f"{m['cpu']}, {m.get('cores_allowed')} core(s)" for r in rows if "cpu" in (m := r.machine)}
    )
    text = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    text = f"Run {text}" + (f" on {'; '.join(machines)}" if machines else "")
    return "; ".join([text, *_busy(rows)])


def _busy(rows: Sequence[StackRow]) -> list[str]:
    """Why seconds are good to a factor of 3 only, where they are."""
    jobs = max(row.jobs for row in rows)
    why = [f"up to {jobs} stacks at once"] if jobs > 1 else []
    loads = [row.load for row in rows if row.load and row.load > _cores(row)]
    if loads:
        why.append(
            f"up to {max(loads):.0f} processes that wanted the cores on {len(loads)} of them"
        )
    return [f"{' and '.join(why)}, so seconds are good to a factor of 3 only"] if why else []


def _cores(row: StackRow) -> int:
    return row.machine.get("cores_allowed") or 1


def _reference(entries: Sequence[Entry]) -> StackRow | None:
    return next((entry.row for entry in entries if entry.reference and entry.row), None)


def _table(entries: Sequence[Entry]) -> list[list[str]]:
    reference = _reference(entries)
    return [_cells(entry, reference) for entry in entries]


def _cells(entry: Entry, reference: StackRow | None) -> list[str]:
    versions = {**entry.stack.chosen, **(entry.row.versions() if entry.row else {})}
    names = [versions.get(name, "-") for name in ("numpyro", "jax", "jaxns")]
    tfp = next((versions[name] for name in TFP if name in versions), "-")
    if entry.row is None:
        return [*names, tfp, _beside(entry) + NOT_RUN, *[""] * (len(HEADINGS) - 5)]
    row = entry.row
    words = [row.samplers.get(name, {}).get("word", "") for name in SHORT]
    nuts = row.samplers.get("numpyro_nuts", {})
    numbers = [_number(row, reference, name) for name in MEASURED]
    return [*names, tfp, _beside(entry) + _result(row), *words, nuts.get("verdict", ""), *numbers]


def _beside(entry: Entry) -> str:
    """What the matrix file fixes beside the columns."""
    shown = ("numpyro", "jax", "jaxns", *TFP)
    others = [f"{name} {v}" for name, v in entry.stack.chosen.items() if name not in shown]
    return f"with {', '.join(others)}: " if others else ""


def _result(row: StackRow) -> str:
    return f"{row.failed}: {row.cause}" if row.failed else "passes"


def _number(row: StackRow, reference: StackRow | None, name: str) -> str:
    value = row.samplers.get("numpyro_nuts", {}).get(name)
    if value is None:
        return ""
    if name == "compiles_per_rerun":
        return str(value)
    shown = f"{1000 * value:.3g}" if name == "warm_s" else f"{value:.2f}"
    ratio = _ratio(row, reference, "numpyro_nuts", name)
    return shown + (f" ({ratio:.2g})" if ratio and row is not reference else "")


def _ratio(row: StackRow, reference: StackRow | None, sampler: str, name: str) -> float | None:
    value = row.samplers.get(sampler, {}).get(name)
    base = reference.samplers.get(sampler, {}).get(name) if reference else None
    return float(f"{value / base:.4g}") if value is not None and base else None
