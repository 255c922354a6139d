"""Quantiles of distributions of one number that NumPyro has none for, or wrong ones.

Each takes a distribution of NumPyro's and probabilities; ``quantiles`` states their precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samplerbench.samplers.support.large_concentrations import LEAST, MOST, beta_cdf, gamma_cdf

NEWTON_STEPS = 4  # from a tenth off to rounding
ITERATIONS = 64  # halvings of an interval: more than either precision has bits
HALVINGS = 12  # before Newton's steps: of where a density changes by some percent
NODES = 64  # of Gauss and Legendre's rule: a normal density over nine sds to rounding
REACH = 40.0  # log of the density at the mode over that where a quantile can still lie


def find_beta(prior: Any, q: Any) -> Any:
    """Of TFP's inverse (0.23), which fails about q = 0.5: by a percent, by 24 at Beta(1/2, 1/2)."""
    import jax.numpy as jnp

    a, b = (jnp.asarray(c, float) for c in (prior.concentration1, prior.concentration0))
    value = _polish(prior, q, prior.icdf(q))
    is_large = (a + b >= 2) & (jnp.maximum(a, b) < MOST)
    return _polish_single(lambda x: beta_cdf(a, b, x), q, value, is_large, 1.0)


def find_gamma(prior: Any, q: Any) -> Any:
    """Of TFP's inverse, which takes no whole numbers for concentrations."""
    import jax.numpy as jnp
    from numpyro.distributions.util import gammaincinv

    a = jnp.asarray(prior.concentration, float)
    value = gammaincinv(a, q)
    return _polish_single(lambda x: gamma_cdf(a, x), q, value, a > LEAST, jnp.inf) / prior.rate


def find_student_t(prior: Any, q: Any) -> Any:
    """By the central or the tail mass, whichever is known better: NumPyro's is by the tail's alone.

    t^2 / (df + t^2) is Beta(1/2, df / 2).
    """
    import jax.numpy as jnp
    from numpyro.distributions.util import betaincinv

    half = prior.df / 2
    central = jnp.abs(2 * q - 1)
    near = central < 0.5
    mass = jnp.where(near, central, 2 * jnp.minimum(q, 1 - q))
    share = betaincinv(jnp.where(near, 0.5, half), jnp.where(near, half, 0.5), mass)
    ratio = jnp.where(near, share / (1 - share), (1 - share) / share)
    value = prior.loc + prior.scale * jnp.sign(q - 0.5) * jnp.sqrt(prior.df * ratio)
    return jnp.where(central < 0.25, value, _polish(prior, q, value))


def _polish(prior: Any, q: Any, value: Any) -> Any:
    """``value`` after Newton's steps to where the cdf is q; none leaves the support."""
    import jax
    import jax.numpy as jnp

    def step(_: int, value: Any) -> Any:
        better = value - (prior.cdf(value) - q) / jnp.exp(prior.log_prob(value))
        return jnp.where(jnp.isfinite(better) & prior.support(better), better, value)

    return jax.lax.fori_loop(0, NEWTON_STEPS, step, value)


def _polish_single(cdf: Any, q: Any, value: Any, is_large: Any, end: float) -> Any:
    """At 32 bits, two of Newton's steps with a ``cdf`` that is right where ``is_large``.

    ``cdf``: a value between 0 and ``end`` -> its probability and the slope.
    """
    import jax.numpy as jnp

    if jnp.asarray(value).dtype != jnp.float32:
        return value
    for _ in range(2):
        probability, slope = cdf(value)
        better = value - (probability - q) / slope
        is_sound = is_large & (better > 0) & (better < end)
        value = jnp.where(is_sound, better, value)
    return value


def find_weibull(prior: Any, q: Any) -> Any:
    """In closed form."""
    import jax.numpy as jnp

    return prior.scale * (-jnp.log1p(-q)) ** (1 / prior.concentration)


def halve(is_below: Callable[[Any], Any], low: Any, high: Any, count: int = ITERATIONS) -> Any:
    """Where ``is_below`` turns from true to false between ``low`` and ``high``, arrays alike."""
    import jax
    import jax.numpy as jnp

    def step(_: int, interval: tuple[Any, Any]) -> tuple[Any, Any]:
        middle = (interval[0] + interval[1]) / 2
        below = is_below(middle)
        return jnp.where(below, middle, interval[0]), jnp.where(below, interval[1], middle)

    low, high = jax.lax.fori_loop(0, count, step, (low, high))
    return (low + high) / 2


def find_von_mises(prior: Any, q: Any) -> Any:
    """Where the density's integral from the centre has its share of q; wrapped to -pi and pi.

    The integral, which has no closed form, is Gauss and Legendre's.
    """
    import jax.numpy as jnp
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    kappa = jnp.asarray(prior.concentration, float)
    reach = 2 * jnp.arcsin(jnp.minimum(1.0, jnp.sqrt(REACH / (2 * kappa))))

    def density(x: Any, kappa: Any) -> Any:
        return jnp.exp(-2 * kappa * jnp.sin(x / 2) ** 2)

    def integrate(x: Any) -> Any:
        points = jnp.expand_dims(x / 2, -1) * (1 + nodes)
        return x / 2 * (density(points, jnp.expand_dims(kappa, -1)) @ weights)

    share = jnp.abs(2 * q - 1) * integrate(reach)
    most = jnp.broadcast_to(reach, jnp.broadcast_shapes(jnp.shape(q), jnp.shape(reach)))
    value = halve(lambda x: integrate(x) < share, jnp.zeros_like(most), most, HALVINGS)
    for _ in range(NEWTON_STEPS):
        value = jnp.clip(value - (integrate(value) - share) / density(value, kappa), 0.0, most)
    return (prior.loc + jnp.sign(q - 0.5) * value + np.pi) % (2 * np.pi) - np.pi
