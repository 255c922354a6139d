"""Time series: autoregressive, with a moving average, and with changing variance.

    arK      alpha ~ Normal(0, 10), beta[k] ~ Normal(0, 10), sigma ~ Cauchy(0, 2.5) on sigma > 0
             y[t] ~ Normal(alpha + sum_k beta[k] y[t - k], sigma) for t > K; y[1..K] are given

    arma11   mu ~ Normal(0, 10), phi, theta ~ Normal(0, 2), sigma ~ Cauchy(0, 2.5) on sigma > 0
             e[1] = y[1] - mu - phi mu,  e[t] = y[t] - mu - phi y[t - 1] - theta e[t - 1]
             e[t] ~ Normal(0, sigma)

    garch11  mu flat, alpha0 flat on alpha0 > 0 (both improper), (alpha1, beta1) flat on the
             triangle alpha1 > 0, beta1 > 0, alpha1 + beta1 < 1
             s[1] = sigma1 (data), s[t]^2 = alpha0 + alpha1 (y[t - 1] - mu)^2 + beta1 s[t - 1]^2
             y[t] ~ Normal(mu, s[t])

    log density = -sum_t [log sd[t] + error[t]^2 / (2 sd[t]^2)] + log priors

The map from y to e has Jacobian 1, so e may be observed for y. Flat on the triangle is
alpha1 ~ Beta(1, 2), whose density is 2 (1 - alpha1), and a share beta1 / (1 - alpha1) that is
Uniform(0, 1): the Jacobian 1 / (1 - alpha1) cancels. Stan's bounds on beta1 give the same
unconstrained scale, the logit of that share. HalfCauchy(2.5) is twice Cauchy(0, 2.5).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import Data, Program, add, multiply, sample_flat


def autoregression(y: Any, lags: Any) -> None:
    """Values after the K-th, given their K predecessors, ``lags`` [time, k], latest first."""
    import numpyro
    import numpyro.distributions as dist

    alpha = numpyro.sample("alpha", dist.Normal(0, 10))
    beta = numpyro.sample("beta", dist.Normal(0, 10).expand([lags.shape[1]]).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
    numpyro.sample("y", dist.Normal(alpha + multiply(lags, beta), sigma), obs=y)


def arma11(y: Any) -> None:
    """One autoregressive and one moving-average term."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from jax import lax

    mu = numpyro.sample("mu", dist.Normal(0, 10))
    phi = numpyro.sample("phi", dist.Normal(0, 2))
    theta = numpyro.sample("theta", dist.Normal(0, 2))
    sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
    # before the first value stands mu, with no error
    own = y - mu - phi * jnp.concatenate([jnp.reshape(mu, (1,)), y[:-1]])

    def step(before: Any, one: Any) -> tuple[Any, Any]:
        error = one - theta * before
        return error, error

    _, errors = lax.scan(step, jnp.zeros_like(own[0]), own)
    # a factor and not a site observed: the errors depend on parameters
    numpyro.factor("errors", dist.Normal(0, sigma).log_prob(errors).sum())


def garch11(y: Any, sigma1: Any) -> None:
    """A variance that follows the last error and the last variance."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from jax import lax

    mu = sample_flat("mu")
    alpha0 = sample_flat("alpha0", positive=True)
    alpha1 = numpyro.sample("alpha1", dist.Beta(1, 2))
    share = numpyro.sample("share", dist.Uniform(0, 1))
    beta1 = numpyro.deterministic("beta1", share * (1 - alpha1))

    def step(before: Any, drive: Any) -> tuple[Any, Any]:
        variance = drive + beta1 * before
        return variance, variance

    first = jnp.square(sigma1)
    _, later = lax.scan(step, first, alpha0 + alpha1 * jnp.square(y[:-1] - mu))
    variances = jnp.concatenate([jnp.reshape(first, (1,)), later])
    numpyro.sample("y", dist.Normal(mu, jnp.sqrt(variances)), obs=y)


def _lag(data: Data) -> dict[str, Any]:
    y, order = np.asarray(data["y"], float), int(data["K"])
    lags = [y[order - k : len(y) - k] for k in range(1, order + 1)]
    return {"y": y[order:], "lags": np.stack(lags, axis=1)}


def _real(data: Data) -> dict[str, Any]:
    return {name: np.asarray(value, float) for name, value in data.items()}


add(
    Program(
        "arK",
        ("arK-arK",),
        "y[t] ~ Normal(alpha + sum_k beta[k] y[t - k], sigma), alpha, beta[k] ~ Normal(0, 10), "
        "sigma ~ half-Cauchy(2.5)",
        ("alpha", "beta", "sigma"),
        ("K", "y"),
        autoregression,
        _lag,
    )
)
add(
    Program(
        "arma11",
        ("arma-arma11",),
        "y[t] ~ Normal(mu + phi y[t - 1] + theta e[t - 1], sigma), mu ~ Normal(0, 10), "
        "phi, theta ~ Normal(0, 2), sigma ~ half-Cauchy(2.5)",
        ("mu", "phi", "theta", "sigma"),
        ("y",),
        arma11,
        _real,
    )
)
add(
    Program(
        "garch11",
        ("garch-garch11",),
        "y[t] ~ Normal(mu, s[t]), s[t]^2 = alpha0 + alpha1 (y[t - 1] - mu)^2 + beta1 s[t - 1]^2; "
        "flat on alpha0 > 0, alpha1 + beta1 < 1",
        ("mu", "alpha0", "alpha1", "beta1"),
        ("y", "sigma1"),
        garch11,
        _real,
        extra_sites=("share",),
    )
)
