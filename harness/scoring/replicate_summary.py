"""Each replicate against the ground truth: estimates, claimed errors and shares, by component.

Beside the mean it holds shares of the draws whose exact values are known for every continuous
posterior: below the exact median, inside the exact central half, 90 % and 98 %. What is lost of the
last 2 % changes no mean, width or share of more of the draws by what these margins tolerate.
They stand in for the sd and other moments because they are bounded. Where the posterior has heavy
tails, even independent exact draws give an sd that is too small nearly always, with an interval
that says so; a share has its binomial noise and no more, in any model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from samplerbench.harness.scoring.draw_shares import HALF, MOST, NINETY
from samplerbench.harness.scoring.margins import DEFAULT, Margins
from samplerbench.harness.statistics import mode_occupancy as modes
from samplerbench.harness.statistics.combinations import CombinationWidths
from samplerbench.harness.statistics.curves import CurveProducts
from samplerbench.harness.statistics.energy_distance import EnergyDistance
from samplerbench.harness.statistics.pairs import PairWidths

Array = np.ndarray

PER_REPLICATE = (
    "est se sd_hat below_median below_se half half_se ninety most finite moves w1 log_z log_z_err"
).split()
PER_COMPONENT = (
    "mean sd est se sd_hat below_median below_se half half_se ninety most finite moves w1 w1_iid"
    " mean_tame sd_tame mean_se sd_se spacing is_tied may_rest"
    " below_exact half_exact ninety_exact most_exact"
).split()


@dataclass(frozen=True)
class ReplicateSummary:
    """Arrays are [replicate, component] unless said otherwise; NaN where there is nothing."""

    names: tuple[str, ...]
    mean: Array  # exact, [component]
    sd: Array  # exact, [component]
    est: Array  # the draws' mean
    se: Array  # its claimed standard error
    sd_hat: Array  # the draws' sd
    below_median: Array  # share of the draws at or below the exact median
    below_se: Array  # its claimed standard error: of the exact share, by the ESS that is claimed
    half: Array  # share inside the exact central half
    half_se: Array  # likewise
    ninety: Array  # share inside the exact central 90 %
    most: Array  # and inside the exact central 98 %
    finite: Array  # bool: every draw is finite
    moves: Array  # bool: no chain is constant
    w1: Array  # distance to the exact marginal, in sds
    w1_iid: Array  # [component]: W1 of as many independent draws as the typical replicate claims
    mean_tame: Array  # [component] bool: the mean of that many independent draws has normal errors
    sd_tame: Array  # [component] bool: and so has their second moment
    log_z: Array | None = None  # [replicate], natural log
    log_z_err: Array | None = None  # [replicate], claimed
    log_z_true: float | None = None
    modes: modes.Modes | None = None  # of a model that names its modes
    # standard errors of the ground truth itself, [component]; 0 where it is exact
    mean_se: Array | float = 0.0  # of ``mean``
    sd_se: Array | float = 0.0  # of ``sd``
    single_source: str = ""  # whose word alone the ground truth is
    error_unknown: bool = False  # the ground truth has errors that it does not tell
    spacing: Array | float = 0.0  # of numbers of the draws' precision near the mean, in sds
    is_tied: Array | bool = False  # exact draws are equal to one another, as counts are
    may_rest: Array | bool = False  # so that a chain of them can well be constant
    # what the shares are in the exact posterior: other than their names say where draws are tied
    below_exact: Array | float = 0.5
    half_exact: Array | float = HALF[1] - HALF[0]
    ninety_exact: Array | float = NINETY[1] - NINETY[0]
    most_exact: Array | float = MOST[1] - MOST[0]
    long_run: bool = False  # the ground truth is draws made here
    weighted: bool = False  # the draws have weights
    margins: Margins = DEFAULT  # what is tolerated
    labels: tuple[str, ...] = ()  # what all replicates are called, where not by their numbers
    directions: int = 0  # the last so many components are no parameters but joint structure
    energy: EnergyDistance | None = None  # from exact draws, over all directions
    pairs: PairWidths | None = None  # of sums and differences of two parameters
    curves: CurveProducts | None = None  # of squares with other parameters, and with their squares
    combinations: CombinationWidths | None = None  # of all parameters, those farthest off
    far: Array | None = None  # share beyond far quantiles, of parameters alone; None: not known
    # two replicates of ``est`` that share draws, and what share; None where none do
    shared_draws: tuple[int, int, float] | None = None
    # two whose draws at the same place go together, and their correlation; None where none do
    common_noise: tuple[int, int, float] | None = None

    def join(self, other: ReplicateSummary) -> ReplicateSummary:
        """The same replicates with the components of ``other`` beside their own."""
        values = {name: np.concatenate(_pair(self, other, name), axis=-1) for name in PER_COMPONENT}
        names = (*self.names, *other.names)
        return replace(self, names=names, directions=len(other.names), **values)

    def parameters(self) -> ReplicateSummary:
        """The same without the directions of the joint posterior."""
        count = len(self.names) - self.directions
        fields: dict[str, Any] = {name: getattr(self, name) for name in PER_COMPONENT}
        values = {k: v if np.ndim(v) == 0 else v[..., :count] for k, v in fields.items()}
        return replace(self, names=self.names[:count], directions=0, **values)

    @property
    def has_ended(self) -> Array:
        """[replicate] bool: it came to its end, with finite draws of every parameter."""
        return self.finite.all(axis=1)

    def select(self, keep: Array) -> ReplicateSummary:
        """The replicates in ``keep``, bool."""
        values = {name: getattr(self, name) for name in PER_REPLICATE}
        selected: dict[str, Any] = {k: v if v is None else v[keep] for k, v in values.items()}
        selected["modes"] = self.modes.select(keep) if self.modes else None
        selected["energy"] = self.energy.select(keep) if self.energy else None
        selected["pairs"] = self.pairs.select(keep) if self.pairs else None
        selected["curves"] = self.curves.select(keep) if self.curves else None
        selected["combinations"] = self.combinations and self.combinations.select(keep)
        selected["far"] = None if self.far is None else self.far[keep]
        selected["shared_draws"] = _select_pair(self.shared_draws, keep)
        selected["common_noise"] = _select_pair(self.common_noise, keep)
        return replace(self, **selected)


def _select_pair(pair: tuple[int, int, float] | None, keep: Array) -> tuple[int, int, float] | None:
    """Two replicates by their numbers among those in ``keep``; None where one is left out."""
    if pair is None or not (keep[pair[0]] and keep[pair[1]]):
        return None
    first, second, what = pair
    return int(keep[:first].sum()), int(keep[:second].sum()), what


def _pair(one: ReplicateSummary, other: ReplicateSummary, name: str) -> tuple[Array, Array]:
    """The field called ``name`` of both, an array even where it is one number for all."""
    values = (getattr(one, name), getattr(other, name))
    first, second = (
        np.broadcast_to(value, each.sd.shape) if np.ndim(value) == 0 else value
        for value, each in zip(values, (one, other), strict=True)
    )
    return first, second
