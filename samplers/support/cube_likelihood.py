"""The likelihood of a NumPyro program on the unit cube, for nested samplers written in NumPy.

Such a sampler calls back into compiled JAX, so that its seconds are those of many calls through
Python; what a run costs is its number of likelihood evaluations. A likelihood that is NaN counts as
zero. Points of the cube are rounded to the precision of the run: at 32 bits a posterior narrower
than 1e-6 of its prior falls on a few values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import Array, Model
from samplerbench.samplers.base import Draws
from samplerbench.samplers.support.log_density import (
    count_nan_as_zero,
    make_log_density,
    map_batches,
)
from samplerbench.samplers.support.prior_transform import make_prior_transform


@dataclass(frozen=True)
class CubeLikelihood:
    """One program on the unit cube; functions take and give NumPy arrays."""

    dim: int
    evaluate: Callable[[Array], float]  # log likelihood of one point [dim]
    evaluate_many: Callable[[Array], Array]  # of points [n, dim] -> [n]
    place: Callable[[Array], Any]  # points [n, dim] -> sites by name, [n, *event]

    def make_draws(self, points: Array, log_weights: Array, **fields: Any) -> Draws:
        """Weighted points of the cube as the draws of one chain."""
        sites = {name: values[None] for name, values in self.place(points).items()}
        return Draws(sites, log_weights=np.asarray(log_weights)[None], **fields)


def make_cube_likelihood(model: Model) -> CubeLikelihood:
    """The likelihood of ``model``; compiled in the first calls.

    Raises Declined for sites that can't be mapped from the unit cube.
    """
    import jax
    import jax.numpy as jnp

    prior, density, data = make_prior_transform(model), make_log_density(model), model.data
    precision = jnp.finfo(jnp.result_type(float))

    def place(cube: Any) -> Any:
        # the border, where sites may be infinite, is hit by rounding alone
        return prior.transform(jnp.clip(cube, precision.tiny, 1 - precision.epsneg), data)

    def log_likelihood(cube: Any) -> Any:
        return count_nan_as_zero(density.log_likelihood(place(cube), data))

    one, many = jax.jit(log_likelihood), jax.jit(jax.vmap(log_likelihood))
    place_many = jax.jit(jax.vmap(place))
    return CubeLikelihood(
        dim=prior.dim,
        evaluate=lambda cube: float(one(cube)),
        evaluate_many=lambda cube: evaluate_padded(many, cube),
        place=lambda cube: map_batches(place_many, cube),
    )


def evaluate_padded(function: Callable[[Any], Any], points: Array) -> Array:
    """``function`` of points [n, dim], as float64 [n]; few shapes are compiled.

    Points are padded to a power of two of them, 16 at the least.
    """
    width = max(16, 1 << (len(points) - 1).bit_length())
    padded = np.concatenate([points, np.repeat(points[:1], width - len(points), axis=0)])
    return np.asarray(function(padded), np.float64)[: len(points)]
