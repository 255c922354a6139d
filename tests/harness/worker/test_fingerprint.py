"""A log likelihood at one point tells two programs' data apart, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.harness.worker import start_up
from samplerbench.harness.worker.fingerprint import compute_log_likelihood, draws_numbers
from samplerbench.models.base import Model

jax = pytest.importorskip("jax")
numpyro = pytest.importorskip("numpyro")
pytestmark = pytest.mark.slow  # each compiles a density
dist = numpyro.distributions


def observe(y, scale=5.0):
    def program():
        m = numpyro.sample("m", dist.Normal(0.0, scale))
        s = numpyro.sample("s", dist.HalfNormal(2.0))
        numpyro.sample("y", dist.Normal(m, s), obs=y)

    return Model("mine", {}, program)


def test_it_is_the_likelihood_at_a_tenth_of_each_unconstrained_parameter():
    y = np.array([1.0, 2.0, 4.0])
    s = np.exp(0.1)
    expected = (-0.5 * ((y - 0.1) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)).sum()
    assert compute_log_likelihood(observe(y)) == pytest.approx(expected, rel=1e-5)


def test_other_data_have_another_and_another_prior_has_not():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 100_000))
    first, second = (compute_log_likelihood(observe(y)) for y in (one, other))
    assert abs(first / second - 1) > 1e-4
    assert compute_log_likelihood(observe(one, scale=1.0)) == first


def test_one_that_is_not_finite_is_none():
    assert compute_log_likelihood(observe(np.array([np.nan]))) is None


def test_a_program_that_draws_numbers_itself_is_told_from_one_that_leaves_it_to_its_sites():
    def project():
        weights = jax.random.normal(jax.random.PRNGKey(3), (2,))
        m = numpyro.sample("m", dist.Normal(0.0, 1.0).expand([2]))
        numpyro.sample("y", dist.Normal(m @ weights, 1.0), obs=0.5)
        numpyro.sample("later", dist.Normal(m @ weights, 1.0))

    assert draws_numbers(Model("mine", {}, project))
    assert not draws_numbers(observe(np.ones(3)))
    start_up.widen(Model("mine", {}, project))
    assert not jax.config.jax_enable_x64  # where they would be others
