"""The end of the page: what failed and its logs, and how the campaign was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.reports import provenance
from samplerbench.reports.figures import gallery
from samplerbench.reports.tables import selection
from samplerbench.reports.tables.cells import Row, label
from samplerbench.rounding import number

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign
    from samplerbench.harness.records import Trial

MOST_FAILURES = 30  # rows with a log
LOG_LINES, LOG_LETTERS = 30, 6000
MOST_SETTINGS = 100  # rows


def given(
    campaign: Campaign, rows: Sequence[Row], trials: Sequence[Trial], drawn: int
) -> dict[str, Any]:
    """What the page's template takes for its end; ``drawn``: how many models have a section."""
    failed = [row for row in rows if row["status"] != "ok"]
    models = len({row["model"] for row in rows if row["status"] == "ok"})
    return {
        "failures": [_failure(campaign, row) for row in failed[:MOST_FAILURES]],
        "more_failures": max(0, len(failed) - MOST_FAILURES),
        "undrawn": models - drawn,
        "most_models": gallery.MOST_MODELS,
        "facts": [*provenance.when(campaign), *provenance.facts(rows)],
        "settings": _settings(rows),
        "commands": provenance.commands(campaign, trials),
        "columns": [c for c in selection.COLUMNS if not c.name.endswith(("_lo", "_hi"))],
    }


def _failure(campaign: Campaign, row: Row) -> dict[str, str]:
    return {
        "label": label(row),
        "where": f"{row['model']}, {row['environment']}, {row['device']}",
        "status": row["status"],
        "reason": row["reason"] or "no reason given",
        "log": _log(campaign.folder / "logs" / f"{row['trial']}.txt"),
    }


def _log(path: Path) -> str:
    """The end of a log; what is wrong is said last."""
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_LETTERS))
            tail = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line for line in tail.splitlines()[-LOG_LINES:]]
    return "\n".join("".join(c for c in line if c.isprintable() or c == "\t") for line in lines)


def _settings(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """(sampler, settings that differ from the library's defaults, trial)."""
    found = []
    for row in rows[:MOST_SETTINGS]:
        given = ", ".join(f"{k}={number(v)}" for k, v in (row["settings"] or {}).items())
        found.append((row["sampler"], given or "as the library ships it", row["trial"]))
    return found
