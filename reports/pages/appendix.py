"""The end of the page: failed trials with their logs, and provenance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.reports import provenance
from samplerbench.reports.figures import gallery
from samplerbench.reports.tables import selection
from samplerbench.reports.tables.cells import Row, label
from samplerbench.rounding import format_number

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.records import Trial

MOST_FAILURES = 30  # rows with a log
LOG_LINES, LOG_LETTERS = 30, 6000
MOST_SETTINGS = 100  # rows


def prepare_appendix(
    campaign: Campaign,
    rows: Sequence[Row],
    trials: Sequence[Trial],
    sections: int,
    anonymous: bool = False,
) -> dict[str, Any]:
    """Values of the page's template for its end; ``sections``: how many models have one."""
    failed = [row for row in rows if row["status"] != "ok"]
    models = len({row["model"] for row in rows if row["status"] == "ok"})
    return {
        "failures": [_describe_failure(campaign, row) for row in failed[:MOST_FAILURES]],
        "more_failures": max(0, len(failed) - MOST_FAILURES),
        "undrawn": models - sections,
        "most_models": gallery.MOST_MODELS,
        "facts": [*provenance.run_dates(campaign), *provenance.list_facts(rows)],
        "settings": _list_settings(rows),
        "commands": provenance.list_commands(campaign, trials, anonymous),
        "spelled_out": provenance.spell_out(trials, anonymous),
        "columns": [c for c in selection.COLUMNS if not c.name.endswith(("_lo", "_hi"))],
    }


def _describe_failure(campaign: Campaign, row: Row) -> dict[str, str]:
    return {
        "label": label(row),
        "where": f"{row['model']}, {row['environment']}, {row['device']}",
        "status": row["status"],
        "reason": row["reason"] or "no reason given",
        "log": _read_log_end(campaign.folder / "logs" / f"{row['trial']}.txt"),
    }


def _read_log_end(path: Path) -> str:
    """The end of a log, where the error stands."""
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_LETTERS))
            tail = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = tail.splitlines()[-LOG_LINES:]
    return "\n".join("".join(c for c in line if c.isprintable() or c == "\t") for line in lines)


def _list_settings(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """(sampler, settings that differ from the library's defaults, trial)."""
    settings = []
    for row in rows[:MOST_SETTINGS]:
        text = ", ".join(f"{k}={format_number(v)}" for k, v in (row["settings"] or {}).items())
        settings.append((row["sampler"], text or "library defaults", row["trial"]))
    return settings
