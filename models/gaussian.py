"""A vector measured with correlated errors: a multivariate normal of any dimension and shape.

    x_i ~ Normal(0, prior_sd s_i),    s_i from 1 to ``spread``, evenly in log
    y = x + e,    e ~ Normal(0, S R S),    R_ij = correlation^|i - j|

The errors are a first-order autoregression: e_i given e_(i-1) is Normal(correlation s_i / s_(i-1)
e_(i-1), s_i sqrt(1 - correlation^2)), so that the density costs O(dim). A broad prior leaves the
posterior nearly with the errors' correlation and scales. Hard for whoever can't rotate
(correlation) or rescale (spread), and for nested sampling in many dimensions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Array, Exact, Model, Sites, add
from samplerbench.models.exact import multivariate_normal
from samplerbench.options import SEED, Range


@dataclass(frozen=True)
class Options:
    """What makes one normal posterior. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(1, 4096)] = 2  # parameters
    # of neighbouring errors; at 0.999 the narrowest direction is 45 times narrower than a
    # component: 32 bits do
    correlation: Annotated[float, Range(-0.999, 0.999)] = 0.5
    spread: Annotated[float, Range(1.0, 1e4)] = 1.0  # the largest scale over the smallest
    prior_sd: Annotated[float, Range(0.1, 1e4)] = 10.0  # sd of the prior over that of the error
    data_seed: Annotated[int, SEED] = 1  # of NumPy's legacy generator


def scales(options: Options) -> Array:
    """The scale s of each component, [dim]."""
    return np.geomspace(1.0, options.spread, options.dim)


def errors(options: Options, noise: Array) -> Array:
    """Errors e from independent standard normals, both [dim]."""
    steps, rest = noise.copy(), math.sqrt(1 - options.correlation**2)
    for i in range(1, len(noise)):
        steps[i] = options.correlation * steps[i - 1] + rest * noise[i]
    return scales(options) * steps


def observe(options: Options) -> Sites:
    """The data ``y`` [dim] of x = 0."""
    noise = np.random.RandomState(options.data_seed).standard_normal(options.dim)
    return {"y": errors(options, noise)}


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program, with the observation as a sequence of conditionals."""
    s = scales(options)
    pull = np.append(0.0, options.correlation * s[1:] / s[:-1])  # of the error before
    scale = s * np.append(1.0, np.full(options.dim - 1, math.sqrt(1 - options.correlation**2)))

    def program(y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        x = numpyro.sample("x", dist.Normal(0.0, jnp.asarray(options.prior_sd * s)).to_event(1))
        before = pull * jnp.roll(y - x, 1)
        numpyro.sample("y", dist.Normal(x + before, scale).to_event(1), obs=y)

    return program


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """A vector drawn from the prior, and what is measured of it."""
    x = options.prior_sd * scales(options) * rng.standard_normal(options.dim)
    return {"x": x}, {"y": x + errors(options, rng.standard_normal(options.dim))}


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of ``x`` given ``data``.

    In units of s the prior is Normal(0, t^2 I) and the error Normal(0, R). With M = R + t^2 I the
    evidence is that of y ~ Normal(0, M), and the posterior has mean t^2 M^-1 y and covariance
    t^2 M^-1 R, a product without the cancellation of t^2 I - t^4 M^-1.
    """
    s, place = scales(options), np.arange(options.dim)
    y, variance = data["y"] / s, options.prior_sd**2
    r = float(options.correlation) ** np.abs(place[:, None] - place)
    marginal = r + variance * np.eye(options.dim)
    mean = variance * np.linalg.solve(marginal, y)
    covariance = variance * np.linalg.solve(marginal, r)
    covariance = (covariance + covariance.T) / 2 * np.outer(s, s)
    log_det = np.linalg.slogdet(marginal)[1] + 2 * np.log(s).sum()
    log_evidence = -0.5 * (y @ mean / variance + log_det + options.dim * math.log(2 * math.pi))
    return multivariate_normal.make_exact("x", s * mean, covariance, float(log_evidence))


def build(options: Options) -> Model:
    """The normal posterior with these options."""
    return Model(
        name="gaussian",
        data=observe(options),
        program=make_program(options),
        exact_given=functools.partial(make_exact, options),
        simulate=functools.partial(simulate, options),
        truth={"x": np.zeros(options.dim)},
    )


add("gaussian", Options, build, "a multivariate normal of any dimension, correlation and scales")
