"""What stands around a table of a campaign: what all rows share, and why rows are not honest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from samplerbench.harness.scoring.margins import DEFAULT
from samplerbench.reports.tables.cells import (
    MARK_MEANING,
    SPEEDS_AND_ENDS,
    Row,
    is_comparable,
    is_control,
    label,
    show_place,
    swept_place,
)
from samplerbench.reports.tables.selection import AXES, BY_NAME, differing_columns, follows_sweep
from samplerbench.rounding import is_number
from samplerbench.samplers.base import samplers
from samplerbench.text import format_count

MOST_NOTES = 40
MOST_NAMED = 6  # rows before one note
#: column -> what it says, in the key below a table
KEYS = {
    "sbc_p": "p of ranks: whether truths rank evenly among the draws, as they should",
    "ess_mean": "ESS claim: what a run reports",
    "realised_ess": "realised: what errors over {} show",
    "calibration": "calibration: error / claimed error, 1 is right",
}
#: column -> a few words with its value; "" where it counts what the column's name says
IN_WORDS = {
    "model": "model {}",
    "swept": "{}",
    "calibrate": "data drawn from the {}",
    "replicates": "",
    "blocks": "",
    "chains": "",
    "warmup": "{} warm-up",
    "draws": "",
    "environment": "environment {}",
    "device": "device {}",
    "precision": "{}-bit",
}


def make_title(rows: Sequence[Row]) -> str:
    """What all rows have in common, in one line."""
    return ", ".join(list_shared(rows)) or "no finished trial"


def list_shared(rows: Sequence[Row]) -> list[str]:
    """What all rows have in common, each in a few words."""
    values = {name: {row[name] for row in rows} for name in IN_WORDS}
    values["swept"] = {swept_place(row) for row in rows}
    same = [name for name in IN_WORDS if len(values[name]) == 1 and not values[name] & {None, ""}]
    if rows and "model" not in same and follows_sweep("model", rows):
        same.insert(0, "model")
    return [describe_value(name, show_place(rows[0], name)) for name in same]


def describe_value(column: str, value: Any) -> str:
    """A column's value in a few words: ``1 chain``, ``500 warm-up``, ``device cpu``."""
    words = IN_WORDS[column]
    return words.format(value) if words else format_count(value, column.removesuffix("s"))


