"""Curves that tie two parameters: how the square of one goes with the other, and with its square.

Sums and differences of two parameters show their correlation. What follows another's square, or has
a width that another sets, need not have any, and in many dimensions hardly moves the energy
distance. So the square of each parameter is multiplied with every other parameter, and with its
square, each cut off as for sums and differences and in its sd. Means of these products are
correlations, and may be off by as much as that of two uncorrelated parameters. They accuse alone,
and clear nobody: in short runs products of squares are too noisy for that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from samplerbench.harness.statistics.pairs import Pairs, find_weights, standardise

Array = np.ndarray

LEAST_SD = 1e-6  # of a square: that of a fair coin's two values is one number


@dataclass(frozen=True, eq=False)
class CurveProducts:
    """Means of products in each replicate, less the exact ones."""

    labels: tuple[str, ...]  # "'a' squared with 'b'", [product]
    values: Array  # [replicate, product]
    error: Array  # standard error of the exact one, [product]

    def select(self, keep: Array) -> CurveProducts:
        """The replicates in ``keep``, bool."""
        return replace(self, values=self.values[keep])


@dataclass(frozen=True, eq=False)
class Curves:
    """The products of an exact posterior, and what is needed to measure them in draws."""

    pairs: Pairs
    mean: Array  # of squares, and their sd, [paired]
    sd: Array
    labels: tuple[str, ...]
    exact: Array
    error: Array

    def measure(self, x: Array, log_w: Array | None) -> CurveProducts:
        """Products of ``x[replicate, chain, draw, c]``, weighted by ``log_w`` where it is given."""
        values = np.empty((len(x), len(self.exact)))
        for i, (u, w) in enumerate(self.pairs.standardise_each(x, find_weights(log_w))):
            v = (np.square(u) - self.mean) / self.sd
            values[i] = _multiply(u, v, w)
        return CurveProducts(self.labels, values - self.exact, self.error)


def find_curves(names: tuple[str, ...], pairs: Pairs, bank: Array, known: float = 0.0) -> Curves:
    """The products of a posterior of which ``bank[draw, component]`` are independent exact draws.

    ``known``: standard error of the ground truth's own means in sds.
    """
    u = standardise(bank[:, pairs.which], pairs)
    squares = np.square(u)
    mean, sd = squares.mean(axis=0), squares.std(axis=0)
    sd = np.where(sd > LEAST_SD, sd, np.inf)  # nothing goes with what is one number
    v = (squares - mean) / sd
    exact = _multiply(u, v)
    scatter = np.sqrt(np.maximum(_multiply(squares, np.square(v)) - np.square(exact), 0.0))
    own = [names[i] for i in pairs.which]
    crossed = [(a, b) for i, a in enumerate(own) for j, b in enumerate(own) if i != j]
    both = [(a, b) for i, a in enumerate(own) for b in own[i + 1 :]]
    labels = [f"'{a}' squared with '{b}'" for a, b in crossed]
    labels += [f"'{a}' squared with '{b}' squared" for a, b in both]
    error = scatter * np.hypot(1 / np.sqrt(len(u)), known)
    return Curves(pairs, mean, sd, tuple(labels), exact, error)


def _multiply(u: Array, v: Array, weights: Array | None = None) -> Array:
    """Means of ``v_i u_j`` of all i and other j, and of ``v_i v_j`` of every two, [product]."""
    weighted = (v / len(v) if weights is None else v * weights[:, None]).T
    apart = ~np.eye(u.shape[1], dtype=bool)
    return np.concatenate([(weighted @ u)[apart], (weighted @ v)[np.triu(apart)]])
