"""Data of one model's figures: its rows, stored draws and exact answer."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.components import all_component_names, component_draws
from samplerbench.errors import StoreError, UsageError
from samplerbench.harness.draws_file import DrawsFile
from samplerbench.harness.statistics import weighted
from samplerbench.reports.tables.cells import Row, label
from samplerbench.reports.tables.selection import differing_columns

if TYPE_CHECKING:
    from samplerbench.harness.campaign.campaign import Campaign
    from samplerbench.harness.records import Trial
    from samplerbench.models.base import Exact, Model

Array = np.ndarray

#: what files of draws raise that are lost, damaged, or of other sites
UNREADABLE = (StoreError, OSError, KeyError, IndexError, ValueError, EOFError, zipfile.BadZipFile)
MOST_ROWS = 12  # in one figure; more can't be told apart
MOST_SERIES = 8  # samplers a model that get pictures: as many as are told apart at a glance
MOST_PARAMETERS = 4
MOST_REPLICATES = 32
MOST_DRAWS = 2500  # a replicate; what a picture can't show is not loaded
SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of each chain, whose means are kept of all replicates


@dataclass(frozen=True)
class Entry:
    """One finished row as figures of rows show it."""

    row: Row
    name: str
    look: int  # which colour, marker and hatch


@dataclass(frozen=True)
class Series:
    """One row with its draws."""

    label: str
    look: int  # which colour, marker and hatch
    row: Row
    x: Array  # [replicate, draw, component], chains end to end
    weights: Array  # [replicate, draw], sum 1 a replicate
    chain: int  # draws of the first chain, at the start of axis 1
    is_weighted: bool
    sites: dict[str, Array] = field(default_factory=dict)  # [replicate, draw, *event]
    log_z: Array | None = None  # [replicate]
    log_z_err: Array | None = None
    #: means of the first SHARES of every replicate's draws, [share, replicate, component]
    prefix_means: Array | None = None  # None: the draws have weights
    count: int = 0  # draws of a replicate, all chains

    def equal_weight_indices(self, replicate: int, count: int) -> Array:
        """Indices of ``count`` equal-weight draws of one replicate."""
        w = self.weights[replicate]
        if not self.is_weighted:
            return np.linspace(0, len(w) - 1, min(count, len(w))).astype(int)
        return weighted.resample_systematically(w, count)


@dataclass(frozen=True, eq=False)
class Scene:
    """One model: its rows, those of them with draws, and what is known about the answer."""

    label: str
    rows: Sequence[Row]
    entries: Sequence[Entry]  # the first finished rows
    series: Sequence[Series]
    names: tuple[str, ...]  # the components that are drawn
    picks: tuple[int, ...]  # their places in the answer
    exact: Exact | None
    model: Model | None
    truth: dict[str, float]
    omissions: Sequence[str] = ()  # what is not drawn, and why
    cache: dict[str, Any] = field(default_factory=dict)  # what pictures of one figure share

    @property
    def answer(self) -> str:
        """What draws are held against: the exact posterior, or what stands for it; "": nothing."""
        if self.exact is None:
            return ""
        if self.exact.source in ("exact", "quadrature"):
            return "the exact posterior"
        return f"the {re.split(r' [(]| of |, ', self.exact.source)[0]}"

    @property
    def mean(self) -> Array | None:
        """The answer's means of the drawn components."""
        return None if self.exact is None else self.exact.mean[list(self.picks)]

    @property
    def sd(self) -> Array | None:
        """The answer's sds of the drawn components."""
        return None if self.exact is None else self.exact.sd[list(self.picks)]


def load_scene(
    campaign: Campaign, first: Trial, rows: Sequence[Row], looks: dict[str, int]
) -> Scene:
    """The data of the model of ``first``, a trial of one of ``rows``, with what is left out.

    ``looks`` are by the names of ``name_rows``.
    """
    exact, model = campaign.exact(first), _load_model(first)
    finished = [row for row in rows if row["status"] == "ok"]
    drawable = [row for row in finished if not row["calibrate"]]
    names = _component_names(campaign, drawable, exact)
    picks = _pick_components(names, drawable)
    wanted = tuple(names[i] for i in picks)
    has_curve = model is not None and model.curve is not None
    omissions, series = _row_omissions(rows, finished, drawable), []
    unread: dict[str, list[str]] = {}
    axes = differing_columns(rows)
    for row in drawable[:MOST_SERIES]:
        try:
            with DrawsFile(campaign.store.find_draws(row["trial"])) as file:
                name = name_row(row, axes)
                series.append(_read_series(file, row, wanted, name, looks[name], has_curve))
        except UNREADABLE as error:
            reason = str(error).replace(f"the draws of trial {row['trial']} can't be read: ", "")
            unread.setdefault(reason, []).append(name_row(row, axes))
    for reason, labels in unread.items():
        omissions.append(f"the draws of {', '.join(labels)} cannot be read: {reason}")
    named = ((row, name_row(row, axes)) for row in finished[:MOST_ROWS])
    truth, entries = _truth(model, wanted), [Entry(row, name, looks[name]) for row, name in named]
    data = (rows, entries, series, wanted, picks, exact, model, truth, omissions)
    return Scene(first.model_label, *data)


