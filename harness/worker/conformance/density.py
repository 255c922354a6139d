"""A model's log density at its own exact draws, in unconstrained coordinates and 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import (
    Array,
    Exact,
    Model,
    Sites,
)

CHUNK = 1024  # points in one call of the compiled density


@dataclass(frozen=True)
class Points:
    """Exact draws as the program sees them; the change of variables is in the density."""

    free: Array  # unconstrained coordinates, [draw, coordinate]
    gradient: Array  # of the log density of parameters and data, [draw, coordinate]
    log_density: Callable[[Array], Array]  # [k, coordinate] -> [k]


def points(model: Model, draws: Sites) -> Points:
    """The density at ``draws`` [draw, *event], which hold every latent site."""
    import jax
    from jax.flatten_util import ravel_pytree
    from numpyro.infer.util import potential_energy, unconstrain_fn

    def free_of(site: Any) -> Any:
        return ravel_pytree(unconstrain_fn(model.program, (), model.data, site))[0]

    one = unconstrain_fn(model.program, (), model.data, {k: v[0] for k, v in draws.items()})
    unravel = ravel_pytree(one)[1]

    def log_density(u: Any) -> Any:
        return -potential_energy(model.program, (), model.data, unravel(u))

    value = jax.jit(jax.vmap(log_density))
    slope = jax.jit(jax.vmap(jax.grad(log_density)))
    free = np.asarray(jax.jit(jax.vmap(free_of))(draws))
    return Points(free, _chunked(slope, free), lambda u: _chunked(value, u))


def _chunked(function: Any, values: Array) -> Array:
    parts = []
    for first in range(0, len(values), CHUNK):
        part = values[first : first + CHUNK]
        filled = np.concatenate([part, np.repeat(part[:1], CHUNK - len(part), axis=0)])
        parts.append(np.asarray(function(filled))[: len(part)])
    return np.concatenate(parts)


def stein(found: Points) -> Array:
    """z of Stein's identities E[g_j] = 0 and E[u_i g_j] = -1 if i = j else 0, all components.

    They hold for draws from the density whose log has gradient g, whatever its scale.
    """
    u, g = found.free - found.free.mean(axis=0), found.gradient
    both = u[:, :, None] * g[:, None, :] + np.eye(u.shape[1])
    terms = np.concatenate([g, both.reshape(len(u), -1)], axis=1)
    error = terms.std(axis=0, ddof=1) / np.sqrt(len(u))
    return terms.mean(axis=0) / np.where(error > 0, error, 1.0)


def bridge(found: Points, modes: Array | None, rng: np.random.Generator) -> tuple[float, float]:
    """Log evidence and its standard error, by bridge sampling from exact draws.

    The other end is a mixture of normals, one a mode, fitted to the first half of the draws; the
    second half is bridged. Meng and Wong (1996), Statistica Sinica 6:831, eq. 4.1; the error is
    that of independent draws (Fruehwirth-Schnatter 2004, Econometrics J. 7:143).
    """
    half = len(found.free) // 2
    which = np.zeros(len(found.free), int) if modes is None else modes
    fit = _Mixture(found.free[:half], which[:half])
    ours, theirs = found.free[half:], fit.draw(rng, len(found.free) - half)
    at_ours = found.log_density(ours) - fit.log_density(ours)
    at_theirs = found.log_density(theirs) - fit.log_density(theirs)
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
        kinds = [draws[which == k] for k in np.unique(which)]
        kinds = [x for x in kinds if len(x) > 4 * draws.shape[1]]
        self.shares = np.array([len(x) for x in kinds]) / sum(map(len, kinds))
        self.means = [x.mean(axis=0) for x in kinds]
        self.roots = [np.linalg.cholesky(np.atleast_2d(np.cov(x.T))) for x in kinds]

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        which = rng.choice(len(self.shares), size=count, p=self.shares)
        z = rng.standard_normal((count, len(self.means[0])))
        moved = [m + z @ root.T for m, root in zip(self.means, self.roots)]  # noqa: B905
        return np.stack(moved)[which, np.arange(count)]

    def log_density(self, u: Array) -> Array:
        parts = []
        for share, mean, root in zip(self.shares, self.means, self.roots):  # noqa: B905
            z = np.linalg.solve(root, (u - mean).T)
            scale = np.log(np.diag(root)).sum() + len(mean) / 2 * np.log(2 * np.pi)
            parts.append(np.log(share) - scale - 0.5 * (z**2).sum(axis=0))
        return np.logaddexp.reduce(parts)


def columns(exact: Exact, draws: Sites) -> Array:
    """Draws [draw, *event] of each site -> [draw, component], in the order of ``exact.names``."""
    return np.stack([component(draws, name) for name in exact.names], axis=1)


def component(sites: Sites, name: str) -> Array:
    """The scalar called "m" or "L[0,1]" of sites [..., *event] whose lead is one axis or none."""
    site, _, rest = name.partition("[")
    index: list[Any] = [int(i) for i in rest.rstrip("]").split(",")] if rest else []
    return np.asarray(sites[site])[tuple([..., *index])]
