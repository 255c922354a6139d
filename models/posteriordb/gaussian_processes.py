"""Gaussian processes with a squared-exponential kernel k(a, b) = alpha^2 exp(-(a - b)^2 / 2 rho^2).

    rho ~ Gamma(25, 4) (shape, rate),  alpha ~ Normal(0, 2) on alpha > 0

    gp_regr       sigma ~ Normal(0, 1) on sigma > 0
                  y ~ MultivariateNormal(0, k(x, x) + sigma I): sigma is a variance here

    gp_pois_regr  f_tilde[n] ~ Normal(0, 1),  f = L f_tilde with L L' = k(x, x) + 1e-10 I
                  k[n] ~ Poisson(exp(f[n]))

    log density of gp_regr = 24 log rho - 4 rho - alpha^2/8 - sigma^2/2 - log|S|/2 - y' S^-1 y/2
    and of gp_pois_regr = 24 log rho - 4 rho - alpha^2/8 - |f_tilde|^2/2
                          + sum_n [k[n] f[n] - exp(f[n])]

Half distributions are twice the cut ones. In 32 bits the 1e-10 is lost beside alpha^2 and the
Cholesky decomposition fails: gp_pois_regr needs 64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import Data, Program, add

JITTER = 1e-10  # Stan's program has it


def _scales() -> tuple[Any, Any]:
    import numpyro
    import numpyro.distributions as dist

    rho = numpyro.sample("rho", dist.Gamma(25, 4))
    return rho, numpyro.sample("alpha", dist.HalfNormal(2))


def _covariance(squares: Any, rho: Any, alpha: Any, diagonal: Any) -> Any:
    import jax.numpy as jnp

    return alpha**2 * jnp.exp(-squares / (2 * rho**2)) + diagonal * jnp.eye(len(squares))


def regression(y: Any, squares: Any) -> None:
    """Values with noise; ``squares`` are squared distances, [n, n]."""
    import numpyro
    import numpyro.distributions as dist

    rho, alpha = _scales()
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    covariance = _covariance(squares, rho, alpha, sigma)
    numpyro.sample("y", dist.MultivariateNormal(0, covariance_matrix=covariance), obs=y)


def poisson(k: Any, squares: Any) -> None:
    """Counts whose log rate is the process."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    rho, alpha = _scales()
    f_tilde = numpyro.sample("f_tilde", dist.Normal(0, 1).expand([len(squares)]).to_event(1))
    root = jnp.linalg.cholesky(_covariance(squares, rho, alpha, JITTER))
    f = numpyro.deterministic("f", jnp.dot(root, f_tilde, precision="highest"))
    numpyro.sample("k", dist.Poisson(jnp.exp(f)), obs=k)


def _squares(data: Data) -> np.ndarray:
    x = np.asarray(data["x"], float)
    return (x[:, None] - x) ** 2


add(
    Program(
        "gp_regr",
        ("gp_pois_regr-gp_regr",),
        "y ~ Normal(0, K + sigma I), K squared-exponential; rho ~ Gamma(25, 4), "
        "alpha ~ half-Normal(2), sigma ~ half-Normal(1)",
        ("rho", "alpha", "sigma"),
        ("x", "y"),
        regression,
        lambda data: {"y": data["y"], "squares": _squares(data)},
    )
)
add(
    Program(
        "gp_pois_regr",
        ("gp_pois_regr-gp_pois_regr",),
        "k[n] ~ Poisson(exp(f[n])), f ~ Normal(0, K), K squared-exponential; rho ~ Gamma(25, 4), "
        "alpha ~ half-Normal(2)",
        ("rho", "alpha", "f_tilde", "f"),
        ("x", "k"),
        poisson,
        lambda data: {"k": data["k"], "squares": _squares(data)},
        precision=64,
    )
)
