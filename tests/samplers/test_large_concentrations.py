"""At 32 bits Gamma's and Beta's cumulative distributions are SciPy's, however large they are.

To 1e-6, or what an ulp of x makes: x itself is rounded.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from samplerbench.samplers.support.large_concentrations import LEAST, MOST, beta_cdf, gamma_cdf

PROBABILITIES = np.array([1e-6, 1e-3, 0.05, 0.3, 0.5, 0.501, 0.8, 0.99, 0.9999])
GAMMAS = (LEAST, 10.0, 100.0, 1e4, 1e6)
BETAS = ((1.0, 1.0), (2.0, 3.0), (0.5, 100.0), (100.0, 100.0), (500.0, 30.0), (500.0, 500.0))

pytestmark = pytest.mark.slow  # JAX compiles


def assert_close(exact, x, probability, slope):
    """Both are those of ``exact`` at ``x``, which is rounded to single precision."""
    rounding = exact.pdf(x) * x * 2.0**-23
    assert (np.abs(probability - exact.cdf(x)) < 1e-6 + rounding).all()
    np.testing.assert_allclose(slope, exact.pdf(x), rtol=0.05)  # the size of Newton's step


def test_gammas_are_scipys():
    concentrations = np.array(GAMMAS)
    x = np.stack([stats.gamma(a).ppf(PROBABILITIES) for a in GAMMAS]).astype(np.float32)
    found = jax.jit(gamma_cdf)(jnp.asarray(concentrations, jnp.float32)[:, None], x)
    for at, a in enumerate(GAMMAS):
        assert_close(stats.gamma(a), x[at].astype(float), *(np.asarray(y)[at] for y in found))


def test_betas_are_scipys():
    a, b = np.array(BETAS, np.float32).T[:, :, None]
    x = np.stack([stats.beta(*each).ppf(PROBABILITIES) for each in BETAS]).astype(np.float32)
    found = jax.jit(beta_cdf)(jnp.asarray(a), jnp.asarray(b), x)
    for at, each in enumerate(BETAS):
        assert_close(stats.beta(*each), x[at].astype(float), *(np.asarray(y)[at] for y in found))


def test_a_beta_of_the_most_is_right_to_1e_5():
    exact = stats.beta(MOST, MOST)
    x = exact.ppf(PROBABILITIES).astype(np.float32)
    probability, _ = jax.jit(beta_cdf)(jnp.float32(MOST), jnp.float32(MOST), x)
    assert np.abs(np.asarray(probability, float) - exact.cdf(x.astype(float))).max() < 1e-5
