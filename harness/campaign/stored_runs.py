"""The campaigns below ``samplerbench-runs``, where those go that name no folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.campaign_folder import FILE, RUNS


def list_runs() -> list[tuple[Path, datetime]]:
    """Folders with a campaign, and when each last changed: the newest first."""
    found = [(file.parent, file.stat().st_mtime) for file in RUNS.glob(f"*/{FILE}")]
    newest_first = sorted(found, key=lambda each: (-each[1], each[0]))
    return [(folder, datetime.fromtimestamp(changed)) for folder, changed in newest_first]


def find_newest() -> Path:
    """The campaign that changed last. Raises UsageError where there is none."""
    runs = list_runs()
    if not runs:
        raise UsageError(
            f"there is nothing to report on: no campaign lies in ./{RUNS}\n"
            "  expected: DIR or --pytest-benchmark FILE; samplerbench run makes a campaign"
        )
    return runs[0][0]
