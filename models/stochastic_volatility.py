"""Volatility that wanders: returns whose scale is an autoregression. Kim, Shephard and Chib (1998).

    mu ~ Normal(-10, 2),   phi ~ Uniform(-1, 1),   sigma ~ HalfNormal(0.5)
    h_0 ~ Normal(mu, sigma / sqrt(1 - phi^2)),   h_t ~ Normal(mu + phi (h_{t-1} - mu), sigma)
    y_t ~ Normal(0, exp(h_t / 2))

sampled by the standardised innovations of h, as Stan's guide advises. No closed form is known: a
long run is the answer.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model, Sites, add
from samplerbench.options import SEED, Range

MU, PHI, SIGMA = -9.0, 0.95, 0.25  # what made the data


@dataclass(frozen=True)
class Options:
    """How many returns, and which. Raises ValueError for values that make no problem."""

    n_points: Annotated[int, Range(2, 10_000)] = 100  # returns
    data_seed: Annotated[int, SEED] = 0  # of NumPy's legacy generator


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program."""

    def program(y: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist
        from jax import lax

        mu = numpyro.sample("mu", dist.Normal(-10.0, 2.0))
        phi = numpyro.sample("phi", dist.Uniform(-1.0, 1.0))
        sigma = numpyro.sample("sigma", dist.HalfNormal(0.5))
        z = numpyro.sample("z", dist.Normal(jnp.zeros(options.n_points), 1.0).to_event(1))
        start = z[0] * sigma / jnp.sqrt(1 - phi**2)

        def step(away: Any, innovation: Any) -> Any:
            away = phi * away + sigma * innovation
            return away, away

        _, rest = lax.scan(step, start, z[1:])
        h = mu + jnp.concatenate([start[None], rest])
        numpyro.sample("y", dist.Normal(0.0, jnp.exp(h / 2)).to_event(1), obs=y)

    return program


def simulate(options: Options, rng: Any) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and returns drawn given them."""
    sites = {
        "mu": np.asarray(-10 + 2 * rng.standard_normal()),
        "phi": np.asarray(rng.uniform(-1, 1)),
        "sigma": np.asarray(0.5 * abs(rng.standard_normal())),
        "z": rng.standard_normal(options.n_points),
    }
    return sites, {"y": _draw_returns(sites, rng)}


def _draw_returns(sites: Sites, rng: Any) -> Any:
    mu, phi, sigma = (float(sites[name]) for name in ("mu", "phi", "sigma"))
    away = np.empty(len(sites["z"]))
    away[0] = sites["z"][0] * sigma / math.sqrt(1 - phi**2)
    for t in range(1, len(away)):
        away[t] = phi * away[t - 1] + sigma * sites["z"][t]
    return np.exp((mu + away) / 2) * rng.standard_normal(len(away))


def build(options: Options) -> Model:
    """The returns with these options."""
    rng = np.random.RandomState(options.data_seed)
    truth = {
        "mu": np.asarray(MU),
        "phi": np.asarray(PHI),
        "sigma": np.asarray(SIGMA),
        "z": rng.standard_normal(options.n_points),
    }
    return Model(
        name="stochastic_volatility",
        data={"y": _draw_returns(truth, rng)},
        program=make_program(options),
        simulate=functools.partial(simulate, options),
        truth=truth,
    )


add("stochastic_volatility", Options, build, "returns whose volatility wanders; no closed form")
