"""The sum of all parameters, each with a factor, whose variance the draws have farthest off.

Many correlations that are wrong by little each, so that no sum or difference of two parameters
shows it, add up: where each two of 50 independent parameters have a correlation of 0.04, the sum of
all has an sd that is 1.7 times too large. Which combination is off is not known before. So every
other run looks for those that are widest and narrowest, by what its draws' covariance is over the
exact one (the ends of the generalised eigenvalue problem), and the rest of the runs judge these
two: a search over all combinations costs no level where others judge what it found.

Parameters are cut off and in their sds as for sums and differences of two, so that a variance has
an error whatever the tails are. Half of the exact draws help to find a combination, and the others
tell what its variance is, since the farthest end of many is where the first half errs most. Of k
parameters and N effective draws a combination stands out from noise where its variance is off by
more than sqrt(k / N) (Baik, Ben Arous and Peche 2005, Annals of Probability 33:1643).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from samplerbench.harness.statistics.pairs import Pairs, find_weights, standardise

Array = np.ndarray

FEWEST = 3  # parameters: of two the pairs' sums and differences tell all
LEAST_VARIANCE = 1e-4  # of a direction in the exact draws; less is a constraint
SURE = 0.015  # standard error of an exact variance, relative: that of a cut constraint is larger
MOST_NAMES = 3  # parameters that a combination is named by, those with the largest factors


@dataclass(frozen=True, eq=False)
class CombinationWidths:
    """Variances of the widest and the narrowest combination over the exact ones."""

    labels: tuple[str, ...]  # [combination]
    values: Array  # [replicate, combination]; NaN of runs that helped to find them
    error: Array  # standard error of the exact variance, relative, [combination]

    def select(self, keep: Array) -> CombinationWidths:
        """The replicates in ``keep``, bool."""
        return replace(self, values=self.values[keep])


@dataclass(frozen=True, eq=False)
class Combinations:
    """What is needed to find and to judge combinations of an exact posterior's parameters."""

    pairs: Pairs
    names: tuple[str, ...]  # of the parameters that are combined
    whitening: Array  # [parameter, direction], of the first half of the exact draws
    rest: Array  # the other half, standardised, [draw, parameter]

    def measure(self, x: Array, log_w: Array | None) -> CombinationWidths | None:
        """Of ``x[replicate, chain, draw, c]``, weighted by ``log_w``; None where too few runs."""
        values = np.full((len(x), 2), np.nan)
        covariance, count, weights = 0.0, 0, find_weights(log_w)
        for part in (0, 1):  # first all that find, then all that judge
            if part and not count:
                return None
            if part:
                factors = self._find_ends(np.asarray(covariance) / count)
                exact, error = self._measure_exact(factors)
            own = None if weights is None else weights[part::2]
            for i, (u, w) in enumerate(self.pairs.standardise_each(x[part::2], own)):
                share = 1 / len(u) if w is None else w[:, None]
                if part:
                    values[2 * i + 1] = (share * np.square(u @ factors)).sum(axis=0) / exact
                elif np.isfinite(product := u.T @ (share * u)).all():
                    covariance, count = covariance + product, count + 1
        labels = tuple(self._name(column) for column in factors.T)
        return CombinationWidths(labels, values, error)

    def _find_ends(self, covariance: Array) -> Array:
        """Factors of the parameters, [parameter, combination]."""
        ends = np.linalg.eigh(self.whitening.T @ covariance @ self.whitening)[1][:, [-1, 0]]
        return self.whitening @ ends

    def _measure_exact(self, factors: Array) -> tuple[Array, Array]:
        squares = np.square(self.rest @ factors)
        mean = squares.mean(axis=0)
        return mean, _relative_error(squares)

    def _name(self, factors: Array) -> str:
        """The largest factors with their parameters, the first one positive."""
        scaled = factors / np.linalg.norm(factors)
        first, *others = np.argsort(-np.abs(scaled), kind="stable")[:MOST_NAMES]
        scaled = scaled * np.sign(scaled[first])
        text = f"{scaled[first]:.2f} '{self.names[first]}'"
        for i in others:
            text += f" {'+' if scaled[i] > 0 else '-'} {abs(scaled[i]):.2f} '{self.names[i]}'"
        more = len(scaled) - MOST_NAMES
        return text + f" and {more} more" * (more > 0)


def _relative_error(squares: Array) -> Array:
    """Standard error of the mean of ``squares[draw, ...]``, relative."""
    return squares.std(axis=0) / squares.mean(axis=0) / np.sqrt(len(squares))


def find_combinations(names: tuple[str, ...], pairs: Pairs, bank: Array) -> Combinations | None:
    """Of a posterior of which ``bank[draw, component]`` are independent exact draws.

    None of fewer than three parameters, or directions.
    """
    u = standardise(bank[:, pairs.which], pairs)
    half = len(u) // 2
    variances, vectors = np.linalg.eigh(u[:half].T @ u[:half] / half)
    usable = variances > LEAST_VARIANCE
    usable &= _relative_error(np.square(u[:half] @ vectors)) < SURE
    if usable.sum() < FEWEST:
        return None
    whitening = vectors[:, usable] / np.sqrt(variances[usable])
    return Combinations(pairs, tuple(names[i] for i in pairs.which), whitening, u[half:])
