"""Programs whose density is another one at each call, as with numbers of ``numpy.random``.

Each sampler traces a program anew, so that none would be held against what it sampled.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from samplerbench.models.base import Sites
from samplerbench.samplers.support.log_density import LogDensity

ADDRESS = re.compile(r"0x[0-9a-f]+")  # of an object that a traced operation shows


def is_density_changing(density: LogDensity, data: Sites) -> bool:
    """Whether two calls of a program have two densities; for continuous parameters.

    It is traced twice. Only where the traces differ is it computed, twice at one point.
    """
    import jax

    point = np.full(density.dim, 0.1)

    def evaluate(u: Any) -> Any:
        return density.log_joint(u, data)

    if _have_same_values(jax.make_jaxpr(evaluate)(point), jax.make_jaxpr(evaluate)(point)):
        return False
    first, second = (float(jax.jit(lambda u: evaluate(u))(point)) for _ in range(2))
    return not np.isclose(first, second, rtol=1e-9, atol=0.0, equal_nan=True)


def _have_same_values(one: Any, other: Any) -> bool:
    """Whether two traces are the same operations on the same constants."""
    if ADDRESS.sub("", str(one.jaxpr)) != ADDRESS.sub("", str(other.jaxpr)):
        return False
    return len(one.consts) == len(other.consts) and all(
        np.array_equal(a, b)
        for a, b in zip(one.consts, other.consts)  # noqa: B905
    )
