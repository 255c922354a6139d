"""Eight schools: effects of coaching, and how much they differ. Rubin (1981), J. Educ. Stat. 6:377.

    mu ~ Normal(0, 5)
    tau ~ HalfCauchy(5)
    theta_j ~ Normal(mu, tau)
    y_j ~ Normal(theta_j, sigma_j)

Where tau is small the schools' effects are tied to mu: a funnel. ``centred=true`` samples theta
itself and can't get into its neck; by default (theta_j - mu) / tau is sampled, as Betancourt and
Girolami (2013, arXiv:1312.0906) advise, and theta is a deterministic site.

The answer is by quadrature: given tau all else is normal, and what is left is an integral over
t = log tau. Its integrand is analytic up to Im t = pi / 2, where the variances sigma^2 + tau^2 turn
zero, so Gauss-Legendre with 4 nodes in cells of 0.05 errs by about (0.05 / pi)^8 = 4e-15.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Model, Sites, add
from samplerbench.models.exact import normal_mixture
from samplerbench.models.exact.density_on_line import make_line
from samplerbench.models.exact.tabulated_cdf import Table, invert

Y = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
SIGMA = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
MU_SD, TAU_SCALE = 5.0, 5.0
CELL = 0.05  # of log tau
# log units of tau below and above all scales of the data: the density of t falls like e^t below;
# above like e^-t for the prior alone and e^(-9 t) with eight schools
LOG_BELOW, LOG_ABOVE = 40.0, 40.0


@dataclass(frozen=True)
class Options:
    """How the schools' effects are sampled."""

    centred: bool = False  # the effects themselves are sampled, else standard normals


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program."""

    def program(y: Any, sigma: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        mu = numpyro.sample("mu", dist.Normal(0.0, MU_SD))
        tau = numpyro.sample("tau", dist.HalfCauchy(TAU_SCALE))
        zeros = jnp.zeros(y.shape[0])
        if options.centred:
            theta = numpyro.sample("theta", dist.Normal(mu + zeros, tau).to_event(1))
        else:
            base = numpyro.sample("theta_base", dist.Normal(zeros, 1.0).to_event(1))
            theta = numpyro.deterministic("theta", mu + tau * base)
        numpyro.sample("y", dist.Normal(theta, sigma).to_event(1), obs=y)

    return program


def simulate(data: Sites, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and data drawn given them with the same sigma."""
    mu, tau = MU_SD * rng.standard_normal(), TAU_SCALE * abs(rng.standard_cauchy())
    theta = mu + tau * rng.standard_normal(len(data["sigma"]))
    y = theta + data["sigma"] * rng.standard_normal(len(theta))
    return {"mu": np.asarray(mu), "tau": np.asarray(tau), "theta": theta}, {**data, "y": y}


@dataclass(frozen=True)
class Conditional:
    """The posterior given each tau: normal in mu and theta, jointly."""

    log_density: Array  # of t = log tau and y together, [tau]
    slope: Array  # its derivative in t, [tau]
    mean: Array  # of mu, then of theta_j, [tau, 1 + school]
    own: Array  # variance that theta_j has of its own, 0 for mu, [tau, 1 + school]
    pull: Array  # what a step of mu moves each by, 1 for mu, [tau, 1 + school]
    mu_variance: Array  # [tau]


def condition(t: Array, data: Sites) -> Conditional:
    """The posterior given tau = exp(t).

    With s_j^2 = sigma_j^2 + tau^2: y_j ~ Normal(mu, s_j), so mu has precision P = sum 1 / s_j^2 +
    1 / 25 and mean m = sum (y_j / s_j^2) / P, and y density

        prod (2 pi s_j^2)^-1/2 (25 P)^-1/2 exp(-sum (y_j - m)^2 / (2 s_j^2) - m^2 / 50).

    Its log has derivative sum (((y_j - m)^2 + 1 / P) / s_j^4 - 1 / s_j^2) / 2 in tau^2 (the mean
    over mu of that of log p(y | mu)). theta_j given mu is Normal(y_j + b (mu - y_j), b tau^2)
    with b = sigma_j^2 / s_j^2.
    """
    y, tau2 = data["y"], np.exp(2 * t)[:, None]
    s2 = data["sigma"] ** 2 + tau2
    precision = (1 / s2).sum(axis=1) + MU_SD**-2
    m = (y / s2).sum(axis=1) / precision
    off = (y - m[:, None]) ** 2
    likelihood = -0.5 * (np.log(2 * np.pi * s2) + off / s2).sum(axis=1)
    likelihood += -0.5 * (np.log(MU_SD**2 * precision) + m**2 / MU_SD**2)
    # log(1 + e^2z) without overflow, z = log(tau / 5)
    z = t - math.log(TAU_SCALE)
    prior = math.log(2 / math.pi) + z - np.logaddexp(0.0, 2 * z)
    rise = ((off + 1 / precision[:, None]) / s2**2 - 1 / s2).sum(axis=1)
    b = data["sigma"] ** 2 / s2
    ones = np.ones((len(t), 1))
    return Conditional(
        log_density=prior + likelihood,
        slope=-np.tanh(z) + tau2[:, 0] * rise,
        mean=np.hstack([m[:, None], y + b * (m[:, None] - y)]),
        own=np.hstack([0 * ones, b * tau2]),
        pull=np.hstack([ones, b]),
        mu_variance=1 / precision,
    )


