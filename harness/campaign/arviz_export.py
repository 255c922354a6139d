"""Stored draws for ArviZ: InferenceData (ArviZ 0.x) or DataTree (1.x), as an object or NetCDF."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.errors import UsageError
from samplerbench.files import explain_failure, write_beside
from samplerbench.harness.campaign.replicate_draws import (
    Arrays,
    ReplicateDraws,
    read_replicates,
)
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.weighted import normalise_weights, resample_systematically
from samplerbench.options import is_count
from samplerbench.samplers.base import samplers
from samplerbench.version import __version__

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign

#: statistics of draws that ArviZ's schema calls otherwise
SCHEMA_NAMES = {"accept_prob": "acceptance_rate"}


def export_draws(campaign: Campaign, stored: ReplicateDraws, resample: int | None = None) -> Any:
    """Stored draws as ``Campaign.draws`` gives them.

    Raises UsageError for ``resample`` of draws without weights, and where ArviZ is missing.
    """
    attributes = _describe(campaign, stored)
    _refuse_size(resample, stored)
    if stored.log_weights is None:
        groups = {"posterior": stored.sites, "sample_stats": _rename(stored.stats)}
    else:
        groups, attributes["weights"] = _resample(stored, resample)
    return _make_tree(groups, attributes, stored.replicates)


def _refuse_size(size: int | None, stored: ReplicateDraws) -> None:
    """Refuse a size of a resample that is no count, and one of draws that all count alike."""
    if size is None:
        return
    if stored.log_weights is None:
        raise UsageError(
            f"resample={size!r} of {stored.trial.label!r}, whose draws all count alike\n"
            "  expected: no resample; it is the size of an equal-weight sample of weighted draws"
        )
    if not is_count(size, 1):
        raise UsageError(f"resample={size!r}\n  expected: a whole number of draws from 1 on")


def _describe(campaign: Campaign, stored: ReplicateDraws) -> dict[str, Any]:
    """What the draws are of and from, in values that NetCDF files hold."""
    trial, result = stored.trial, campaign.store.result(stored.trial.id)
    library, versions = _find_library(trial), result.versions if result else {}
    single = len(stored.replicates) == 1
    numbers: dict[str, Any] = {
        "replicate": np.array(stored.replicates),
        "seed": trial.seed + np.array(stored.replicates),
        **{n: values for n, values in stored.numbers.items() if np.isfinite(values).all()},
    }
    return {
        "sampler": trial.label,
        "model": trial.model_label,
        "trial": trial.id,
        **{name: values[0].item() if single else values for name, values in numbers.items()},
        **({"termination": "; ".join(dict.fromkeys(ends))} if (ends := stored.termination) else {}),
        "inference_library": library,
        "inference_library_version": versions.get(library, "unknown"),
        "creation_library": "samplerbench",
        "creation_library_version": __version__,
        "created_at": datetime.now(timezone.utc).isoformat(),
    }


def _find_library(trial: Trial) -> str:
    """The library that drew: the sampler's own, or NumPyro where it has none beside that."""
    if trial.sampler not in samplers.names():
        return trial.sampler_name
    sampler = samplers.get(trial.sampler)
    return next(iter((*sampler.distributions, *reversed(sampler.needs))), "samplerbench")


def _rename(stats: Arrays) -> Arrays:
    return {SCHEMA_NAMES.get(name, name): values for name, values in stats.items()}


def _resample(stored: ReplicateDraws, size: int | None) -> tuple[dict[str, Arrays], str]:
    """Groups of weighted draws, and a note on their weights."""
    assert stored.log_weights is not None
    claims = np.nan_to_num(stored.ess, nan=np.inf)  # a run that failed sets no size
    least = claims.min() if np.isfinite(claims).any() else 1.0
    count = size or max(1, round(float(least)))
    picks = _pick_points(stored, count)
    groups = {
        "posterior": {name: _take(values, picks) for name, values in stored.sites.items()},
        "sample_stats": {n: _take(values, picks) for n, values in _rename(stored.stats).items()},
        "weighted_posterior": _list_points(stored),
    }
    kind = "as asked" if size else "the ESS that the sampler claims"
    kind = kind if size or "ess" in stored.numbers else "Kish's ESS of the weights"
    note = f"systematic resample of {count} draws, {kind}; every point is in weighted_posterior"
    return groups, note


