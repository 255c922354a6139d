"""A position measured with an unknown offset: well separated modes of unequal weight.

    x ~ Normal(0, prior_sd I)
    k ~ Categorical(p),    y ~ Normal(x + o_k, I)

with k summed out. The offsets o_k stand ``separation`` apart along the diagonal, so the posterior
is a mixture of normals with modes at about y - o_k, the first the heaviest. p makes the weights
those asked for, each ``ratio`` times the next, at the data y = 0. A chain that starts on one island
needs luck or help to see another; R-hat of a single chain can't know.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Sites, add, make_builder
from samplerbench.models.exact import normal_mixture
from samplerbench.options import Range, require


@dataclass(frozen=True)
class Options:
    """What makes one set of islands. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(1, 4096)] = 2  # parameters
    modes: Annotated[int, Range(2, 50)] = 3  # in a row along the diagonal
    # between neighbours, in sds of the error; below 4 modes run into one another
    separation: Annotated[float, Range(4.0, 1e3)] = 8.0
    ratio: Annotated[float, Range(1.0, 10.0)] = 2.0  # weight of a mode over that of the next
    prior_sd: Annotated[float, Range(1.0, 1e4)] = 10.0  # sd of the prior over that of the error

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        # p would differ by e^-700 between modes, the smallest number that 64 bits tell from 0
        farthest = (self.modes - 1) / 2 * self.separation / self.prior_sd
        require(
            farthest <= 30, "prior_sd", self.prior_sd, "islands within 30 prior sds of the middle"
        )


def places(options: Options) -> Array:
    """Where the offsets lie along the diagonal, in sds of the error, [mode]."""
    return (np.arange(options.modes) - (options.modes - 1) / 2) * options.separation


def offsets(options: Options) -> Array:
    """The offsets o, [mode, dim]."""
    return np.outer(places(options), np.full(options.dim, options.dim**-0.5))


def log_p(options: Options) -> Array:
    """Log probabilities of the offsets, [mode], such that y = 0 leaves the weights asked for."""
    target = -np.arange(options.modes) * math.log(options.ratio)
    log_weights = target + places(options) ** 2 / (2 * (1 + options.prior_sd**2))
    return log_weights - np.logaddexp.reduce(log_weights)


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program, its offsets summed out."""
    p, o = np.exp(log_p(options)), offsets(options)

    def program(y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        x = numpyro.sample("x", dist.Normal(jnp.zeros(options.dim), options.prior_sd).to_event(1))
        at = dist.Normal(x + jnp.asarray(o), 1.0).to_event(1)
        numpyro.sample("y", dist.MixtureSameFamily(dist.Categorical(jnp.asarray(p)), at), obs=y)

    return program


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """A position drawn from the prior, and what is measured of it."""
    x = options.prior_sd * rng.standard_normal(options.dim)
    k = rng.choice(options.modes, p=np.exp(log_p(options)))
    return {"x": x}, {"y": x + offsets(options)[k] + rng.standard_normal(options.dim)}


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of ``x`` given ``data``.

    Given k it is Normal(v (y - o_k), v I) with v = t^2 / (1 + t^2), and k has weight p_k Normal(y;
    o_k, (1 + t^2) I), which sum to the evidence. Modes are told apart half way between neighbours
    along the diagonal, where the mixture is one of normals on a line: the exact weight of mode j is
    what lies between its two borders, 3e-5 of its neighbours' at 8 sds included.
    """
    total = 1 + options.prior_sd**2
    v = options.prior_sd**2 / total
    away = data["y"] - offsets(options)
    log_w = log_p(options) - (away**2).sum(axis=1) / (2 * total)
    log_z = float(np.logaddexp.reduce(log_w)) - options.dim / 2 * math.log(2 * math.pi * total)
    w, means, sd = np.exp(log_w - np.logaddexp.reduce(log_w)), v * away, math.sqrt(v)
    mean = w @ means
    covariance = v * np.eye(options.dim) + ((means - mean).T * w) @ (means - mean)

    def draw(rng: np.random.Generator, count: int) -> Sites:
        k = rng.choice(options.modes, size=count, p=w)
        return {"x": means[k] + sd * rng.standard_normal((count, options.dim))}

    def log_density(x: Array) -> Array:
        # |x|^2 is common to all modes: so no array holds every mode's own distances
        tilt = np.log(w) - (means**2).sum(axis=1) / (2 * v)
        of_modes = np.logaddexp.reduce(x @ (means.T / v) + tilt, axis=-1)
        return of_modes - (x * x).sum(axis=-1) / (2 * v)

    # y moves all components of a mode, so that marginals differ by a shift alone
    shift = means[0] - means[0, 0]
    first = normal_mixture.make_quantile(w, means[:, 0], np.full(options.modes, sd))
    along = means.sum(axis=1) / math.sqrt(options.dim)  # falls with k
    borders = (along[:-1] + along[1:]) / 2
    return Exact(
        names=tuple(component_names("x", (options.dim,))),
        mean=mean,
        covariance=covariance,
        quantile=lambda p: first(np.asarray(p, dtype=float))[:, None] + shift,
        draw=draw,
        log_evidence=log_z,
        mode_of=functools.partial(mode_of, borders),
        log_density=log_density,
        mode_weights=mode_weights(w, along, sd, borders),
    )


def mode_of(borders: Array, x: Array) -> Array:
    """The mode that ``x`` [..., dim] belongs to, [...]: the first where it is largest."""
    along = x.sum(axis=-1) / math.sqrt(x.shape[-1])
    return np.searchsorted(-borders, -along)


def mode_weights(w: Array, along: Array, sd: float, borders: Array) -> Array:
    """What lies between each mode's borders, [mode]; components Normal(``along``, ``sd``)."""
    from scipy.special import ndtr  # inside: models are listed without SciPy

    above = ndtr((along - borders[:, None]) / sd) @ w  # the share beyond each border
    return np.diff(np.concatenate([[0.0], above, [1.0]]))


build = make_builder(
    "islands", make_program, make_exact, simulate, lambda o: {"y": np.zeros(o.dim)}
)
add("islands", Options, build, "well separated modes of unequal weight")