@dataclass(frozen=True)
class Posterior:
    """The quadrature over t."""

    t: Array  # nodes, [node]
    shares: Array  # of the probability, sum 1, [node]
    conditional: Conditional  # at the nodes
    log_evidence: float
    table: Table  # the cdf of t


def integrate(data: Sites, cell: float = CELL) -> Posterior:
    """The posterior of t in cells of width ``cell``, and of all else given t."""
    scales = np.abs([TAU_SCALE, *data["y"], *data["sigma"]])
    low = math.log(min(TAU_SCALE, data["sigma"].min())) - LOG_BELOW
    cells = math.ceil((math.log(scales.max()) + LOG_ABOVE - low) / cell)
    edges = low + cell * np.arange(cells + 1)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    t = (edges[:-1, None] + cell * (nodes + 1) / 2).ravel()
    inside, ends = condition(t, data), condition(edges, data)
    line = make_line(t, weights, inside.log_density, edges, cell, ends.log_density, ends.slope)
    return Posterior(t, line.shares, inside, line.log_mass, line.table)


def compute_moments(posterior: Posterior) -> tuple[Array, Array]:
    """Mean [parameter] and covariance of mu, tau, theta, by the laws of total mean and variance."""
    g, w = posterior.conditional, posterior.shares
    means = np.insert(g.mean, 1, np.exp(posterior.t), axis=1)
    pull = np.insert(g.pull, 1, 0.0, axis=1)
    mean = w @ means
    away = means - mean
    covariance = (away.T * w) @ away + (pull.T * (w * g.mu_variance)) @ pull
    covariance += np.diag(np.insert(w @ g.own, 1, 0.0))
    return mean, covariance


def make_exact(data: Sites) -> Exact:
    """The exact posterior of ``mu``, ``tau`` and ``theta`` given ``data``, by quadrature.

    The standard errors are what cells twice as wide change, far above the error of these.
    """
    posterior = integrate(data)
    mean, covariance = compute_moments(posterior)
    rough_mean, rough = compute_moments(integrate(data, 2 * CELL))
    g = posterior.conditional
    sds = np.sqrt(g.own + g.pull**2 * g.mu_variance[:, None])
    marginals = [
        normal_mixture.make_quantile(posterior.shares, *columns)
        for columns in zip(g.mean.T, sds.T)  # noqa: B905 (strict= needs Python 3.10)
    ]

    def quantile(probabilities: Array) -> Array:
        columns = [at(probabilities) for at in marginals]
        columns.insert(1, np.exp(invert(posterior.table, probabilities)))
        return np.stack(columns, axis=1)

    return Exact(
        names=("mu", "tau", *component_names("theta", (len(data["y"]),))),
        mean=mean,
        covariance=covariance,
        quantile=quantile,
        draw=functools.partial(draw, data, posterior),
        log_evidence=posterior.log_evidence,
        source="quadrature",
        mean_se=np.abs(mean - rough_mean),
        sd_se=np.abs(np.sqrt(np.diag(covariance)) - np.sqrt(np.diag(rough))),
    )


def draw(data: Sites, posterior: Posterior, rng: np.random.Generator, count: int) -> Sites:
    """Independent draws: tau by its inverse cdf, then mu given tau, then theta given both."""
    t = invert(posterior.table, rng.random(count))
    at = condition(t, data)
    mu = at.mean[:, 0] + np.sqrt(at.mu_variance) * rng.standard_normal(count)
    middle = at.mean[:, 1:] + at.pull[:, 1:] * (mu - at.mean[:, 0])[:, None]
    theta = middle + np.sqrt(at.own[:, 1:]) * rng.standard_normal(middle.shape)
    return {"mu": mu, "tau": np.exp(t), "theta": theta}


def build(options: Options) -> Model:
    """Eight schools, sampled as the options say."""
    data = {"y": np.array(Y), "sigma": np.array(SIGMA)}
    return Model(
        name="eight_schools",
        data=data,
        program=make_program(options),
        exact_given=make_exact,
        simulate=functools.partial(simulate, data),
    )


add(
    "eight_schools",
    Options,
    build,
    "eight schools (Rubin 1981), the answer by quadrature",
    link="https://doi.org/10.3102/10769986006004377",
)