def _pick_points(stored: ReplicateDraws, count: int) -> np.ndarray:
    """Which points of all chains of a replicate are its ``count`` draws, [replicate, draw]."""
    assert stored.log_weights is not None
    weights = normalise_weights(stored.log_weights)
    picks = []
    for replicate, w in zip(stored.replicates, weights, strict=True):
        rng = np.random.default_rng([stored.trial.seed, replicate, 0x5E])
        # points come by rising likelihood, and ArviZ reads their order as autocorrelation
        picks.append(rng.permutation(resample_systematically(w, count, rng.uniform())))
    return np.stack(picks)


def _take(values: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """Points [replicate, draw] of ``values``, as one chain a replicate."""
    flat = values.reshape(len(values), -1, *values.shape[3:])
    return np.stack([each[chosen] for each, chosen in zip(flat, picks, strict=True)])[:, None]


def _list_points(stored: ReplicateDraws) -> Arrays:
    """Sites, statistics and log weights of every point, without padding that all have."""
    assert stored.log_weights is not None
    held = np.isfinite(stored.log_weights).any(axis=(0, 1))
    stats = {"log_weight": stored.log_weights, **_rename(stored.stats)}
    free = {name + "_" * (name in stored.sites): values for name, values in stats.items()}
    return {name: values[:, :, held] for name, values in {**stored.sites, **free}.items()}


def _make_tree(
    groups: dict[str, Arrays], attributes: dict[str, Any], replicates: Sequence[int]
) -> Any:
    """Groups as the object that ArviZ takes, which differs between 0.x and 1.x."""
    arviz = _import("arviz", "draws are given as ArviZ's own objects")
    xarray = import_module("xarray")
    sets = {
        name: _make_dataset(arrays, attributes, replicates)
        for name, arrays in groups.items()
        if arrays
    }
    if arviz.__version__.startswith("0."):
        with warnings.catch_warnings():  # earlier ones warn of groups that their schema lacks
            warnings.filterwarnings("ignore", "weighted_posterior", UserWarning)
            return arviz.InferenceData(attrs=attributes, **sets)
    tree = xarray.DataTree.from_dict(sets)
    tree.attrs.update(attributes)
    return tree


def _make_dataset(arrays: Arrays, attributes: dict[str, Any], replicates: Sequence[int]) -> Any:
    """Arrays [replicate, chain, draw, *event] with their axes named, chains side by side."""
    import xarray

    variables: dict[str, Any] = {}
    for name, values in arrays.items():
        sizes = values.shape[0] * values.shape[1], *values.shape[2:]
        dims = ("chain", "draw", *(f"{name}_dim_{i}" for i in range(values.ndim - 3)))
        variables[name] = dims, values.reshape(sizes)
    data = xarray.Dataset(variables, attrs=attributes)
    coordinates: dict[Any, Any] = {dim: np.arange(size) for dim, size in data.sizes.items()}
    if "replicate" not in arrays:  # which may be a site's name
        per_replicate = data.sizes["chain"] // len(replicates)
        coordinates["replicate"] = "chain", np.repeat(replicates, per_replicate)
    return data.assign_coords(coordinates)


def _import(module: str, purpose: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{purpose}: {error}\n"
            "  expected: ArviZ beside samplerbench; install it with: "
            "pip install 'samplerbench[arviz]'"
        ) from error


def write_netcdf(campaign: Campaign, folder: Path, replicates: Sequence[int] = (0,)) -> list[Path]:
    """Write one NetCDF file for each trial that ended ok and each replicate; the files in order.

    ``nuts-r0.nc`` holds the groups that ``Campaign.draws`` gives; where trials share a label, the
    trial's id stands in the name. Trials that met their limit of time lack replicates, and so have
    no file of these. Raises UsageError for a replicate that no trial has run, for a campaign
    without draws and where ArviZ is missing.
    """
    every = campaign.store.trials()
    ended = campaign.store.select_ok(every)
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
            f"draws can't be written to {str(folder)!r}: {explain_failure(error)}\n"
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
    stored = read_replicates(campaign, trial.label, replicate, trial=trial.id)
    data = export_draws(campaign, stored)
    with write_beside(path) as part:
        data.to_netcdf(str(part), engine="h5netcdf")
    return path
