"""Dead points of BlackJAX's nested sampling: padded to few sizes, weighed, and made into draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.samplers.base import Draws
from samplerbench.samplers.support.log_density import LogDensity
from samplerbench.samplers.support.version_compat import tree_map

VOLUMES = 100  # simulated shrinkages of the prior volume, as BlackJAX's utilities take by default
END = "remaining evidence small enough"
LIMIT = "used the maximum number of samples"


def write_points(dead: Any, particles: Any, row: Any) -> Any:
    """``dead`` with ``particles`` in place of as many of its points, from ``row`` on."""
    from jax import lax

    return tree_map(
        lambda all_, some: lax.dynamic_update_slice_in_dim(all_, some, row, 0), dead, particles
    )


def pad_points(particles: Any, rows: int) -> Any:
    """``particles`` with as many more as make ``rows``, born and dead above all likelihoods.

    BlackJAX's weights of the others don't know of them, and programs see few different sizes.
    """
    import jax.numpy as jnp

    def pad(x: Any, value: float) -> Any:
        filling = jnp.full((rows - x.shape[0], *x.shape[1:]), value, x.dtype)
        return jnp.concatenate([x, filling])

    return particles._replace(
        position=pad(particles.position, 0.0),
        logdensity=pad(particles.logdensity, 0.0),
        loglikelihood=pad(particles.loglikelihood, jnp.inf),
        loglikelihood_birth=pad(particles.loglikelihood_birth, jnp.inf),
    )


def round_up(count: int) -> int:
    """The next power of two."""
    return 1 << (count - 1).bit_length()


def make_summary(density: LogDensity, data: Any) -> Any:
    """The function that gives sites, mean log weights, simulated log Z and the claimed ESS.

    BlackJAX's weights index by arrays of booleans, so that they can't be jitted.
    """
    import jax
    import jax.numpy as jnp
    from blackjax.ns.base import NSInfo
    from blackjax.ns.utils import log_weights
    from jax.scipy.special import logsumexp

    @jax.jit
    def reduce(padded: Any, weights: Any) -> Any:
        is_real = padded.loglikelihood < jnp.inf
        weights = jnp.where(is_real[:, None] & ~jnp.isnan(weights), weights, -jnp.inf)
        mean = weights.mean(axis=1)
        ess = jnp.exp(2 * logsumexp(mean) - logsumexp(2 * mean))  # as blackjax.ns.utils.ess
        sites = jax.vmap(lambda u: density.constrain(u, data))(padded.position)
        return sites, mean, logsumexp(weights, axis=0), ess

    def summarise(padded: Any, key: Any) -> Any:
        return reduce(padded, log_weights(key, NSInfo(padded, None), shape=VOLUMES))

    return summarise


def collect(raw: Any) -> Draws:
    """Draws of a run: its dead points, and what ``make_summary`` says of them."""
    count, evaluations, cut_short, padded, summary = raw
    sites, weights, log_z, ess = summary
    values = {name: np.asarray(x)[None, :count] for name, x in sites.items()}
    birth = np.asarray(padded.loglikelihood_birth)[None, :count]
    return Draws(
        values,
        log_weights=np.asarray(weights)[None, :count],
        ess=float(ess),
        log_z=float(np.mean(log_z)),
        log_z_err=float(np.std(log_z)),
        likelihoods=evaluations,
        termination=LIMIT if cut_short else END,
        cut_short=cut_short,
        stats={
            "log_l": np.asarray(padded.loglikelihood)[None, :count],
            "log_l_birth": np.where(np.isnan(birth), -np.inf, birth),
        },
    )
