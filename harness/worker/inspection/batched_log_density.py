"""The log joint density of a NumPyro program over unconstrained parameters, for many points."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.harness.worker.inspection.mode_search import Density, NoAnswer
from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import Latent

BATCH = 1024  # points in one call of the compiled density
SEEDS = 2048  # points drawn from the prior, and as many about the origin
SEED = 20260703


def density_of(model: Model, sites: list[Latent]) -> tuple[Density, np.ndarray]:
    """Log joint density and parameters at unconstrained points, and points to start from.

    The change of variables is in the density, so that its integral is the evidence.
    """
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree
    from numpyro.infer.util import initialize_model

    start = initialize_model(jax.random.PRNGKey(0), model.program, model_kwargs=model.data)
    flat, unravel = ravel_pytree(start[0].z)
    if flat.size > 2:
        raise NoAnswer(f"quadrature is for one or two parameters, and there are {flat.size}")

    def at(u: Any) -> tuple[Any, Any]:
        free = unravel(u)
        values = start[2](free)
        parts = [jnp.ravel(jnp.asarray(values[site.name], float)) for site in sites]
        return -start[1](free), jnp.concatenate(parts)

    many = jax.jit(jax.vmap(at))

    def density(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logs, values = [], []
        for first in range(0, len(points), BATCH):
            part = points[first : first + BATCH]
            filled = np.concatenate([part, np.repeat(part[:1], BATCH - len(part), axis=0)])
            log, value = many(filled)
            logs.append(np.asarray(log)[: len(part)])
            values.append(np.asarray(value)[: len(part)])
        if logs[0].dtype != np.float64:
            raise NoAnswer(f"the program computes in {logs[0].dtype}, quadrature needs float64")
        return np.concatenate(logs), np.concatenate(values)

    rng = np.random.default_rng(SEED)
    about = rng.normal(0, 3, (SEEDS, flat.size)) + np.asarray(flat)
    return density, np.concatenate([about, *_from_prior(model, sites)])


def _from_prior(model: Model, sites: list[Latent]) -> list[np.ndarray]:
    """Points drawn from the prior, unconstrained; none where it can't be drawn from."""
    if any(site.improper for site in sites):
        return []
    import jax
    from jax.flatten_util import ravel_pytree
    from numpyro.handlers import seed, trace
    from numpyro.infer.util import unconstrain_fn

    def one(key: Any) -> Any:
        drawn = trace(seed(model.program, key)).get_trace(**model.data)
        values = {site.name: drawn[site.name]["value"] for site in sites}
        return ravel_pytree(unconstrain_fn(model.program, (), model.data, values))[0]

    keys = jax.random.split(jax.random.PRNGKey(1), SEEDS)
    return [np.asarray(jax.jit(jax.vmap(one))(keys))]
