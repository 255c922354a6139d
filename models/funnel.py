"""Neal's funnel: a scale, and values whose spread it sets. Neal (2003), Ann. Statist. 31:705, s. 8.

    v ~ Normal(0, scale)
    x_i ~ Normal(0, exp(v / 2)),    i from 0 to dim - 2

There are no data: the prior is the target, its log evidence is 0. The neck at v = -9 is e^9 times
narrower than the mouth at v = 9, and no one step size fits both. ``centred=false`` samples x_i /
exp(v / 2) instead, which is independent of v and easy; x_i is then a deterministic site.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Sites, add, make_builder
from samplerbench.models.exact import normal_mixture
from samplerbench.options import Range


@dataclass(frozen=True)
class Options:
    """What makes one funnel. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(2, 4096)] = 10  # v and dim - 1 values
    # sd of v; at 4 an sd of x is 55 and its kurtosis 10^7
    scale: Annotated[float, Range(0.1, 4.0)] = 3.0
    centred: bool = True  # the values themselves are sampled, else standard normals


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; it takes no data."""

    def program() -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        zeros = jnp.zeros(options.dim - 1)
        v = numpyro.sample("v", dist.Normal(0.0, options.scale))
        if options.centred:
            numpyro.sample("x", dist.Normal(zeros, jnp.exp(v / 2)).to_event(1))
        else:
            base = numpyro.sample("x_base", dist.Normal(zeros, 1.0).to_event(1))
            numpyro.deterministic("x", jnp.exp(v / 2) * base)

    return program


def draw(options: Options, rng: np.random.Generator, count: int) -> Sites:
    """Independent draws, each site [count, *event]."""
    v = options.scale * rng.standard_normal(count)
    return {"v": v, "x": np.exp(v / 2)[:, None] * rng.standard_normal((count, options.dim - 1))}


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior; data there are none."""
    return {name: value[0] for name, value in draw(options, rng, 1).items()}, {}


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact distribution: x_i has mean 0 and variance E exp(v) = exp(scale^2 / 2).

    x_i is uncorrelated with v and with each other, by symmetry. Its quantiles are those of normals
    of sd exp(v / 2) mixed over v, by the trapezium rule: in units of sd of v the integrand is
    analytic within pi / (2 scale) of the line, where exp(-scale u / 2) turns by an eighth, so steps
    of 0.3 / scale err by exp(-2 pi pi / 2 / 0.3) = 5e-15.
    """
    variance = np.full(options.dim, math.exp(options.scale**2 / 2))
    variance[0] = options.scale**2
    u = np.linspace(-9.0, 9.0, 1 + int(np.ceil(18 / min(0.1, 0.3 / options.scale))))
    of_x = normal_mixture.make_quantile(
        np.exp(-0.5 * u * u), np.zeros_like(u), np.exp(options.scale * u / 2)
    )

    def quantile(probabilities: Array) -> Array:
        from scipy.special import ndtri  # inside: models are listed without SciPy

        p = np.asarray(probabilities, dtype=float)
        x = np.repeat(of_x(p)[:, None], options.dim - 1, axis=1)
        return np.concatenate([options.scale * ndtri(p)[:, None], x], axis=1)

    def log_density(draws: Array) -> Array:
        v, x = draws[..., 0], draws[..., 1:]
        squares = (x * x).sum(axis=-1) * np.exp(-v) + (v / options.scale) ** 2
        return -0.5 * (squares + (options.dim - 1) * v)

    return Exact(
        names=("v", *component_names("x", (options.dim - 1,))),
        mean=np.zeros(options.dim),
        covariance=np.diag(variance),
        quantile=quantile,
        draw=functools.partial(draw, options),
        log_evidence=0.0,
        log_density=log_density,
    )


build = make_builder("funnel", make_program, make_exact, simulate)
add(
    "funnel",
    Options,
    build,
    "Neal's funnel: a scale and the values whose spread it sets",
    link="https://doi.org/10.1214/aos/1056562461",
)