def _row_omissions(
    rows: Sequence[Row], finished: Sequence[Row], drawable: Sequence[Row]
) -> list[str]:
    """Which rows no figure shows, or none of draws."""
    texts = []
    if len(finished) > MOST_ROWS:
        texts.append(f"figures show the first {MOST_ROWS} of {len(finished)} rows")
    if any(row["calibrate"] for row in rows):
        texts.append("no draws are shown of rows whose replicates have data of their own each")
    if len(drawable) > MOST_SERIES:
        texts.append(f"draws are shown of the first {MOST_SERIES} of {len(drawable)} rows")
    return texts


def _load_model(trial: Trial) -> Model | None:
    """The registered model with its data; None for a file, which a report does not read."""
    from samplerbench.models.loading.model_names import is_registered, load_model

    try:
        return load_model(trial.model, trial.model_options) if is_registered(trial.model) else None
    except UsageError:  # of a plug-in that is gone, or has other options
        return None


def _component_names(
    campaign: Campaign, rows: Sequence[Row], exact: Exact | None
) -> tuple[str, ...]:
    if exact is not None:
        return exact.names
    for row in rows:
        try:
            with DrawsFile(campaign.store.find_draws(row["trial"])) as file:
                return file.component_names()[0]
        except UNREADABLE:
            continue  # reported when its draws are read
    return ()


def _pick_components(names: tuple[str, ...], rows: Sequence[Row]) -> tuple[int, ...]:
    """Which components are drawn: the worst parameters of the rows, then the first ones."""
    worst = [row["worst_parameter"] for row in rows if row["worst_parameter"] in names]
    order = dict.fromkeys([*(names.index(name) for name in worst), *range(len(names))])
    return tuple(sorted(list(order)[:MOST_PARAMETERS]))


def _read_series(
    file: DrawsFile, row: Row, names: tuple[str, ...], name: str, look: int, has_curve: bool
) -> Series:
    whole, log_w = file.components(names), file.get("log_weights")
    x = whole[:MOST_REPLICATES]
    chains, length = x.shape[1:3]
    is_weighted = log_w is not None
    # weighted draws are few and not exchangeable: they are not thinned
    step = 1 if is_weighted else max(1, -(-chains * length // MOST_DRAWS))
    flat = x[:, :, ::step].reshape(len(x), -1, len(names))
    weights = _weights(None if log_w is None else log_w[: len(x)], flat)
    extra = {}
    if has_curve:
        sites = {name: array[: len(x), :, ::step] for name, array in file.sites().items()}
        extra = {n: a.reshape(len(x), -1, *a.shape[3:]) for n, a in sites.items()}
    return Series(
        label=name,
        look=look,
        row=row,
        x=flat,
        weights=weights,
        chain=-(-length // step),
        is_weighted=is_weighted,
        sites=extra,
        log_z=file.get("log_z"),
        log_z_err=file.get("log_z_err"),
        prefix_means=None if is_weighted else _prefix_means(whole),
        count=chains * length,
    )


def _prefix_means(x: Array) -> Array:
    """Means of the first SHARES of each chain of ``x[replicate, chain, draw, component]``."""
    ends = [max(1, round(share * x.shape[2])) for share in SHARES]
    return np.array([x[:, :, :end].mean(axis=(1, 2), dtype=np.float64) for end in ends])


def _weights(log_w: Array | None, x: Array) -> Array:
    """Weights that sum to 1 a replicate; draws that are not finite weigh nothing."""
    w = np.isfinite(x).all(axis=2).astype(float)
    if log_w is not None:
        # NaN: no draw of a replicate weighs anything
        w = w * np.nan_to_num(weighted.normalise_weights(log_w))
    total = w.sum(axis=1, keepdims=True)
    return np.divide(w, total, out=np.zeros_like(w), where=total > 0)


def name_rows(rows: Sequence[Row]) -> list[str]:
    """The name of each row of one model."""
    axes = differing_columns(rows)
    return [name_row(row, axes) for row in rows]


def name_row(row: Row, axes: Sequence[str]) -> str:
    """The row's label, with what tells it from other rows of the same model."""
    values = [row[name] for name in axes if name not in ("model", "parameter")]
    others = [str(value) for value in values if value is not None]
    return f"{label(row)} ({', '.join(others)})" if others else label(row)


def _truth(model: Model | None, names: Sequence[str]) -> dict[str, float]:
    """The drawn components of the parameters that made the data."""
    if model is None:
        return {}
    sites = {name: np.asarray(value) for name, value in model.truth.items()}
    known = set(all_component_names(sites, lead=0))
    shared = [name for name in names if name in known]
    return {name: float(component_draws(sites, [name], lead=0)[0]) for name in shared}