def make_notes(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """What stands below a table: why rows are not honest, and what the marks in it mean."""
    notes = [*verdict_notes(rows), *_margin_notes(rows), *caveat_notes(rows), *warning_notes(rows)]
    speeds = [name for name in columns if name in SPEEDS_AND_ENDS]
    doubtful = (row for row in rows if not is_comparable(row)) if speeds else ()
    if any(row[name] is not None for row in doubtful for name in speeds):
        notes.append(MARK_MEANING)
    counts = sorted({row["blocks"] for row in rows if row["blocks"]})
    if counts and any(BY_NAME[name].unit == "s" for name in columns):
        notes.append(_describe_processes(counts))
    return notes


def make_key(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """What the least obvious of these columns say, in one line; "" where none is shown."""
    counts = {row["replicates"] for row in rows}
    runs = f"{counts.pop()} runs" if len(counts) == 1 else "all runs"
    words = [text.format(runs) for name, text in KEYS.items() if name in columns]
    return "; ".join(words)


def _describe_processes(counts: Sequence[int]) -> str:
    """What the intervals of seconds are of, for rows of so many processes."""
    if counts[-1] == 1:
        return "seconds are of one process each: they have no interval (--blocks)"
    words = format_count(_join_choices(counts), "process")
    freedom = format_count(_join_choices([n - 1 for n in counts if n > 1]), "degree")
    return (
        f"seconds are of {words} each; 95 % intervals are between these, by Student's t with "
        f"{freedom} of freedom"
    )


def _join_choices(numbers: Sequence[int]) -> str:
    """Numbers of which one holds: ``1, 2 or 3``."""
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last}" if others else last


def verdict_notes(rows: Sequence[Row]) -> list[str]:
    """Why each row is not ok, or not honest; its ground truth where that is not exact."""
    notes = zip(_row_names(rows), map(_explain_verdict, rows), strict=True)
    return _shorten([*_group(notes), *_reference_notes(rows), *_ground_truth_notes(rows)])


def _explain_verdict(row: Row) -> str:
    """Why a row is not ok, or not honest, and what would have been seen; "" of one that is."""
    if row["status"] != "ok":
        return f"{row['status']}: {row['reason']}"
    if row["verdict"] not in (None, "honest"):
        seen = _describe_power(row) if row["verdict"] in ("undecided", "agrees") else ""
        reason = str(row["verdict_reason"]).removesuffix(f"; against {row['answer']}")
        return f"{row['verdict']}: {reason}{seen}"  # against what has a note of its own
    known = row["verdict"] and row.get("power") and not is_control(row["sampler"])
    return f"{row['verdict']}{_describe_power(row)}" if known else ""


def _reference_notes(rows: Sequence[Row]) -> list[str]:
    """What the rows are that are no method."""
    controls = dict.fromkeys(row["sampler"] for row in rows if is_control(row["sampler"]))
    return [f"{name} is a reference: {samplers.get(name).summary}" for name in controls]


def _group(notes: Iterable[tuple[str, str]]) -> list[str]:
    """Each text once, behind the names of all rows that it is of; "" is none."""
    names: dict[str, dict[str, None]] = {}
    for name, text in notes:
        if text:
            names.setdefault(text, {})[name] = None
    return [f"{_join_names([*each])}: {text}" for text, each in names.items()]


def _join_names(names: Sequence[str]) -> str:
    mark = "; " if any(", " in name for name in names) else ", "
    more = [f"and {len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return mark.join([*names[:MOST_NAMED], *more])


def _margin_notes(rows: Sequence[Row]) -> list[str]:
    """What verdicts tolerate, where that is not the default."""
    others = sorted({row["margins"] for row in rows if row.get("margins")} - {str(DEFAULT)})
    return [f"verdicts tolerate {text} (--margin; default: {DEFAULT})" for text in others]


def _describe_power(row: Row) -> str:
    seen = row.get("power")
    return f"; with 95 % it would have shown {seen}" if seen else ""


def _ground_truth_notes(rows: Sequence[Row]) -> list[str]:
    """Where the ground truth comes from that is not exact."""
    sources = {row["answer"] for row in rows if row["answer"] is not None}
    if len(sources) == 1 and sources != {"exact"}:
        return [f"accuracy is measured against {sources.pop()}"]
    by_model: dict[str, set[str]] = {}
    for row in rows:
        by_model.setdefault(row["model"], set()).add(row["answer"] or "")
    alike = {model for model, answers in by_model.items() if len(answers - {""}) == 1}
    pairs = {
        (f"model {row['model']}" if row["model"] in alike else name, row["answer"])
        for row, name in zip(rows, _row_names(rows), strict=True)
        if row["answer"] not in (None, "exact")
    }
    return _group(
        (name, f"accuracy is measured against {source}") for name, source in sorted(pairs)
    )


def caveat_notes(rows: Sequence[Row]) -> list[str]:
    """What intervals hold on where a few runs have most of the error, and who fails diagnostics."""
    notes = []
    for row, name in zip(rows, _row_names(rows), strict=True):
        kept = row["given_pass"] if (row.get("pass_rate") or 1) < 1 else None
        notes += [(name, words or "") for words in (row.get("caveat"), kept)]
    return _shorten(_group(notes))


def warning_notes(rows: Sequence[Row]) -> list[str]:
    """What was unusual in the runs."""
    pairs = zip(rows, _row_names(rows), strict=True)
    return _shorten(_group((name, "; ".join(row["warnings"])) for row, name in pairs))


def _row_names(rows: Sequence[Row]) -> list[str]:
    """Each row's sampler, and on what, where rows differ in that."""
    axes = [name for name in differing_columns(rows) if name in AXES]
    names = []
    for row in rows:
        values = {axis: show_place(row, axis) for axis in axes}
        place = ", ".join(_name_place(n, v) for n, v in values.items() if v not in (None, ""))
        names.append(f"{label(row)} on {place}" if place else label(row))
    return names


def _name_place(column: str, value: Any) -> str:
    """What of a row's place tells it from others: a name as it is, a number with what it counts."""
    return describe_value(column, value) if is_number(value) else str(value)


def _shorten(notes: Sequence[str]) -> list[str]:
    """Each note once (rows by parameter repeat them), and the first ones of very many."""
    distinct = list(dict.fromkeys(notes))
    if len(distinct) <= MOST_NOTES:
        return distinct
    return [*distinct[:MOST_NOTES], f"and {len(distinct) - MOST_NOTES} more: see --format csv"]
