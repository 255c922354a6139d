"""A kernel of one's own: random-walk Metropolis, in the interface of NumPyro's kernels."""

from collections import namedtuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from numpyro.infer.mcmc import MCMCKernel
from numpyro.infer.util import initialize_model

State = namedtuple("State", "z potential_energy accept_prob rng_key")


class RandomWalk(MCMCKernel):
    """Normal steps of ``scale`` in unconstrained space, the same in every direction."""

    sample_field = "z"

    def __init__(self, model, scale=0.3):
        self.model, self.scale = model, scale

    def init(self, rng_key, num_warmup, init_params, model_args, model_kwargs):
        """The state that a chain starts from."""
        key, key_init = jax.random.split(rng_key)
        info = initialize_model(
            key_init, self.model, model_args=model_args, model_kwargs=model_kwargs
        )
        self._potential, self._constrain = info.potential_fn, info.postprocess_fn
        z = info.param_info.z
        return State(z, self._potential(z), jnp.array(1.0), key)

    def postprocess_fn(self, model_args, model_kwargs):
        """From unconstrained values to those of the model's sites."""
        return self._constrain

    def sample(self, state, model_args, model_kwargs):
        """One step, taken with the probability of Metropolis."""
        key, key_step, key_accept = jax.random.split(state.rng_key, 3)
        flat, unravel = ravel_pytree(state.z)
        z = unravel(flat + self.scale * jax.random.normal(key_step, flat.shape))
        energy = self._potential(z)
        accept_prob = jnp.minimum(1.0, jnp.exp(state.potential_energy - energy))
        taken = jax.random.uniform(key_accept) < accept_prob
        z, energy = jax.tree_util.tree_map(
            lambda new, old: jnp.where(taken, new, old),
            (z, energy),
            (state.z, state.potential_energy),
        )
        return State(z, energy, accept_prob, key)
