"""Sums and differences of two parameters: whether their correlation is right, pair by pair.

The uncorrelated directions of the exact posterior are those of its correlations. Where several have
one variance, as of parameters that are independent or alike, any others would do as well, so that a
correlation that the draws invent, or lose, need not show in those that were taken; and of many
parameters only some directions are judged. So of every two parameters, each in its sd, the sum and
the difference are judged too: with a correlation rho they have the variances ``2 (1 + rho)`` and
``2 (1 - rho)``. A width that is wrong by a relative e makes a variance wrong by 2 e, which is how
much of a margin a variance has; of two uncorrelated parameters it is a correlation of 2 e.

Parameters are cut off at their exact 1 % and 99 % quantiles, so that a variance has an error
whatever the tails are: what has more than 1 % of its mass beyond either end is less than ten sds
wide. Exact variances of what is left come from exact draws.

Right on average is not right in each run: where correlations are off by 0.3 either way, the mean
variances are exact. So the variances of a run are held to a claimed error as well: that of an exact
square over the root of the ESS, the least that ArviZ's formula gives for the squares and for the
spreads of both parameters, or the one that weighted draws claim. A gamma distribution of relative
sd s has the excess kurtosis 6 s^2. A mean of n such squares has that over n, a sum of weights w the
sum of w^4 over the square of that of w^2 times it: on average over runs it is to be no more than
KURTOSIS, a fourth moment 1.1 times that of a normal. Of thousands of pairs those count that by the
ESS of both spreads lie farthest off, which costs a few series and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from samplerbench.harness.statistics.ess_rhat import series_mean
from samplerbench.harness.statistics.weighted import normalise_weights, without_padding

Array = np.ndarray

CUT = (0.01, 0.99)
MOST = 100  # parameters: of more the first and the last half as many
LEAST_VARIANCE = 1e-6  # of a sum or a difference, over that of independent ones
FEW = 10  # pairs that are held to their claimed errors
FAR = 5.0  # claimed errors: farther off is one run, which is not to choose the pairs
KURTOSIS = 0.3  # excess of a mean that passes for normal: no run of its errors is a disaster


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which sums and differences of an exact posterior's parameters are judged, and their sizes."""

    which: Array  # components that are paired
    lo: Array  # where they are cut off, [paired]
    hi: Array
    mean: Array  # of what is left, and its sd
    sd: Array
    labels: tuple[str, ...]  # "'a' + 'b'", [combination]
    first: Array  # of the two, an index of ``which``, [combination]
    second: Array
    sign: Array  # 1 of a sum, -1 of a difference
    variance: Array  # exact
    error: Array  # its standard error, relative
    scatter: Array  # sd of the square of one exact draw, relative

    def measure(self, x: Array, log_w: Array | None, ess: Array | None = None) -> PairWidths:
        """Variances about the exact mean over the exact ones, of ``x[replicate, chain, draw, c]``.

        Weighted by ``log_w[replicate, chain, draw]`` where it is given. ``ess[replicate, c]`` is
        what is claimed for the spread of a parameter; without it variances have no claimed errors.
        """
        weights = find_weights(log_w)
        values = np.empty((len(x), len(self.labels)))
        for i, (u, w) in enumerate(self.standardise_each(x, weights)):
            products = u.T @ u / len(u) if w is None else (u * w[:, None]).T @ u
            values[i] = _combine(products, self.first, self.second, self.sign)
        widths = PairWidths(self.labels, values / self.variance, self.error)
        return widths if ess is None else self._claim(widths, x, weights, ess[:, self.which])

    def standardise_each(
        self, x: Array, weights: Array | None
    ) -> Iterator[tuple[Array, Array | None]]:
        """Draws [draw, paired] of each replicate of ``x``, standardised, with their weights."""
        if weights is None:
            for draws in x.reshape(len(x), -1, x.shape[-1]):
                yield standardise(draws[:, self.which], self), None
        else:
            for draws, w in zip(without_padding(x, weights), weights, strict=True):
                yield standardise(draws[:, self.which], self), w

    def _claim(self, widths: PairWidths, x: Array, weights: Array | None, ess: Array) -> PairWidths:
        """``widths`` with the claimed errors of the few that are farthest off by ``ess``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            sizes = np.minimum(ess[:, self.first], ess[:, self.second])
            off = np.clip((widths.values - 1) / self.scatter * np.sqrt(sizes), -FAR, FAR)
            few = np.argsort(-np.nansum(np.square(off), axis=0), kind="stable")[:FEW]
            sizes = sizes[:, few]
            if weights is None:
                own = series_mean(x, lambda part: self._square(part, few))[2]
                sizes = np.minimum(sizes, own)
            se, few_draws = self.scatter[few] / np.sqrt(sizes), 1 / sizes
        if weights is not None:
            squares = np.square(weights)
            heaviest = np.square(squares).sum(axis=1) / np.square(squares.sum(axis=1))
            few_draws = np.maximum(few_draws, heaviest[:, None])
        excess = 6 * np.square(self.scatter[few]) * few_draws
        finite = np.isfinite(excess)
        mean = np.where(finite, excess, 0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
        normal = (mean < KURTOSIS) & finite.any(axis=0)
        return replace(widths, few=few[normal], se=se[:, normal])

    def _square(self, part: Array, few: Array) -> Array:
        """The squares that variances average, of ``part[replicate, component, chain, draw]``."""
        rows = np.moveaxis(part[:, self.which], 1, -1)
        u = np.moveaxis(standardise(rows, self), -1, 1)
        sign = self.sign[few, None, None]
        return np.square(u[:, self.first[few]] + sign * u[:, self.second[few]])


@dataclass(frozen=True, eq=False)
class PairWidths:
    """Variances of sums and differences in each replicate, over the exact ones."""

    labels: tuple[str, ...]  # [combination]
    values: Array  # [replicate, combination]
    error: Array  # standard error of the exact one, relative, [combination]
    few: Array = field(default_factory=lambda: np.zeros(0, dtype=int))  # those that claim errors
    se: Array = field(default_factory=lambda: np.zeros((0, 0)))  # which ones, [replicate, of few]

    def select(self, keep: Array) -> PairWidths:
        """The replicates in ``keep``, bool."""
        se = self.se[keep] if self.few.size else self.se
        return replace(self, values=self.values[keep], se=se)


def find_pairs(
    names: tuple[str, ...], bank: Array, known: float = 0.0, rounding: float = 0.0
) -> Pairs | None:
    """The pairs of a posterior of which ``bank[draw, component]`` are independent exact draws.

    ``known``: relative standard error of the ground truth's own variances, which those of the bank
    have beside their own. A variance that is no more than ``rounding``, or that of a constraint, is
    left out. None where no two parameters are left.
    """
    count = bank.shape[1]
    half = MOST // 2
    which = np.arange(count) if count <= MOST else np.r_[:half, count - half : count]
    lo, hi = np.quantile(bank[:, which], CUT, axis=0)
    cut = np.clip(bank[:, which], lo, hi)
    mean, sd = cut.mean(axis=0), cut.std(axis=0)
    varies = sd > 0  # rare counts are all alike but for less than 1 %
    which, lo, hi, mean, sd = (each[varies] for each in (which, lo, hi, mean, sd))
    first, second = np.triu_indices(len(which), k=1)
    first, second = np.tile(first, 2), np.tile(second, 2)
    sign = np.repeat([1.0, -1.0], len(first) // 2)
    u = _standardise(bank[:, which], lo, hi, mean, sd)
    variance = _combine(u.T @ u / len(u), first, second, sign)
    usable = variance > 2 * max(LEAST_VARIANCE, rounding)
    if not usable.any():
        return None
    first, second, sign, variance = (each[usable] for each in (first, second, sign, variance))
    fourth = _measure_fourth(u, first, second, sign)
    scatter = np.sqrt(np.maximum(fourth / np.square(variance) - 1, 0))
    own = [names[i] for i in which]
    triples = zip(first, second, sign, strict=True)
    labels = tuple(f"'{own[i]}' {'+' if s > 0 else '-'} '{own[j]}'" for i, j, s in triples)
    error = np.hypot(scatter / np.sqrt(len(u)), known)
    return Pairs(which, lo, hi, mean, sd, labels, first, second, sign, variance, error, scatter)


def find_weights(log_w: Array | None) -> Array | None:
    """Weights that sum to one in each replicate, 0 for padding; None of draws that have none."""
    return None if log_w is None else np.nan_to_num(normalise_weights(log_w))


def standardise(x: Array, pairs: Pairs) -> Array:
    """``x[..., paired]`` cut off, and in the sds of what is left."""
    return _standardise(x, pairs.lo, pairs.hi, pairs.mean, pairs.sd)


def _standardise(x: Array, lo: Array, hi: Array, mean: Array, sd: Array) -> Array:
    return (np.clip(np.asarray(x, dtype=np.float64), lo, hi) - mean) / sd


def _combine(products: Array, first: Array, second: Array, sign: Array) -> Array:
    """Mean squares of ``u_i + sign u_j`` from the mean products of all ``u``."""
    own = np.diag(products)
    return own[first] + own[second] + 2 * sign * products[first, second]


def _measure_fourth(u: Array, first: Array, second: Array, sign: Array) -> Array:
    """Mean fourth powers of ``u_i + sign u_j``, by the binomial formula."""
    squares = np.square(u)
    even = squares.T @ squares / len(u)
    odd = (squares * u).T @ u / len(u)
    own = np.diag(even)
    mixed = odd[first, second] + odd[second, first]
    return own[first] + own[second] + 6 * even[first, second] + 4 * sign * mixed
