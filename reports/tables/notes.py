"""What stands around a table of a campaign: what all rows share, and why rows are not honest."""

from __future__ import annotations

from collections.abc import Sequence

from samplerbench.harness.scoring.margins import DEFAULT
from samplerbench.reports.tables.cells import (
    MARK_MEANING,
    SPEEDS_AND_ENDS,
    Row,
    is_comparable,
    label,
)
from samplerbench.reports.tables.selection import (
    AXES,
    BY_NAME,
    differing_columns,
    follows_sweep,
    model_family,
)

MOST_NOTES = 40
#: column -> a few words with its value, where all rows have the same
IN_WORDS = {
    "model": "model {}",
    "replicates": "{} replicates",
    "blocks": "{} block(s)",
    "chains": "{} chain(s)",
    "warmup": "{} warm-up",
    "draws": "{} draws",
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
    same = [name for name in IN_WORDS if len(values[name]) == 1 and None not in values[name]]
    words = [IN_WORDS[name].format(rows[0][name]) for name in same]
    if rows and "model" not in same and follows_sweep("model", rows):
        words.insert(0, IN_WORDS["model"].format(model_family(rows[0])))
    return words


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


def _describe_processes(counts: Sequence[int]) -> str:
    """What the intervals of seconds are of, for rows of so many processes."""
    if counts[-1] == 1:
        return "seconds are of one process each: they have no interval (--blocks)"
    words = " or ".join(map(str, counts))
    freedom = " or ".join(str(count - 1) for count in counts if count > 1)
    return (
        f"seconds are of {words} process(es) each; 95 % intervals are between these, by Student's t"
        f" with {freedom} degrees of freedom"
    )


def verdict_notes(rows: Sequence[Row]) -> list[str]:
    """Why each row is not ok, or not honest; its ground truth where that is not exact."""
    notes = []
    for row, name in zip(rows, _row_names(rows), strict=True):
        if row["status"] != "ok":
            notes.append(f"{name}: {row['status']}: {row['reason']}")
        elif row["verdict"] not in (None, "honest"):
            seen = _describe_power(row) if row["verdict"] == "undecided" else ""
            notes.append(f"{name}: {row['verdict']}: {row['verdict_reason']}{seen}")
        elif row["verdict"] and row.get("power"):
            notes.append(f"{name}: {row['verdict']}{_describe_power(row)}")
    return _shorten([*notes, *_ground_truth_notes(rows)])


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
    return [f"{name}: accuracy is measured against {source}" for name, source in sorted(pairs)]


def caveat_notes(rows: Sequence[Row]) -> list[str]:
    """What intervals hold on where a few runs have most of the error, and who fails diagnostics."""
    notes = []
    for row, name in zip(rows, _row_names(rows), strict=True):
        kept = row["given_pass"] if (row.get("pass_rate") or 1) < 1 else None
        notes += [f"{name}: {words}" for words in (row.get("caveat"), kept) if words]
    return _shorten(notes)


def warning_notes(rows: Sequence[Row]) -> list[str]:
    """What was unusual in the runs."""
    pairs = zip(rows, _row_names(rows), strict=True)
    return _shorten(
        [f"{name}: {'; '.join(row['warnings'])}" for row, name in pairs if row["warnings"]]
    )


def _row_names(rows: Sequence[Row]) -> list[str]:
    """Each row's sampler, and on what, where rows differ in that."""
    axes = [name for name in differing_columns(rows) if name in AXES]
    places = [", ".join(str(row[n]) for n in axes if row[n] is not None) for row in rows]
    return [
        f"{label(row)} on {place}" if place else label(row)
        for row, place in zip(rows, places, strict=True)
    ]


def _shorten(notes: Sequence[str]) -> list[str]:
    """Each note once (rows by parameter repeat them), and the first ones of very many."""
    distinct = list(dict.fromkeys(notes))
    if len(distinct) <= MOST_NOTES:
        return distinct
    return [*distinct[:MOST_NOTES], f"and {len(distinct) - MOST_NOTES} more: see --format csv"]
