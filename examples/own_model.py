"""Growth that levels off: a NumPyro program, and the data that it takes by keyword."""

import numpy as np
import numpyro
import numpyro.distributions as dist

data = {
    "day": np.arange(1.0, 11.0),
    "size": np.array([1.1, 2.3, 2.9, 3.9, 4.1, 4.6, 4.7, 5.1, 4.9, 5.3]),
}


def growth(day, size):
    """size ~ Normal(top (1 - exp(-rate day)), noise)."""
    top = numpyro.sample("top", dist.LogNormal(1.5, 0.5))
    rate = numpyro.sample("rate", dist.LogNormal(-1.0, 0.5))
    noise = numpyro.sample("noise", dist.HalfNormal(1.0))
    grown = top * (1 - np.e ** (-rate * day))
    numpyro.sample("size", dist.Normal(grown, noise), obs=size)
