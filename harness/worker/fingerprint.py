"""One number that tells two programs' data apart, whatever made them: a log likelihood at a point.

A user's file is run in each process, and its data may differ there: numbers of ``jax.random``
change with bits and releases, others with the clock or with what a site on the network gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.support.log_density import make_log_density

PLACE = 0.1  # of every unconstrained parameter


def compute_log_likelihood(model: Model) -> float | None:
    """The log likelihood of ``model`` at one point, in JAX's present bits; None if not finite.

    Raises whatever the program does, as where it has discrete parameters.
    """
    import jax

    evaluate, point = _make_log_likelihood(model)
    value = float(jax.jit(evaluate)(point))
    return value if math.isfinite(value) else None


def draws_numbers(model: Model) -> bool:
    """Whether the log likelihood rests on numbers that the program draws, given its sites' values.

    As by ``jax.random`` with a key of its own: they are others in other bits. Raises as above.
    """
    import jax

    evaluate, point = _make_log_likelihood(model)
    return "random_bits" in str(jax.make_jaxpr(evaluate)(point))


def _make_log_likelihood(model: Model) -> tuple[Callable[[np.ndarray], object], np.ndarray]:
    """The log likelihood by unconstrained parameters, and the point to take it at."""
    density = make_log_density(model)

    def evaluate(u: np.ndarray) -> object:
        return density.log_likelihood(density.constrain(u, model.data), model.data)

    return evaluate, np.full(density.dim, PLACE)
