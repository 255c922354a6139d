"""Rubin's (1981) eight schools, centred and not.

    mu ~ Normal(0, 5),  tau ~ Cauchy(0, 5) on tau > 0
    theta[j] ~ Normal(mu, tau),  y[j] ~ Normal(theta[j], sigma[j])        sigma is data

    log density = -mu^2/50 - log(1 + tau^2/25) - sum_j [log tau + (theta[j] - mu)^2 / (2 tau^2)]
                  - sum_j (y[j] - theta[j])^2 / (2 sigma[j]^2)

The non-centred program has theta_trans[j] ~ Normal(0, 1) for parameters, without the log tau, and
theta = mu + tau theta_trans beside them, as Stan's has. HalfCauchy(5) is twice Cauchy(0, 5).
Hard for the funnel of (log tau, theta) in the centred form. Gelman et al. (2013), section 5.5.
"""

from __future__ import annotations

from typing import Any

from samplerbench.models.posteriordb.base import Program, add

HYPERPRIOR = "mu ~ Normal(0, 5), tau ~ half-Cauchy(5), y[j] ~ Normal(theta[j], sigma[j])"


def _top() -> Any:
    import numpyro
    import numpyro.distributions as dist

    mu = numpyro.sample("mu", dist.Normal(0, 5))
    return mu, numpyro.sample("tau", dist.HalfCauchy(5))


def centered(J: int, y: Any, sigma: Any) -> None:
    """Effects are parameters."""
    import numpyro
    import numpyro.distributions as dist

    mu, tau = _top()
    theta = numpyro.sample("theta", dist.Normal(mu, tau).expand([J]).to_event(1))
    numpyro.sample("y", dist.Normal(theta, sigma), obs=y)


def noncentered(J: int, y: Any, sigma: Any) -> None:
    """Standardised effects are parameters."""
    import numpyro
    import numpyro.distributions as dist

    mu, tau = _top()
    theta_trans = numpyro.sample("theta_trans", dist.Normal(0, 1).expand([J]).to_event(1))
    theta = numpyro.deterministic("theta", theta_trans * tau + mu)
    numpyro.sample("y", dist.Normal(theta, sigma), obs=y)


add(
    Program(
        "eight_schools_centered",
        ("eight_schools-eight_schools_centered",),
        f"{HYPERPRIOR}, theta[j] ~ Normal(mu, tau)",
        ("theta", "mu", "tau"),
        ("J", "y", "sigma"),
        centered,
    )
)
add(
    Program(
        "eight_schools_noncentered",
        ("eight_schools-eight_schools_noncentered",),
        f"{HYPERPRIOR}, theta = mu + tau theta_trans, theta_trans[j] ~ Normal(0, 1)",
        ("theta", "mu", "tau"),
        ("J", "y", "sigma"),
        noncentered,
        extra_sites=("theta_trans",),
    )
)
