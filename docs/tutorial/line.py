"""A straight line with a scatter of its own."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def program(x, y, yerr):
    """A line, with a scatter beyond the error bars."""
    slope = numpyro.sample("slope", dist.Normal(0, 10))
    intercept = numpyro.sample("intercept", dist.Normal(0, 10))
    scatter = numpyro.sample("scatter", dist.HalfNormal(2))
    mean, sd = slope * x + intercept, jnp.sqrt(yerr**2 + scatter**2)
    numpyro.sample("y", dist.Normal(mean, sd), obs=y)
