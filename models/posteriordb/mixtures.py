"""Mixtures of two normal distributions.

    sigma[i] ~ Normal(0, 2) on sigma[i] > 0,  mu[i] ~ Normal(0, 2),  theta ~ Beta(5, 5)
    y[n] ~ theta Normal(mu[1], sigma[1]) + (1 - theta) Normal(mu[2], sigma[2])

    log density = -sum_i [mu[i]^2 + sigma[i]^2] / 8 + 4 log(theta) + 4 log(1 - theta)
                  + sum_n log(theta N(y[n]; mu[1], sigma[1]) + (1 - theta) N(y[n]; mu[2], sigma[2]))

In low_dim_gauss_mix mu[1] < mu[2]. There the half sum and half difference of the two are the sites:
of independent Normal(0, 2) these are independent, Normal(0, sqrt 2) and, cut at zero,
HalfNormal(sqrt 2); the map is linear, so its Jacobian is constant. A proper prior results, from
which NumPyro can draw. In low_dim_gauss_mix_collapse mu is free: every mode has a mirror image.
"""

from __future__ import annotations

import math
from typing import Any

from samplerbench.models.posteriordb.base import Program, add

ROOT2 = math.sqrt(2)
DENSITY = (
    "y[n] ~ theta Normal(mu[1], sigma[1]) + (1 - theta) Normal(mu[2], sigma[2]), "
    "mu[i] ~ Normal(0, 2), sigma[i] ~ half-Normal(2), theta ~ Beta(5, 5)"
)


def ordered_means(y: Any) -> None:
    """The first mean is the smaller one."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    centre = numpyro.sample("centre", dist.Normal(0, ROOT2))
    half_gap = numpyro.sample("half_gap", dist.HalfNormal(ROOT2))
    mu = numpyro.deterministic("mu", jnp.stack([centre - half_gap, centre + half_gap]))
    _mixture(y, mu)


def free(y: Any) -> None:
    """The means may change places."""
    import numpyro
    import numpyro.distributions as dist

    _mixture(y, numpyro.sample("mu", dist.Normal(0, 2).expand([2]).to_event(1)))


def _mixture(y: Any, mu: Any) -> None:
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    sigma = numpyro.sample("sigma", dist.HalfNormal(2).expand([2]).to_event(1))
    theta = numpyro.sample("theta", dist.Beta(5, 5))
    each = dist.Normal(mu, sigma).log_prob(y[:, None])  # [n, component]
    shares = jnp.stack([jnp.log(theta), jnp.log1p(-theta)])
    numpyro.factor("y", jnp.logaddexp(*(each + shares).T).sum())


add(
    Program(
        "low_dim_gauss_mix",
        ("low_dim_gauss_mix-low_dim_gauss_mix",),
        f"{DENSITY}, mu[1] < mu[2]",
        ("mu", "sigma", "theta"),
        ("y",),
        ordered_means,
        extra_sites=("centre", "half_gap"),
    )
)
add(
    Program(
        "low_dim_gauss_mix_collapse",
        ("low_dim_gauss_mix_collapse-low_dim_gauss_mix_collapse",),
        DENSITY,
        ("mu", "sigma", "theta"),
        ("y",),
        free,
    )
)
