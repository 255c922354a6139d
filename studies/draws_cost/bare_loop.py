"""Autoregressive draws from a normal distribution, by a bare loop: for `gaussian` alone."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from samplerbench.samplers.base import Compiled, Draws, Prepared


@dataclass(frozen=True)
class Settings:
    """How far a draw keeps to the one before."""

    rho: float = 0.5


def prepare(model, budget, settings):
    """Draws of site ``x`` with the exact mean and sd, each component for itself."""
    exact = model.exact()
    mean, sd, rho = jnp.asarray(exact.mean), jnp.asarray(exact.sd), settings.rho

    def sample(seed):
        noise = jax.random.normal(jax.random.PRNGKey(seed), (budget.draws, len(exact.mean)))

        def step(z, e):
            z = rho * z + jnp.sqrt(1 - rho**2) * e
            return z, z

        return mean + sd * jax.lax.scan(step, noise[0], noise)[1]

    run = jax.jit(sample)

    def collect(raw):
        return Draws({"x": np.asarray(raw)[None]})

    return Prepared(
        plain=lambda seed: collect(jax.block_until_ready(run(seed))),
        compile=lambda: Compiled(sample=lambda seed: run(seed), collect=collect),
    )
