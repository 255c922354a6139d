"""The log joint density of a model with one or two parameters at many points, for quadrature."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.harness.worker.inspection.mode_search import Density, NoAnswer
from samplerbench.models.base import Model
from samplerbench.samplers.support.log_density import LogDensity, make_log_density, map_batches

SEEDS = 2048  # points drawn from the prior, and as many about the origin
SEED = 20260703


def make_density(model: Model) -> tuple[Density, np.ndarray]:
    """Log joint density and parameters at unconstrained points, and points to start from.

    The change of variables is in the density, so that its integral is the evidence. Raises
    NoAnswer for more than two parameters.
    """
    import jax
    import jax.numpy as jnp

    density = make_log_density(model)
    if density.dim > 2:
        raise NoAnswer(f"quadrature is for one or two parameters, and there are {density.dim}")

    def evaluate(u: Any) -> tuple[Any, Any]:
        sites = density.constrain(u, model.data)
        parts = [jnp.ravel(jnp.asarray(sites[site.name], float)) for site in density.latents]
        return density.log_joint(u, model.data), jnp.concatenate(parts)

    compiled = jax.jit(jax.vmap(evaluate))

    def evaluate_all(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logs, values = map_batches(compiled, points)
        if logs.dtype != np.float64:
            raise NoAnswer(f"the program computes in {logs.dtype}, quadrature needs float64")
        return logs, values

    return evaluate_all, _start_points(density, model)


def _start_points(density: LogDensity, model: Model) -> np.ndarray:
    """Points to look for modes from: about a valid one, and from the prior where it is proper."""
    import jax

    start = np.asarray(density.find_start(jax.random.PRNGKey(0), model.data))
    rng = np.random.default_rng(SEED)
    about = rng.normal(0, 3, (SEEDS, density.dim)) + start
    if any(site.improper for site in density.latents):
        return about

    def draw(key: Any) -> Any:
        return density.unconstrain(density.draw_prior(key, model.data), model.data)

    keys = jax.random.split(jax.random.PRNGKey(1), SEEDS)
    return np.concatenate([about, np.asarray(jax.jit(jax.vmap(draw))(keys))])
