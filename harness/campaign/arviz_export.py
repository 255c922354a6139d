"""Stored draws for ArviZ: InferenceData (ArviZ 0.x) or DataTree (1.x), as an object or NetCDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Trial

if TYPE_CHECKING:
    import pandas

    from samplerbench.harness.campaign.campaign import Campaign

MODES = ("replicates", "plain")
Arrays = dict[str, np.ndarray]  # name -> [chain, draw, *event]


def draws(
    campaign: Campaign,
    sampler: str,
    *,
    replicate: int = 0,
    mode: str = "replicates",
    resample: int | None = None,
    trial: str | None = None,
) -> Any:
    """One replicate's draws: groups ``posterior`` [chain, draw, *event] and ``sample_stats``.

    With ArviZ 0.x an ``arviz.InferenceData``, with 1.x an ``xarray.DataTree``. ``sampler`` is the
    label in the tables, as ``numpyro_hmc:trajectory_length=1.5``; where several trials share it,
    ``trial`` names one. ``mode="plain"`` gives the first (0) and second (1) plain run. Weighted
    draws come with their ``log_weight`` in sample_stats, or, with ``resample=n``, as n equal-weight
    draws taken with replacement and labelled so: then ESS and R-hat of them mean nothing. Raises
    UsageError for a label that is not there and where ArviZ is missing, ValueError for a trial
    without draws.
    """
    chosen = _trial(campaign, sampler, trial)
    if campaign.store.statuses().get(chosen.id) != "ok":
        raise ValueError(f"{sampler!r} has no draws: its status is not ok")
    if mode not in MODES:
        raise ValueError(f"mode={mode!r}\n  expected: 'replicates' or 'plain'")
    with DrawsFile(campaign.store.find_draws(chosen.id), mode) as file:
        return _convert(file, chosen, replicate, resample)


def _trial(campaign: Campaign, label: str, name: str | None) -> Trial:
    trials = campaign.store.trials()
    matches = {t.id: t for t in trials if t.label == label and name in (None, t.id)}
    if not matches:
        raise unknown_name("sampler in this campaign", label, {t.label for t in trials})
    if len(matches) > 1:
        raise ValueError(f"{label!r} stands for trials {', '.join(matches)}; name one with trial=")
    return next(iter(matches.values()))


def _convert(file: DrawsFile, trial: Trial, replicate: int, resample: int | None) -> Any:
    sites = file.sites()
    count = len(next(iter(sites.values())))
    if not 0 <= replicate < count:
        raise ValueError(f"replicate={replicate}\n  expected: 0 to {count - 1}")
    posterior = {name: values[replicate] for name, values in sites.items()}
    stats = {name: values[replicate] for name, values in file.stats().items()}
    attributes: dict[str, Any] = {
        "sampler": trial.label,
        "model": trial.model_label,
        "trial": trial.id,
    }
    attributes.update(replicate=replicate, seed=trial.seed + replicate)
    log_weights = file.get("log_weights")
    if log_weights is not None:
        weights = log_weights[replicate]
        posterior, stats, note = _weighted(posterior, stats, weights, trial, resample)
        attributes["weights"] = note
    return _from_dict(posterior, stats, attributes)


def _weighted(
    posterior: Arrays, stats: Arrays, log_weights: np.ndarray, trial: Trial, resample: int | None
) -> tuple[Arrays, Arrays, str]:
    """Weighted draws without their padding, or resampled; and a note on their weights."""
    valid = np.isfinite(log_weights[0])  # the rest is padding to the longest replicate
    posterior = {name: values[:, valid] for name, values in posterior.items()}
    if resample is None:
        stats = {name: values[:, valid] for name, values in stats.items()}
        stats["log_weight"] = log_weights[:, valid]
        return posterior, stats, "log_weight in sample_stats"
    weights = np.exp(log_weights[0, valid] - log_weights[0, valid].max())
    rng = np.random.default_rng([trial.seed, resample, 0x5E])
    picks = rng.choice(weights.size, size=resample, p=weights / weights.sum())
    note = f"{resample} draws resampled with replacement: not independent, ESS of them is void"
    return {name: values[:, picks] for name, values in posterior.items()}, {}, note


def _from_dict(posterior: Arrays, stats: Arrays, attributes: dict[str, Any]) -> Any:
    """``arviz.from_dict``, whose arguments and result differ between ArviZ 0.x and 1.x."""
    arviz = _import("arviz", "draws are given as ArviZ's own objects")
    if arviz.__version__.startswith("0."):
        return arviz.from_dict(posterior=posterior, sample_stats=stats or None, attrs=attributes)
    groups = {"posterior": posterior, **({"sample_stats": stats} if stats else {})}
    tree = arviz.from_dict(groups)
    tree.attrs.update(attributes)  # its own ``attrs`` argument sets those of a group
    return tree


def _import(module: str, purpose: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{purpose}: {error}\n"
            "  expected: ArviZ beside samplerbench; install it with: "
            "pip install 'samplerbench[arviz]'"
        ) from error


def frame(data: Any) -> pandas.DataFrame:
    """What ``draws`` gave as a DataFrame, one row a draw, one column a component ("beta[0]").

    Weighted draws have a column ``weight``, 1 at the most, without the rows where it is 0 in
    float64: what ChainConsumer takes as a chain.
    """
    import pandas

    columns: dict[str, np.ndarray] = {}
    for name, values in data["posterior"].data_vars.items():
        array = np.asarray(values)
        components = array.reshape(array.shape[0] * array.shape[1], -1).T
        names = component_names(str(name), array.shape[2:])
        columns.update(zip(names, components, strict=True))
    table = pandas.DataFrame(columns)
    if "sample_stats" in data and "log_weight" in data["sample_stats"]:
        log_weights = np.asarray(data["sample_stats"]["log_weight"], np.float64).ravel()
        table["weight"] = np.exp(log_weights - log_weights.max())
        table = table[table["weight"] > 0].reset_index(drop=True)
    return table


def write_netcdf(campaign: Campaign, folder: Path, replicates: Sequence[int] = (0,)) -> list[Path]:
    """Write one NetCDF file for each trial that ended ok and each replicate; the files in order.

    ``nuts-r0.nc`` holds the groups that ``draws`` gives; where trials share a label, the trial's id
    stands in the name. Trials that met their limit of time lack replicates, and so have no file of
    these. Raises UsageError for a replicate that no trial has run, for a campaign without draws and
    where ArviZ is missing.
    """
    statuses, every = campaign.store.statuses(), campaign.store.trials()
    ended = [trial for trial in every if statuses.get(trial.id) == "ok"]
    trials = campaign.store.drop_lost_draws(ended)
    if not trials:
        what = "has kept its draws" if ended else "ended ok"
        raise UsageError(f"no trial in {campaign.folder} {what}: there are no draws to write")
    finished = {trial.id: _count_replicates(campaign, trial) for trial in trials}
    count = max(finished.values())
    for replicate in replicates:
        if not 0 <= replicate < count:
            raise UsageError(f"replicate {replicate} was not run\n  expected: 0 to {count - 1}")
    _import("h5netcdf", "NetCDF files are written with h5netcdf")
    labels = [trial.label for trial in every]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _write_one(campaign, trial, replicate, folder, labels.count(trial.label) > 1)
            for trial in trials
            for replicate in replicates
            if replicate < finished[trial.id]
        ]
    except OSError as error:
        raise UsageError(
            f"draws can't be written to {str(folder)!r}: {error.strerror or error}\n"
            "  expected: a folder, new or there, that you may write"
        ) from error


def _count_replicates(campaign: Campaign, trial: Trial) -> int:
    result = campaign.store.result(trial.id)
    return (result and result.replicates) or trial.most_replicates


def _write_one(
    campaign: Campaign, trial: Trial, replicate: int, folder: Path, shared: bool
) -> Path:
    stem = re.sub(r"[^a-z0-9_]+", "-", trial.label.lower()).strip("-")
    path = folder / f"{stem}{'-' + trial.id if shared else ''}-r{replicate}.nc"
    data = draws(campaign, trial.label, replicate=replicate, trial=trial.id)
    part = path.with_suffix(".part")  # so that a file under its own name is whole
    data.to_netcdf(str(part), engine="h5netcdf")
    part.replace(path)
    return path
