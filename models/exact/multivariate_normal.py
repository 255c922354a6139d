"""The exact answer of a posterior that is a multivariate normal in one vector site."""

from __future__ import annotations

import numpy as np

from samplerbench.models.base import Array, Exact, Sites


def exact(site: str, mean: Array, covariance: Array, log_evidence: float) -> Exact:
    """The exact answer for ``site`` ~ Normal(``mean`` [dim], ``covariance`` [dim, dim])."""
    root, sd = np.linalg.cholesky(covariance), np.sqrt(np.diag(covariance))

    def quantile(probabilities: Array) -> Array:
        from scipy.special import ndtri  # inside: models are listed without SciPy

        return mean + ndtri(np.asarray(probabilities, dtype=float))[:, None] * sd

    def draw(rng: np.random.Generator, count: int) -> Sites:
        return {site: mean + rng.standard_normal((count, len(mean))) @ root.T}

    return Exact(components(site, len(mean)), mean, covariance, quantile, draw, log_evidence)


def components(site: str, dim: int) -> tuple[str, ...]:
    """The names of a vector site's components."""
    return tuple(f"{site}[{i}]" for i in range(dim))
