"""Linear regressions whose coefficients have priors.

    outcome[n] ~ Normal(sum_k coefficient[k] X[n, k], sigma)

    blr           beta[d] ~ Normal(0, 10), sigma ~ Normal(0, 10) on sigma > 0
    kilpisjarvi   alpha ~ Normal(pmualpha, psalpha), beta ~ Normal(pmubeta, psbeta), both with data
                  for constants; sigma flat on sigma > 0 (improper)
    radon_pooled  alpha, beta ~ Normal(0, 10), sigma_y ~ Normal(0, 1) on sigma_y > 0
    diamonds      b[k] ~ Normal(0, 1), Intercept ~ Student(3, 8, 10), sigma ~ Student(3, 0, 10) on
                  sigma > 0; columns of X centred, the first, all ones, left out; with prior_only
                  there is no likelihood

    log density = -N log sigma - sum_n (outcome[n] - X[n] coefficients)^2 / (2 sigma^2) + log priors

A normal or Student density cut at zero is half of what NumPyro's half distributions are: constants.
Kilpisjarvi's x is about 4000 with an sd of 18: intercept and slope correlate by -0.99999.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.models.posteriordb.base import Data, Program, add, multiply, sample_flat


def blr(y: Any, X: Any) -> None:
    """Regression with weak normal priors."""
    import numpyro
    import numpyro.distributions as dist

    beta = numpyro.sample("beta", dist.Normal(0, 10).expand([X.shape[1]]).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(10))
    numpyro.sample("y", dist.Normal(multiply(X, beta), sigma), obs=y)


def kilpisjarvi(x: Any, y: Any, pmualpha: Any, psalpha: Any, pmubeta: Any, psbeta: Any) -> None:
    """A line through summers' temperatures by year."""
    import numpyro
    import numpyro.distributions as dist

    alpha = numpyro.sample("alpha", dist.Normal(pmualpha, psalpha))
    beta = numpyro.sample("beta", dist.Normal(pmubeta, psbeta))
    sigma = sample_flat("sigma", positive=True)
    numpyro.sample("y", dist.Normal(alpha + beta * x, sigma), obs=y)


def radon_pooled(floor_measure: Any, log_radon: Any) -> None:
    """Radon by floor, all counties alike."""
    import numpyro
    import numpyro.distributions as dist

    sigma = numpyro.sample("sigma_y", dist.HalfNormal(1))
    alpha = numpyro.sample("alpha", dist.Normal(0, 10))
    beta = numpyro.sample("beta", dist.Normal(0, 10))
    numpyro.sample("y", dist.Normal(alpha + beta * floor_measure, sigma), obs=log_radon)


def diamonds(Y: Any, Xc: Any, prior_only: int) -> None:
    """Prices of diamonds by many predictors."""
    import numpyro
    import numpyro.distributions as dist

    b = numpyro.sample("b", dist.Normal(0, 1).expand([Xc.shape[1]]).to_event(1))
    intercept = numpyro.sample("Intercept", dist.StudentT(3, 8, 10))
    sigma = sample_flat("sigma", positive=True)
    numpyro.factor("prior of sigma", dist.StudentT(3, 0, 10).log_prob(sigma))
    if not prior_only:
        numpyro.sample("Y", dist.Normal(intercept + multiply(Xc, b), sigma), obs=Y)


def _centre(data: Data) -> dict[str, Any]:
    X = np.asarray(data["X"], float)[:, 1:]
    return {"Y": data["Y"], "Xc": X - X.mean(axis=0), "prior_only": int(data["prior_only"])}


add(
    Program(
        "blr",
        ("sblrc-blr", "sblri-blr"),
        "y ~ Normal(X beta, sigma), beta[d] ~ Normal(0, 10), sigma ~ half-Normal(10)",
        ("beta", "sigma"),
        ("X", "y"),
        blr,
    )
)
add(
    Program(
        "kilpisjarvi",
        ("kilpisjarvi_mod-kilpisjarvi",),
        "y ~ Normal(alpha + beta x, sigma), normal priors from the data, sigma flat",
        ("alpha", "beta", "sigma"),
        ("x", "y", "pmualpha", "psalpha", "pmubeta", "psbeta"),
        kilpisjarvi,
    )
)
add(
    Program(
        "radon_pooled",
        ("radon_mn-radon_pooled", "radon_all-radon_pooled"),
        "log_radon ~ Normal(alpha + beta floor_measure, sigma_y), alpha, beta ~ Normal(0, 10), "
        "sigma_y ~ half-Normal(1)",
        ("alpha", "beta", "sigma_y"),
        ("floor_measure", "log_radon"),
        radon_pooled,
    )
)
add(
    Program(
        "diamonds",
        ("diamonds-diamonds",),
        "Y ~ Normal(Intercept + Xc b, sigma), b[k] ~ Normal(0, 1), Intercept ~ Student(3, 8, 10), "
        "sigma ~ half-Student(3, 10)",
        ("b", "Intercept", "sigma"),
        ("X", "Y", "prior_only"),
        diamonds,
        _centre,
    )
)
