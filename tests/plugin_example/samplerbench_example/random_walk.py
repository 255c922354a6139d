"""Random-walk Metropolis. Metropolis et al. (1953), J. Chem. Phys. 21:1087."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Draws,
    Prepared,
    Sampler,
)
from samplerbench.samplers.support.latent_sites import require_continuous


@dataclass(frozen=True)
class Settings:
    """How it walks."""

    step: float = 0.7  # sd of a proposal, in unconstrained coordinates
    thin: int = 20  # proposals a draw


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """A random walk on ``model``. Raises Declined for discrete parameters."""
    require_continuous(model, "random_walk")
    import jax  # inside: listing samplers must not start JAX

    chains = jax.jit(_chains(model, budget, settings))

    def plain(seed: int) -> Draws:
        return _collect(chains(seed, model.data))

    def compile_() -> Compiled:
        program = chains.lower(0, model.data).compile()

        def bound(data: Any) -> Compiled:
            return Compiled(
                sample=lambda seed: program(seed, data),
                collect=_collect,
                with_data=bound,
                batch=lambda seeds: [_collect(program(seed, data)) for seed in seeds],
            )

        return bound(model.data)

    return Prepared(plain, compile_)


def _chains(model: Model, budget: Budget, settings: Settings) -> Any:
    """A pure function ``(seed, data) -> sites [chain, draw, *event]``."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree
    from numpyro.infer.util import initialize_model

    def chain(key: Any, data: Any) -> Any:
        start = initialize_model(key, model.program, model_kwargs=data)
        first, unravel = ravel_pytree(start.param_info.z)

        def propose(state: Any, key: Any) -> Any:
            walk, chance = jax.random.split(key)
            at, energy = state
            there = at + settings.step * jax.random.normal(walk, at.shape)
            new = start.potential_fn(unravel(there))
            taken = jnp.log(jax.random.uniform(chance)) < energy - new
            return (jnp.where(taken, there, at), jnp.where(taken, new, energy)), None

        def step(state: Any, key: Any) -> Any:
            state, _ = jax.lax.scan(propose, state, jax.random.split(key, settings.thin))
            return state, state[0]

        keys = jax.random.split(key, budget.warmup + budget.draws)
        state = first, start.potential_fn(unravel(first))
        path = jax.lax.scan(step, state, keys)[1][budget.warmup :]
        return jax.vmap(lambda z: start.postprocess_fn(unravel(z)))(path)

    def chains(seed: Any, data: Any) -> Any:
        keys = jax.random.split(jax.random.PRNGKey(seed), budget.chains)
        return jax.vmap(chain, in_axes=(0, None))(keys, data)

    return chains


def _collect(raw: Any) -> Draws:
    return Draws({name: np.asarray(values) for name, values in raw.items()})


SAMPLER = Sampler(
    "random_walk", Settings, prepare, "random-walk Metropolis", needs=("jax", "numpyro")
)
