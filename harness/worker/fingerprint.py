"""One number that tells two programs' data apart, whatever made them: a log likelihood at a point.

A user's file is run in each process, and its data may differ there: numbers of ``jax.random``
change with bits and releases, others with the clock or with what a site on the network gives.
"""

from __future__ import annotations

import math

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.support.log_density import make_log_density

PLACE = 0.1  # of every unconstrained parameter


def compute_log_likelihood(model: Model) -> float | None:
    """The log likelihood of ``model`` at one point, in JAX's present bits; None if not finite.

    Raises whatever the program does, as where it has discrete parameters.
    """
    import jax

    density = make_log_density(model)

    def evaluate(u: np.ndarray) -> object:
        return density.log_likelihood(density.constrain(u, model.data), model.data)

    value = float(jax.jit(evaluate)(np.full(density.dim, PLACE)))
    return value if math.isfinite(value) else None
