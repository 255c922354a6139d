"""Draws of a campaign as NetCDF files, which ArviZ and xarray read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samplerbench.errors import UsageError
from samplerbench.harness.campaign.arviz_export import draws
from samplerbench.harness.records import Trial

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign


def write(campaign: Campaign, folder: Path, replicates: Sequence[int] = (0,)) -> list[Path]:
    """One file for each trial that ended ok and each of ``replicates``; the files, in that order.

    ``nuts-r0.nc`` holds the groups of ``harness.campaign.arviz_export.draws``; where trials share a
    label, the trial's id stands in the name. Raises UsageError for a replicate that was not run
    and for a campaign without draws.
    """
    ended = campaign.store.finished()
    trials = [t for t in campaign.store.trials() if ended.get(t.id) == "ok"]
    if not trials:
        raise UsageError(f"no trial in {campaign.folder} ended ok: there are no draws to write")
    for replicate in replicates:
        _refuse(replicate, min(t.replicates for t in trials))
    folder.mkdir(parents=True, exist_ok=True)
    labels = [trial.label for trial in campaign.store.trials()]
    return [
        _one(campaign, trial, replicate, folder, labels.count(trial.label) > 1)
        for trial in trials
        for replicate in replicates
    ]


def _refuse(replicate: int, count: int) -> None:
    if not 0 <= replicate < count:
        raise UsageError(f"replicate {replicate} was not run\n  expected: 0 to {count - 1}")


def _one(campaign: Campaign, trial: Trial, replicate: int, folder: Path, shared: bool) -> Path:
    stem = re.sub(r"[^a-z0-9_]+", "-", trial.label.lower()).strip("-")
    path = folder / f"{stem}{'-' + trial.id if shared else ''}-r{replicate}.nc"
    found: Any = draws(campaign, trial.label, replicate=replicate, trial=trial.id)
    # through a part of another name: a file that is there is whole
    part = path.with_suffix(".part")
    found.to_netcdf(str(part), engine="h5netcdf")
    part.replace(path)
    return path
