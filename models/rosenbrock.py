"""Rosenbrock's valley, bent twice. After Pagani, Wiegand and Nadarajah (2022), Scand. J. Stat. 49.

    x[0] ~ Normal(centre, BROAD length)
    x[i] ~ Normal(x[i-1]^2, BROAD width),     i = 1, 2
    y[0] ~ Normal(x[0], length),   y[i] ~ Normal(x[i] - x[i-1]^2, width)

with y = (centre, 0, 0) observed. z[0] = x[0] and z[i] = x[i] - x[i-1]^2 are independent normals
under prior and likelihood, and the change of variables has determinant 1: the evidence is theirs.
Moments of x are polynomials of normals, which Gauss-Hermite gives exactly; x[2] has a long tail.
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
from samplerbench.options import Range

BROAD = 3.0  # sd of the prior over that of the error
SHRINK = BROAD**2 / (1 + BROAD**2)  # variance of the posterior over that of the error
REACH = 9.0  # sds of a normal that the quadrature covers


@dataclass(frozen=True)
class Options:
    """What makes one valley. Raises ValueError for values that make none."""

    centre: Annotated[float, Range(-2.0, 2.0)] = 1.0  # of x[0]
    length: Annotated[float, Range(0.05, 1.0)] = 0.5  # sd of the error along the valley
    width: Annotated[float, Range(0.1, 1.0)] = 0.2  # sd of the error across it


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program."""

    def program(y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        sds = jnp.array([options.length, options.width, options.width])
        first = numpyro.sample("x0", dist.Normal(options.centre, BROAD * options.length))
        second = numpyro.sample("x1", dist.Normal(first**2, BROAD * options.width))
        third = numpyro.sample("x2", dist.Normal(second**2, BROAD * options.width))
        z = jnp.stack([first, second - first**2, third - second**2])
        numpyro.deterministic("x", jnp.stack([first, second, third]))
        numpyro.sample("y", dist.Normal(z, sds).to_event(1), obs=y)

    return program


def bend(z: Array) -> Array:
    """x from z, both [..., 3]."""
    first, second = z[..., 0], z[..., 1] + z[..., 0] ** 2
    return np.stack([first, second, z[..., 2] + second**2], axis=-1)


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and data drawn given them."""
    sds, middle = _scales(options)
    z = middle + BROAD * sds * rng.standard_normal(3)
    return {"x": bend(z)}, {"y": z + sds * rng.standard_normal(3)}


def _scales(options: Options) -> tuple[Array, Array]:
    """Sds of the errors, and the prior's middles, of z: both [3]."""
    sds = np.array([options.length, options.width, options.width])
    return sds, np.array([options.centre, 0.0, 0.0])


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of ``x`` given ``data``.

    x has degree 4 in z[0], so its second moments have degree 8: 6 nodes a direction are exact.
    """
    sds, prior = _scales(options)
    middle, sd = prior + SHRINK * (data["y"] - prior), math.sqrt(SHRINK) * sds
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    shares = functools.reduce(np.multiply.outer, [weights / weights.sum()] * 3).ravel()
    x = bend(middle + sd * grid)
    mean = shares @ x
    away = x - mean
    variance = sds**2 * (1 + BROAD**2)
    off = (data["y"] - prior) ** 2 / variance
    marginals = functools.cache(functools.partial(_make_marginals, middle, sd))
    return Exact(
        names=tuple(component_names("x", (3,))),
        mean=mean,
        covariance=(away.T * shares) @ away,
        quantile=functools.partial(_compute_quantiles, middle, sd, marginals),
        draw=lambda rng, count: {"x": bend(middle + sd * rng.standard_normal((count, 3)))},
        log_evidence=float(-0.5 * (off + np.log(2 * math.pi * variance)).sum()),
    )


def _make_marginals(middle: Array, sd: Array) -> list[Callable[[Array], Array]]:
    """Quantile functions of x[1] and x[2]: normals mixed over what they are bent by.

    As a function of that a component is as wide as its sd over the slope of the bend; half of it
    is a step of the trapezium rule, which errs by exp(-2 pi^2 4).
    """
    reach = np.abs(middle[0]) + REACH * sd[0]
    first = _grid(middle[0] - REACH * sd[0], middle[0] + REACH * sd[0], sd[0], sd[1], reach)
    shares = np.exp(-0.5 * ((first - middle[0]) / sd[0]) ** 2)
    means = middle[1] + first**2
    high = float(means.max() + REACH * sd[1])
    second = _grid(middle[1] - REACH * sd[1], high, sd[1], sd[2], high)
    density = np.zeros_like(second)
    ends = np.searchsorted(second, [means - REACH * sd[1], means + REACH * sd[1]])
    for share, mean, start, stop in zip(shares, means, *ends):  # noqa: B905 (strict=: Python 3.10)
        density[start:stop] += share * np.exp(-0.5 * ((second[start:stop] - mean) / sd[1]) ** 2)
    return [
        normal_mixture.make_quantile(shares, means, np.full_like(means, sd[1])),
        normal_mixture.make_quantile(density, middle[2] + second**2, np.full_like(second, sd[2])),
    ]


def _grid(low: float, high: float, own: float, across: float, reach: float) -> Array:
    step = min(0.1 * own, 0.5 * across / (2 * reach))
    return np.linspace(low, high, 1 + math.ceil((high - low) / step))


def _compute_quantiles(
    middle: Array,
    sd: Array,
    marginals: Callable[[], list[Callable[[Array], Array]]],
    probabilities: Array,
) -> Array:
    from scipy.special import ndtri  # inside: models are listed without SciPy

    p = np.asarray(probabilities, dtype=float)
    return np.stack([middle[0] + sd[0] * ndtri(p), *(at(p) for at in marginals())], axis=1)


build = make_builder(
    "rosenbrock",
    make_program,
    make_exact,
    simulate,
    lambda o: {"y": np.array([o.centre, 0.0, 0.0])},
)
add("rosenbrock", Options, build, "Rosenbrock's valley, bent twice, with exact moments")
