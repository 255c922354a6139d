"""Programs that samplers are checked on: an easy one with sites of every shape, and hard ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from samplerbench.models.base import Array, Exact, Model, Sites

SPREAD = 0.5  # of log(positive)
NAMES = (
    "scalar",
    "vector[0]",
    "vector[1]",
    *(f"matrix[{i},{j}]" for i in (0, 1) for j in (0, 1)),
    "positive",
)
SHAPES = {"scalar": (), "vector": (2,), "matrix": (2, 2), "positive": ()}


def every_shape(y: Any) -> None:
    """Independent sites, standard normal but for one that is positive; y measures the scalar."""
    import numpyro
    import numpyro.distributions as dist

    scalar = numpyro.sample("scalar", dist.Normal(0, 1))
    numpyro.sample("vector", dist.Normal(0, 1).expand([2]).to_event(1))
    numpyro.sample("matrix", dist.Normal(0, 1).expand([2, 2]).to_event(2))
    numpyro.sample("positive", dist.LogNormal(0, SPREAD))
    numpyro.sample("y", dist.Normal(scalar, 1), obs=y)


def make_exact(data: Sites) -> Exact:
    """scalar ~ Normal(sum y / (1 + n), 1 / (1 + n)), y ~ Normal(0, 1 + 11'); the rest is prior."""
    y = np.asarray(data["y"], np.float64)
    n = len(y)
    centre, variance = y.sum() / (1 + n), 1 / (1 + n)
    mean, variances = np.zeros(8), np.ones(8)
    mean[0], variances[0] = centre, variance
    mean[7] = math.exp(SPREAD**2 / 2)
    variances[7] = (math.exp(SPREAD**2) - 1) * math.exp(SPREAD**2)
    # |I + 11'| = 1 + n, (I + 11')^-1 = I - 11' / (1 + n)
    square = y @ y - y.sum() ** 2 / (1 + n)
    log_z = -0.5 * (n * math.log(2 * math.pi) + math.log(1 + n) + square)

    def draw(rng: np.random.Generator, count: int) -> Sites:
        normal = {k: rng.standard_normal((count, *shape)) for k, shape in SHAPES.items()}
        normal["scalar"] = centre + math.sqrt(variance) * normal["scalar"]
        normal["positive"] = np.exp(SPREAD * normal["positive"])
        return normal

    return Exact(NAMES, mean, np.diag(variances), _make_quantile(mean, variances), draw, log_z)


def _make_quantile(mean: Array, variances: Array) -> Any:
    def quantile(probabilities: Array) -> Array:
        from scipy.special import ndtri  # inside: only NumPy is there at the top

        z = ndtri(np.asarray(probabilities, dtype=float))[:, None]
        quantiles = mean + np.sqrt(variances) * z
        quantiles[:, 7] = np.exp(SPREAD * z[:, 0])
        return quantiles

    return quantile


def make_easy() -> Model:
    """Sites of every shape, one of them constrained, with its exact posterior."""
    return Model("every_shape", {"y": np.array([0.5, 1.5])}, every_shape, make_exact)


def _discrete(y: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    k = numpyro.sample("k", dist.Bernoulli(0.3))
    numpyro.sample("y", dist.Normal(k, 1), obs=y)


def _nothing(y: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    numpyro.sample("y", dist.Normal(0, 1), obs=y)


def _improper(y: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    real = dist.constraints.real
    location = numpyro.sample("location", dist.ImproperUniform(real, (), event_shape=()))
    numpyro.sample("y", dist.Normal(location, 1), obs=y)


def make_hard() -> dict[str, Model]:
    """Models that many samplers decline, by what is hard about them."""
    programs = {
        "a discrete site": _discrete,
        "no latent site": _nothing,
        "an improper prior": _improper,
    }
    data = {"y": np.array([0.5, 1.5])}
    return {words: Model(p.__name__, data, p) for words, p in programs.items()}
