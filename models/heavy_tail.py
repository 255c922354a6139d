"""A posterior without a mean: a normal's mean and variance from one or two points.

    s2 ~ InverseGamma(shape, 1)
    mu ~ Normal(0, sqrt(10 s2))
    y_i ~ Normal(mu, sqrt(s2))

mu has a Student t of 2 shape + n degrees of freedom as its posterior, s2 an inverse gamma, both
without a variance, and at few degrees without a mean: no standard error of a mean means anything.
So what is scored are probabilities, p_mu = F(mu) and p_s2 = F(s2) under the exact posterior, which
are uniform under it: a mean of 1/2 is a right median, a right spread is right quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Array, Exact, Sites, add, make_builder
from samplerbench.options import Range

SPREAD = 10.0  # prior variance of mu over s2
POINTS = (1.3, -0.4, 2.1, 0.2, 0.9)  # the first n of them


@dataclass(frozen=True)
class Options:
    """How heavy the tails are. Raises ValueError for values that make no problem."""

    n_points: Annotated[int, Range(1, len(POINTS))] = 1  # observations, the first of five
    # of the prior of s2; mu has 2 shape + n_points degrees of freedom
    shape: Annotated[float, Range(0.05, 10.0)] = 0.25


@dataclass(frozen=True)
class Conjugate:
    """The posterior: s2 ~ InverseGamma(shape, rate), mu given s2 ~ Normal(middle, s2 / weight)."""

    shape: float
    rate: float
    middle: float
    weight: float
    log_evidence: float


def condition(options: Options, y: Array) -> Conjugate:
    """The posterior given ``y``, by the textbook's normal-inverse-gamma update."""
    shape, rate, middle, weight = update(options, y)
    log_evidence = math.lgamma(shape) - math.lgamma(options.shape) - shape * math.log(rate)
    log_evidence -= 0.5 * math.log(SPREAD * weight) + len(y) / 2 * math.log(2 * math.pi)
    return Conjugate(shape, float(rate), float(middle), weight, log_evidence)


def update(options: Options, y: Any) -> tuple[float, Any, Any, float]:
    """Shape, rate, middle and weight of ``Conjugate``; ``y`` may be an array of JAX, traced."""
    weight = 1 / SPREAD + y.shape[0]
    middle = y.sum() / weight
    rate = 1 + 0.5 * ((y**2).sum() - weight * middle**2)
    return options.shape + y.shape[0] / 2, rate, middle, weight


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; its deterministic sites are probabilities under the exact posterior."""

    def program(y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist
        from jax.scipy.special import betainc, gammaincc

        s2 = numpyro.sample("s2", dist.InverseGamma(options.shape, 1.0))
        mu = numpyro.sample("mu", dist.Normal(0.0, jnp.sqrt(SPREAD * s2)))
        ones = jnp.ones(y.shape[0])
        numpyro.sample("y", dist.Normal(mu * ones, jnp.sqrt(s2)).to_event(1), obs=y)
        shape, rate, middle, weight = update(options, y)
        t2 = (mu - middle) ** 2 * weight * shape / rate  # squared Student t of 2 shape degrees
        tail = 0.5 * betainc(shape, 0.5, 2 * shape / (2 * shape + t2))
        numpyro.deterministic("p_mu", jnp.where(mu > middle, 1 - tail, tail))
        numpyro.deterministic("p_s2", gammaincc(shape, rate / s2))

    return program


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, as probabilities given the data, and the data."""
    s2 = 1 / rng.gamma(options.shape)
    mu = math.sqrt(SPREAD * s2) * rng.standard_normal()
    y = mu + math.sqrt(s2) * rng.standard_normal(options.n_points)
    p_mu, p_s2 = compute_probabilities(condition(options, y), np.asarray(mu), np.asarray(s2))
    return {"p_mu": p_mu, "p_s2": p_s2}, {"y": y}


def compute_probabilities(at: Conjugate, mu: Array, s2: Array) -> tuple[Array, Array]:
    """The probabilities of ``mu`` and ``s2`` under the posterior, each shaped as they are."""
    from scipy import special  # inside: models are listed without SciPy

    t = (mu - at.middle) * math.sqrt(at.weight * at.shape / at.rate)
    return special.stdtr(2 * at.shape, t), special.gammaincc(at.shape, at.rate / s2)


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of the probabilities: uniform ones, uncorrelated by symmetry of mu."""
    at = condition(options, data["y"])

    def draw(rng: np.random.Generator, count: int) -> Sites:
        s2 = at.rate / rng.gamma(at.shape, size=count)
        mu = at.middle + np.sqrt(s2 / at.weight) * rng.standard_normal(count)
        p_mu, p_s2 = compute_probabilities(at, mu, s2)
        return {"p_mu": p_mu, "p_s2": p_s2}

    return Exact(
        names=("p_mu", "p_s2"),
        mean=np.full(2, 0.5),
        covariance=np.eye(2) / 12,
        quantile=lambda p: np.repeat(np.asarray(p, dtype=float)[:, None], 2, axis=1),
        draw=draw,
        log_evidence=at.log_evidence,
    )


build = make_builder(
    "heavy_tail",
    make_program,
    make_exact,
    simulate,
    lambda o: {"y": np.array(POINTS[: o.n_points])},
)
add("heavy_tail", Options, build, "a posterior without a mean, scored by its quantiles")
