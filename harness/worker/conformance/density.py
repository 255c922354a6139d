"""A model's log density at its own exact draws, in unconstrained coordinates and 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import Array, Model, Sites
from samplerbench.samplers.support.log_density import make_log_density, map_batches


@dataclass(frozen=True)
class DensityAtDraws:
    """Exact draws and the program's density there; the change of variables is in the density."""

    free: Array  # the draws in unconstrained coordinates, [draw, coordinate]
    gradient: Array  # of the log density of parameters and data, [draw, coordinate]
    log_density: Callable[[Array], Array]  # [k, coordinate] -> [k]


def evaluate_at_draws(model: Model, draws: Sites) -> DensityAtDraws:
    """The density of ``model`` at ``draws`` [draw, *event], which hold every latent site."""
    import jax

    density = make_log_density(model)

    def log_joint(u: Any) -> Any:
        return density.log_joint(u, model.data)

    def unconstrain(sites: Any) -> Any:
        return density.unconstrain(sites, model.data)

    value = jax.jit(jax.vmap(log_joint))
    slope = jax.jit(jax.vmap(jax.grad(log_joint)))
    free = np.asarray(jax.jit(jax.vmap(unconstrain))(draws))
    return DensityAtDraws(free, map_batches(slope, free), lambda u: map_batches(value, u))


def compute_stein_z(density: DensityAtDraws) -> Array:
    """z scores of Stein's identities E[g_j] = 0 and E[u_i g_j] = -1 if i = j else 0, for all i, j.

    They hold for draws from the density whose log has gradient g, whatever its scale.
    """
    u, g = density.free - density.free.mean(axis=0), density.gradient
    both = u[:, :, None] * g[:, None, :] + np.eye(u.shape[1])
    terms = np.concatenate([g, both.reshape(len(u), -1)], axis=1)
    error = terms.std(axis=0, ddof=1) / np.sqrt(len(u))
    return terms.mean(axis=0) / np.where(error > 0, error, 1.0)


def estimate_evidence(
    density: DensityAtDraws, modes: Array | None, rng: np.random.Generator
) -> tuple[float, float]:
    """Log evidence and its standard error, by bridge sampling from exact draws.

    The other end is a mixture of normals, one a mode, fitted to the first half of the draws; the
    second half is bridged. Meng and Wong (1996), Statistica Sinica 6:831, eq. 4.1; the error is
    that of independent draws (Fruehwirth-Schnatter 2004, Econometrics J. 7:143).
    """
    half = len(density.free) // 2
    which = np.zeros(len(density.free), int) if modes is None else modes
    fit = _Mixture(density.free[:half], which[:half])
    ours, theirs = density.free[half:], fit.draw(rng, len(density.free) - half)
    at_ours = density.log_density(ours) - fit.log_density(ours)
    at_theirs = density.log_density(theirs) - fit.log_density(theirs)
    middle = np.median(at_ours)
    a, b = np.exp(-(at_ours - middle)), np.exp(at_theirs - middle)  # q / p at ours, p / q at theirs
    ratio = 1.0
    for _ in range(1000):
        upper, lower = b / (b + ratio), a / (1 + ratio * a)
        before, ratio = ratio, upper.mean() / lower.mean()
        if abs(ratio / before - 1) < 1e-10:
            break
    parts = [x.var(ddof=1) / x.mean() ** 2 / len(x) for x in (upper, lower)]
    return float(middle + np.log(ratio)), float(np.sqrt(sum(parts)))


class _Mixture:
    """Normals with the moments of the draws of each mode."""

    def __init__(self, draws: Array, which: Array) -> None:
        modes = [draws[which == k] for k in np.unique(which)]
        modes = [x for x in modes if len(x) > 4 * draws.shape[1]]
        self.shares = np.array([len(x) for x in modes]) / sum(map(len, modes))
        self.means = [x.mean(axis=0) for x in modes]
        self.roots = [np.linalg.cholesky(np.atleast_2d(np.cov(x.T))) for x in modes]

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        which = rng.choice(len(self.shares), size=count, p=self.shares)
        z = rng.standard_normal((count, len(self.means[0])))
        normals = [m + z @ root.T for m, root in zip(self.means, self.roots)]  # noqa: B905
        return np.stack(normals)[which, np.arange(count)]

    def log_density(self, u: Array) -> Array:
        parts = []
        for share, mean, root in zip(self.shares, self.means, self.roots):  # noqa: B905
            z = np.linalg.solve(root, (u - mean).T)
            scale = np.log(np.diag(root)).sum() + len(mean) / 2 * np.log(2 * np.pi)
            parts.append(np.log(share) - scale - 0.5 * (z**2).sum(axis=0))
        return np.logaddexp.reduce(parts)
