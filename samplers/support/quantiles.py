"""Draws from NumPyro's distributions by uniform numbers, through wrappers and transforms.

NumPyro's own ``icdf`` is used where the installed release has one that is right; what everyday
priors it lacks are here. Precision is that of the run: at 64 bits 1e-8 of the quantile, at 32 bits
|F(x) - q| is at most 1e-6, or what two ulps of x make. Beta of concentrations above 500 is an
exception at 32 bits, by up to 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samplerbench.samplers.support.large_concentrations import LEAST, MOST, beta_cdf, gamma_cdf

NEWTON_STEPS = 4  # from a tenth off to rounding
ITERATIONS = 64  # halvings of an interval: more than either precision has bits
LOG_SPAN = 80.0  # half width of the interval of log x, of what a float of 32 bits holds


def cube_shape(prior: Any) -> tuple[int, ...]:
    """How many uniform numbers make one draw of a NumPyro distribution, as a shape."""
    import numpyro.distributions as dist

    if isinstance(prior, dist.ExpandedDistribution):
        inner = cube_shape(prior.base_dist)
        return tuple(prior.batch_shape) + inner[len(prior.base_dist.batch_shape) :]
    if isinstance(prior, _wrappers()) and not isinstance(prior, dist.FoldedDistribution):
        return cube_shape(prior.base_dist)
    if isinstance(prior, dist.MultivariateNormal):
        return tuple(prior.batch_shape) + tuple(prior.event_shape)
    if prior.event_shape:
        raise NotImplementedError  # its components are not independent
    return tuple(prior.batch_shape)


def quantile(prior: Any, q: Any) -> Any:
    """A draw from a NumPyro distribution by uniform numbers ``q``, shaped as ``cube_shape`` says.

    It is the quantile of what is at the bottom of wrappers and transforms; a transformed one need
    not rise with q. Raises NotImplementedError where there is none.
    """
    import numpyro.distributions as dist

    for kind, function in _own_quantiles().items():
        if isinstance(prior, kind):
            return function(prior, q)
    if isinstance(prior, dist.TransformedDistribution):
        value = quantile(prior.base_dist, q)
        for transform in prior.transforms:
            value = transform(value)
        return value
    if isinstance(prior, _wrappers()):
        return quantile(prior.base_dist, q)
    return prior.icdf(q)


def _wrappers() -> Any:
    import numpyro.distributions as dist

    return (
        dist.Independent,
        dist.ExpandedDistribution,
        dist.MaskedDistribution,
        dist.TransformedDistribution,
    )


def _own_quantiles() -> dict[Any, Callable[[Any, Any], Any]]:
    """The function for each class of distributions that NumPyro has none for, or a wrong one."""
    import numpyro.distributions as dist
    from numpyro.distributions import truncated

    return {
        dist.Beta: _beta,
        dist.Gamma: _gamma,
        dist.StudentT: _student_t,
        dist.Weibull: _weibull,
        dist.MultivariateNormal: _multivariate_normal,
        dist.FoldedDistribution: _folded,
        truncated.LeftTruncatedDistribution: _truncated,
        truncated.RightTruncatedDistribution: _truncated,
        truncated.TwoSidedTruncatedDistribution: _truncated,
    }


def _beta(prior: Any, q: Any) -> Any:
    """Of TFP's inverse (0.23), which fails about q = 0.5: by a percent, by 24 at Beta(1/2, 1/2)."""
    import jax.numpy as jnp

    a, b = (jnp.asarray(c, float) for c in (prior.concentration1, prior.concentration0))
    value = _polish(prior, q, prior.icdf(q))
    is_large = (a + b >= 2) & (jnp.maximum(a, b) < MOST)
    return _polish_single(lambda x: beta_cdf(a, b, x), q, value, is_large, 1.0)


def _gamma(prior: Any, q: Any) -> Any:
    """Of TFP's inverse, which takes no whole numbers for concentrations."""
    import jax.numpy as jnp
    from numpyro.distributions.util import gammaincinv

    a = jnp.asarray(prior.concentration, float)
    value = gammaincinv(a, q)
    return _polish_single(lambda x: gamma_cdf(a, x), q, value, a > LEAST, jnp.inf) / prior.rate


def _student_t(prior: Any, q: Any) -> Any:
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


def _weibull(prior: Any, q: Any) -> Any:
    import jax.numpy as jnp

    return prior.scale * (-jnp.log1p(-q)) ** (1 / prior.concentration)


def _multivariate_normal(prior: Any, q: Any) -> Any:
    """Its Cholesky factor turns independent normals into a draw."""
    from jax.scipy.special import ndtri

    return prior.loc + (prior.scale_tril @ ndtri(q)[..., None])[..., 0]


def _truncated(prior: Any, q: Any) -> Any:
    """A symmetric distribution between bounds, by the tail that is the smaller: no digits cancel.

    NumPyro truncates symmetric ones alone, so that sf(x) is cdf(2 loc - x).
    """
    import jax.numpy as jnp

    base = prior.base_dist
    low, high = getattr(prior, "low", -jnp.inf), getattr(prior, "high", jnp.inf)

    def bound(function: Any, at: Any, otherwise: float) -> Any:
        finite = jnp.isfinite(at)
        return jnp.where(finite, function(jnp.where(finite, at, base.loc)), otherwise)

    def survive(x: Any) -> Any:
        return base.cdf(2 * base.loc - x)

    below, above = bound(base.cdf, low, 0.0), bound(survive, high, 0.0)
    by_upper = bound(survive, low, 1.0) - above
    mass = jnp.where(low > base.loc, by_upper, bound(base.cdf, high, 1.0) - below)
    lower, upper = below + q * mass, above + (1 - q) * mass
    value = quantile(base, jnp.minimum(lower, upper))
    return jnp.clip(jnp.where(upper < lower, 2 * base.loc - value, value), low, high)


def _folded(prior: Any, q: Any) -> Any:
    """The absolute value of a draw: where F(x) - F(-x) is q, by halving the interval of log x.

    NumPyro folds symmetric distributions alone, and one about zero needs no search.
    """
    import jax
    import jax.numpy as jnp

    base = prior.base_dist

    def halve(_: int, interval: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = interval
        middle = (low + high) / 2
        x = jnp.exp(middle)
        is_below = base.cdf(x) - base.cdf(-x) < q
        return jnp.where(is_below, middle, low), jnp.where(is_below, high, middle)

    start = jnp.full(jnp.broadcast_shapes(jnp.shape(q), prior.batch_shape), LOG_SPAN)
    low, high = jax.lax.fori_loop(0, ITERATIONS, halve, (-start, start))
    return jnp.where(base.loc == 0, -quantile(base, (1 - q) / 2), jnp.exp((low + high) / 2))
