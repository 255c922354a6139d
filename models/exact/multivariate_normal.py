"""The exact posterior where it is a multivariate normal in one vector site."""

from __future__ import annotations

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Sites


def make_exact(site: str, mean: Array, covariance: Array, log_evidence: float) -> Exact:
    """The exact posterior ``site`` ~ Normal(``mean`` [dim], ``covariance`` [dim, dim])."""
    root, sd = np.linalg.cholesky(covariance), np.sqrt(np.diag(covariance))

    def quantile(probabilities: Array) -> Array:
        from scipy.special import ndtri  # inside: models are listed without SciPy

        return mean + ndtri(np.asarray(probabilities, dtype=float))[:, None] * sd

    def draw(rng: np.random.Generator, count: int) -> Sites:
        return {site: mean + rng.standard_normal((count, len(mean))) @ root.T}

    names = tuple(component_names(site, mean.shape))
    return Exact(names, mean, covariance, quantile, draw, log_evidence)
