"""What the pictures of one model are drawn from: its stored draws, its exact answer."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from samplerbench.components import all_component_names
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.selection import differing

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign
    from samplerbench.harness.records import Trial
    from samplerbench.models.base import Exact, Model

Array = np.ndarray

MOST_SERIES = 8  # samplers a model that get pictures: as many as are told apart at a glance
MOST_PARAMETERS = 4
MOST_REPLICATES = 32
MOST_DRAWS = 2500  # a replicate; what a picture can't show is not kept


@dataclass(frozen=True)
class Series:
    """One row with its draws."""

    label: str
    look: int  # which colour, marker and hatch
    row: Row
    x: Array  # [replicate, draw, component], chains end to end
    weights: Array  # [replicate, draw], sum 1 a replicate
    chain: int  # draws of the first chain, at the start of axis 1
    weighted: bool
    sites: dict[str, Array] = field(default_factory=dict)  # [replicate, draw, *event]
    log_z: Array | None = None  # [replicate]
    log_z_err: Array | None = None

    def equal(self, replicate: int, count: int) -> Array:
        """Indices of ``count`` equal-weight draws of one replicate."""
        w = self.weights[replicate]
        if not self.weighted:
            return np.linspace(0, len(w) - 1, min(count, len(w))).astype(int)
        # systematic resampling: the least noise that equal weights can have
        steps = (np.arange(count) + 0.5) / count
        return np.minimum(np.searchsorted(np.cumsum(w), steps), len(w) - 1)


@dataclass(frozen=True)
class Scene:
    """One model: its rows, those of them with draws, and what is known about the answer."""

    label: str
    rows: Sequence[Row]
    series: Sequence[Series]
    names: tuple[str, ...]  # the components that are drawn
    picks: tuple[int, ...]  # their places in the exact answer
    exact: Exact | None
    model: Model | None
    truth: dict[str, float]
    lost: Sequence[str]  # what could not be drawn, and why

    @property
    def mean(self) -> Array | None:
        """Exact means of the drawn components."""
        return None if self.exact is None else self.exact.mean[list(self.picks)]

    @property
    def sd(self) -> Array | None:
        """Exact sds of the drawn components."""
        return None if self.exact is None else self.exact.sd[list(self.picks)]


def scene(campaign: Campaign, first: Trial, rows: Sequence[Row], looks: dict[str, int]) -> Scene:
    """The material of the model of ``first``, a trial of one of ``rows``; losses are told."""
    exact, model = campaign.exact(first), _model(first)
    done = [row for row in rows if row["status"] == "ok" and not row["calibrate"]]
    lost = []
    if any(row["calibrate"] for row in rows):
        lost.append("no draws are shown of rows whose replicates have data of their own each")
    if len(done) > MOST_SERIES:
        lost.append(f"draws are shown of the first {MOST_SERIES} of {len(done)} rows")
    names = _names(campaign, done, exact)
    drawn = _drawn(names, done)
    wanted = tuple(names[i] for i in drawn)
    curve = model is not None and model.curve is not None
    series = []
    for row in done[:MOST_SERIES]:
        try:
            with DrawsFile(campaign.store.draws_path(row["trial"])) as file:
                series.append(_series(file, row, wanted, differing(rows), looks, curve))
        except (OSError, KeyError, IndexError, ValueError, EOFError, zipfile.BadZipFile) as error:
            lost.append(f"the draws of {label(row)} cannot be read: {error}")
    truth = _truth(model, wanted)
    return Scene(first.model_label, rows, series, wanted, drawn, exact, model, truth, lost)


def _model(trial: Trial) -> Model | None:
    """The registered model with its data; None for a user's file, which a report does not read."""
    from samplerbench.models.loading.model_names import is_registered, load_model

    return load_model(trial.model, trial.model_options) if is_registered(trial.model) else None


def _names(campaign: Campaign, done: Sequence[Row], exact: Exact | None) -> tuple[str, ...]:
    if exact is not None:
        return exact.names
    for row in done:
        try:
            with DrawsFile(campaign.store.draws_path(row["trial"])) as file:
                return all_component_names(file.sites())
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            continue  # told when its draws are read
    return ()


def _drawn(names: tuple[str, ...], done: Sequence[Row]) -> tuple[int, ...]:
    """Which components are drawn: the worst parameters of the rows, then the first ones."""
    worst = [row["worst_parameter"] for row in done if row["worst_parameter"] in names]
    order = dict.fromkeys([*(names.index(name) for name in worst), *range(len(names))])
    return tuple(sorted(list(order)[:MOST_PARAMETERS]))


def _series(
    file: DrawsFile,
    row: Row,
    names: tuple[str, ...],
    axes: Sequence[str],
    looks: dict[str, int],
    curve: bool,
) -> Series:
    x, log_w = file.components(names)[:MOST_REPLICATES], file.get("log_weights")
    chains, length = x.shape[1:3]
    weighted = log_w is not None
    # weighted draws are few and not exchangeable: they are kept whole
    step = 1 if weighted else max(1, -(-chains * length // MOST_DRAWS))
    flat = x[:, :, ::step].reshape(len(x), -1, len(names))
    weights = _weights(log_w[: len(x)] if weighted else None, flat)
    extra = {}
    if curve:
        sites = {name: array[: len(x), :, ::step] for name, array in file.sites().items()}
        extra = {n: a.reshape(len(x), -1, *a.shape[3:]) for n, a in sites.items()}
    return Series(
        label=named(row, axes),
        look=looks[label(row)],
        row=row,
        x=flat,
        weights=weights,
        chain=-(-length // step),
        weighted=weighted,
        sites=extra,
        log_z=file.get("log_z"),
        log_z_err=file.get("log_z_err"),
    )


def _weights(log_w: Array | None, x: Array) -> Array:
    """Weights that sum to 1 a replicate; draws that are not finite weigh nothing."""
    w = np.isfinite(x).all(axis=2).astype(float)
    if log_w is not None:
        flat = log_w.reshape(len(log_w), -1).astype(float)
        top = np.max(flat, axis=1, keepdims=True)
        w = w * np.exp(flat - np.where(np.isfinite(top), top, 0.0))
    total = w.sum(axis=1, keepdims=True)
    return np.divide(w, total, out=np.zeros_like(w), where=total > 0)


def named(row: Row, axes: Sequence[str]) -> str:
    """The row's label, with what tells it from other rows of the same model."""
    others = [str(row[name]) for name in axes if name not in ("model", "parameter")]
    return f"{label(row)} ({', '.join(others)})" if others else label(row)


def _truth(model: Model | None, names: Sequence[str]) -> dict[str, float]:
    """The drawn components of the parameters that made the data."""
    if model is None:
        return {}
    lead = {name: np.asarray(value)[None, None, None] for name, value in model.truth.items()}
    scalars = {}
    for name in all_component_names(lead):
        site, _, index = name.partition("[")
        at = tuple(int(i) for i in index.rstrip("]").split(",")) if index else ()
        scalars[name] = float(np.asarray(model.truth[site])[at])
    return {name: scalars[name] for name in names if name in scalars}
