"""Stored draws as ArviZ InferenceData, for ArviZ's own plots and summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.errors import unknown_name
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.records import Trial

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign


def draws(
    campaign: Campaign,
    sampler: str,
    *,
    replicate: int = 0,
    mode: str = "replicates",
    resample: int | None = None,
    trial: str | None = None,
) -> Any:
    """One replicate's draws as ``arviz.InferenceData``: posterior [chain, draw, *event] and stats.

    ``sampler`` is the label in the tables, as ``numpyro_hmc:trajectory_length=1.5``; where several
    trials share it, ``trial`` names one. ``mode="plain"`` gives the first (0) and second (1) plain
    run. Weighted draws come with their ``log_weight`` in sample_stats, or, with ``resample=n``, as
    n equal-weight draws taken with replacement and labelled so: then ESS and R-hat of them mean
    nothing. Raises UsageError for a label that is not there, ValueError for what has no draws.
    """
    chosen = _trial(campaign, sampler, trial)
    if campaign.store.finished().get(chosen.id) != "ok":
        raise ValueError(f"{sampler!r} has no draws: its status is not ok")
    group = {"replicates": "replicates", "plain": "plain"}.get(mode)
    if group is None:
        raise ValueError(f"mode={mode!r}\n  expected: 'replicates' or 'plain'")
    with DrawsFile(campaign.store.draws_path(chosen.id), group) as file:
        return _convert(file, chosen, replicate, resample)


def _trial(campaign: Campaign, label: str, trial: str | None) -> Trial:
    found = {t.id: t for t in campaign.store.trials() if t.label == label}
    if trial is not None:
        found = {key: t for key, t in found.items() if key == trial}
    if not found:
        raise unknown_name(
            "sampler in this campaign", label, {t.label for t in campaign.store.trials()}
        )
    if len(found) > 1:
        raise ValueError(f"{label!r} stands for trials {', '.join(found)}; name one with trial=")
    return next(iter(found.values()))


def _convert(file: DrawsFile, trial: Trial, replicate: int, resample: int | None) -> Any:
    import arviz

    sites = file.sites()
    count = len(next(iter(sites.values())))
    if not 0 <= replicate < count:
        raise ValueError(f"replicate={replicate}\n  expected: 0 to {count - 1}")
    posterior = {name: values[replicate] for name, values in sites.items()}
    stats = {name: values[replicate] for name, values in file.stats().items()}
    log_w = file.get("log_weights")
    attrs = {"sampler": trial.label, "model": trial.model_label, "trial": trial.id}
    attrs.update(replicate=replicate, seed=trial.seed + replicate)
    if log_w is not None:
        posterior, stats, note = _weighted(posterior, stats, log_w[replicate], trial, resample)
        attrs["weights"] = note
    return arviz.from_dict(posterior=posterior, sample_stats=stats or None, attrs=attrs)


def _weighted(
    posterior: dict[str, Any],
    stats: dict[str, Any],
    log_w: np.ndarray,
    trial: Trial,
    resample: int | None,
) -> tuple[dict[str, Any], dict[str, Any], str]:
    kept = np.isfinite(log_w[0])  # the rest is padding to the longest replicate
    posterior = {name: values[:, kept] for name, values in posterior.items()}
    if resample is None:
        stats = {name: values[:, kept] for name, values in stats.items()}
        return posterior, {**stats, "log_weight": log_w[:, kept]}, "log_weight in sample_stats"
    w = np.exp(log_w[0, kept] - log_w[0, kept].max())
    rng = np.random.default_rng([trial.seed, resample, 0x5E])
    taken = rng.choice(w.size, size=resample, p=w / w.sum())
    note = f"{resample} draws resampled with replacement: not independent, ESS of them is void"
    return {name: values[:, taken] for name, values in posterior.items()}, {}, note


def frame(data: Any) -> Any:
    """What ``draws`` gave as a DataFrame, one row a draw, one column a component ("beta[0]").

    Weighted draws have a column ``weight``, 1 at the most, without the rows where it is 0 in
    float64: what ChainConsumer takes as a chain.
    """
    import pandas

    columns = {}
    for name, values in data.posterior.items():
        array = np.asarray(values)
        flat = array.reshape(array.shape[0] * array.shape[1], -1)
        for index, column in zip(np.ndindex(*array.shape[2:]), flat.T, strict=True):
            columns[f"{name}[{','.join(map(str, index))}]" if index else str(name)] = column
    made = pandas.DataFrame(columns)
    if "sample_stats" in data.groups() and "log_weight" in data.sample_stats:
        log_w = np.asarray(data.sample_stats["log_weight"], np.float64).ravel()
        made["weight"] = np.exp(log_w - log_w.max())
        made = made[made["weight"] > 0].reset_index(drop=True)
    return made
