"""Stored draws of some replicates of one sampler, as arrays and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.errors import UsageError, unknown_name
from samplerbench.harness.draws_file import NUMBERS, DrawsFile
from samplerbench.harness.records import Trial
from samplerbench.harness.statistics.weighted import kish_ess
from samplerbench.options import is_count
from samplerbench.text import format_count

if TYPE_CHECKING:
    import pandas

    from samplerbench.harness.campaign.campaign import Campaign

MODES = ("replicates", "plain")
WEIGHT = "weight"  # the column of a table of weighted draws
Arrays = dict[str, np.ndarray]
#: which of them: one by its number, several by a slice, all by None
Choice = int | slice | None


@dataclass(frozen=True)
class ReplicateDraws:
    """What the store holds of the chosen replicates."""

    trial: Trial
    replicates: Sequence[int]
    sites: Arrays  # [replicate, chain, draw, *event]
    stats: Arrays  # [replicate, chain, draw]
    numbers: Arrays  # [replicate], such as log_z; those that the sampler tells
    log_weights: np.ndarray | None  # [replicate, chain, draw]; -inf: padding; None: all alike
    termination: Sequence[str] = ()  # why each run stopped, where the sampler tells

    @property
    def ess(self) -> np.ndarray:
        """ESS of weighted draws, [replicate]: as the sampler claims, else Kish's; NaN: none."""
        assert self.log_weights is not None, "of weighted draws"
        kish = kish_ess(self.log_weights)
        claims = self.numbers.get("ess", np.full_like(kish, np.nan))
        return np.where(np.isfinite(claims), claims, kish)


def read_replicates(
    campaign: Campaign,
    sampler: str,
    replicate: Choice,
    mode: str = "replicates",
    trial: str | None = None,
    model: str | None = None,
) -> ReplicateDraws:
    """The draws of ``sampler``, a label in the tables.

    ``model``, its name in the table, or ``trial`` tells apart several trials that are so called.
    Raises UsageError for a label, a mode or a replicate that is not there, for a label of several
    trials, and for a trial without draws.
    """
    chosen = _find_trial(campaign, sampler, trial, model)
    if campaign.store.statuses().get(chosen.id) != "ok":
        raise UsageError(f"{sampler!r} has no draws: its status is not ok")
    if mode not in MODES:
        raise UsageError(f"mode={mode!r}\n  expected: 'replicates' or 'plain'")
    with DrawsFile(campaign.store.find_draws(chosen.id), mode) as file:
        sites = file.sites()
        picks = _choose_replicates(replicate, len(next(iter(sites.values()))))
        numbers = {name: file.get(name) for name in NUMBERS}
        log_weights, termination = file.get("log_weights"), file.get("termination")
        return ReplicateDraws(
            chosen,
            picks,
            {name: values[picks] for name, values in sites.items()},
            {name: values[picks] for name, values in file.stats().items()},
            {name: values[picks] for name, values in numbers.items() if values is not None},
            None if log_weights is None else log_weights[picks],
            () if termination is None else [str(word) for word in termination[picks]],
        )


def _find_trial(campaign: Campaign, label: str, name: str | None, model: str | None) -> Trial:
    trials = campaign.store.trials()
    called = {t.id: t for t in trials if t.label == label}
    if not called:
        raise unknown_name("sampler in this campaign", label, {t.label for t in trials})
    models = {t.model_label for t in called.values()}
    if model is not None and model not in models:
        raise unknown_name(f"model of {label}", model, models)
    called = {id: t for id, t in called.items() if model in (None, t.model_label)}
    matches = {id: t for id, t in called.items() if name in (None, id)}
    if not matches:
        raise unknown_name(f"trial of {label}", name, called)
    if len(matches) > 1:
        by_model = len({t.model_label for t in matches.values()}) == len(matches)
        known = "".join(
            f"\n    {f'model={t.model_label!r}' if by_model else f'trial={id!r}'}: {_place(t)}"
            for id, t in matches.items()
        )
        reason = f"{label!r} stands for {len(matches)} trials of this campaign"
        raise UsageError(f"{reason}\n  expected: one of{known}")
    return next(iter(matches.values()))


def _place(trial: Trial) -> str:
    chains, draws = format_count(trial.chains, "chain"), format_count(trial.draws, "draw")
    budget = f"{chains}, {trial.warmup} warm-up, {draws}"
    return f"{trial.model_label} on {trial.environment_label}, {budget}"


def _choose_replicates(choice: Choice, count: int) -> list[int]:
    known = f"expected: 0 to {count - 1}, a slice that holds one of them, or None for all"
    if choice is None or isinstance(choice, slice):
        picks = list(range(count)[choice or slice(None)])
    else:
        picks = [choice] if is_count(choice, 0) and choice < count else []
    if not picks:
        raise UsageError(f"replicate={choice!r}\n  {known}")
    return picks


def make_frame(draws: ReplicateDraws) -> pandas.DataFrame:
    """One row a draw, one column a component ("beta[0]"); index: replicate, chain, draw.

    Weighted draws have a column ``weight``, 1 at the most in each replicate, without the rows
    where it is 0 in float64: what ChainConsumer takes as a chain.
    """
    import pandas

    _, chains, length = next(iter(draws.sites.values())).shape[:3]
    levels = [draws.replicates, range(chains), range(length)]
    index = pandas.MultiIndex.from_product(levels, names=["replicate", "chain", "draw"])
    columns: dict[str, Any] = {}
    for name, values in draws.sites.items():
        components = values.reshape(len(index), -1).T
        columns.update(zip(component_names(name, values.shape[3:]), components, strict=True))
    table = pandas.DataFrame(columns, index)
    if draws.log_weights is None:
        return table
    log_weights = draws.log_weights.astype(np.float64)
    with np.errstate(invalid="ignore"):  # a run without any weight
        weights = np.exp(log_weights - log_weights.max(axis=(1, 2), keepdims=True))
    table[WEIGHT] = weights.ravel()
    return table[table[WEIGHT] > 0]
