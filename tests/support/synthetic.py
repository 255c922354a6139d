"""Posteriors with a known answer, exact draws of them, and runs of nested sampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from samplerbench.models.base import Exact

Array = np.ndarray
LOG_Z, LOG_Z_ERR = -66.87, 0.35  # of the size that 50 live points give on a two-parameter model


@dataclass(frozen=True)
class Case:
    """How many replicates, draws and components, and how the posterior looks."""

    replicates: int = 64
    draws: int = 1000
    size: int = 2
    exact: Callable[[int], Exact] | None = None  # None: Gaussian


def gaussian(size: int) -> Exact:
    """Correlated Gaussian, neighbours at -0.6, means and scales that differ."""
    scale = 0.1 * 3.0 ** (np.arange(size) % 4)
    mean = np.linspace(-2.0, 3.0, size)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    covariance = np.outer(scale, scale) * (-0.6) ** distance
    return _from_normal(mean, covariance, lambda z: z, mean, covariance)


def standard(size: int) -> Exact:
    """Independent standard normals."""
    mean, covariance = np.zeros(size), np.eye(size)
    return _from_normal(mean, covariance, lambda z: z, mean, covariance)


def lognormal(size: int, sigma: float = 1.0) -> Exact:
    """Independent log-normals: skewed, with tails that make standard errors themselves noisy."""
    mean = np.full(size, np.exp(sigma**2 / 2))
    variance = np.expm1(sigma**2) * np.exp(sigma**2)
    return _from_normal(
        np.zeros(size), sigma**2 * np.eye(size), np.exp, mean, variance * np.eye(size)
    )


def _from_normal(m: Array, c: Array, to: Callable, mean: Array, covariance: Array) -> Exact:
    sd, root = np.sqrt(np.diag(c)), np.linalg.cholesky(c)
    names = tuple(f"p[{i}]" for i in range(len(m)))

    def draw(rng: np.random.Generator, n: int) -> dict[str, Array]:
        return {"p": to(m + rng.standard_normal((n, len(m))) @ root.T)}

    def quantile(p: Array) -> Array:
        return to(m + special.ndtri(np.asarray(p))[..., None] * sd)

    return Exact(names, mean, covariance, quantile, draw, LOG_Z)


def rare_counts(size: int, share: float = 0.01) -> Exact:
    """Independent indicators that are hardly ever one: short chains are often constant."""
    names = tuple(f"p[{i}]" for i in range(size))

    def draw(rng: np.random.Generator, n: int) -> dict[str, Array]:
        return {"p": (rng.uniform(size=(n, size)) < share).astype(float)}

    def quantile(p: Array) -> Array:
        return np.repeat((np.asarray(p) > 1 - share).astype(float)[..., None], size, axis=-1)

    covariance = share * (1 - share) * np.eye(size)
    return Exact(names, np.full(size, share), covariance, quantile, draw, LOG_Z)


def far_from_zero(size: int) -> Exact:
    """Independent normals that 32 bits hold to a sixteenth of their sd."""
    mean, covariance = 1000 + np.linspace(0, 1, size), 1e-6 * np.eye(size)
    return _from_normal(mean, covariance, lambda z: z, mean, covariance)


def two_modes(size: int, apart: float = 4.0) -> Exact:
    """Two equal Gaussian modes of sd 0.5 in the first component, standard normal in the others."""
    variance = np.ones(size)
    variance[0] = 0.25 + (apart / 2) ** 2
    grid = np.linspace(-apart, apart, 4001)
    cdf = 0.5 * (special.ndtr((grid - apart / 2) / 0.5) + special.ndtr((grid + apart / 2) / 0.5))

    def draw(rng: np.random.Generator, n: int) -> dict[str, Array]:
        x = rng.standard_normal((n, size))
        x[:, 0] = 0.5 * x[:, 0] + apart / 2 * rng.choice([-1, 1], n)
        return {"p": x}

    def quantile(p: Array) -> Array:
        q = np.repeat(special.ndtri(np.asarray(p))[..., None], size, axis=-1)
        q[..., 0] = np.interp(p, cdf, grid)
        return q

    names = tuple(f"p[{i}]" for i in range(size))
    modes = {
        "mode_of": lambda x: (x[..., 0] > 0).astype(int),
        "mode_weights": np.array([0.5, 0.5]),
    }
    return Exact(names, np.zeros(size), np.diag(variance), quantile, draw, LOG_Z, **modes)


def iid(case: Case, exact: Exact, rng: np.random.Generator, chains: int = 1) -> Array:
    """Independent exact draws [replicate, chain, draw, component]."""
    flat = exact.draw(rng, case.replicates * case.draws)["p"]
    return flat.reshape(case.replicates, chains, case.draws // chains, case.size)


def ar1(case: Case, exact: Exact, rng: np.random.Generator, rho: float) -> Array:
    """Stationary Gaussian chains with autocorrelation ``rho`` at lag 1."""
    from scipy.signal import lfilter

    noise = iid(case, exact, rng) - exact.mean
    noise[:, :, 1:] *= np.sqrt(1 - rho**2)
    return exact.mean + lfilter([1.0], [1.0, -rho], noise, axis=2)


def nested_run(rng: np.random.Generator, live: int, steps: int, flaw: float = 0.0):
    """Nested sampling of log L = -log(prior mass above it).

    A share ``flaw`` of the new points is drawn too near the contour.

    The mass above a new point is uniform below that of its contour, so log L grows by a standard
    exponential.
    """
    value = rng.exponential(size=live)
    all_value, all_birth = list(value), [-np.inf] * live
    for _ in range(steps):
        worst = value.argmin()
        all_birth.append(value[worst])
        value[worst] += rng.exponential() * (0.3 if rng.uniform() < flaw else 1.0)
        all_value.append(value[worst])
    return np.array(all_value), np.array(all_birth)
