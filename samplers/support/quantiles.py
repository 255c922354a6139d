"""Draws from NumPyro's distributions by uniform numbers, through wrappers and transforms.

NumPyro's own ``icdf`` is used where the installed release has one that is right; what everyday
priors it lacks are here. Precision is that of the run: at 64 bits 1e-8 of the quantile, at 32 bits
|F(x) - q| is at most 1e-6, or what two ulps of x make. Beta of concentrations above 500 is an
exception at 32 bits, by up to 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samplerbench.samplers.support.joint_quantiles import JointQuantile, joint_quantiles
from samplerbench.samplers.support.scalar_quantiles import (
    find_beta,
    find_gamma,
    find_student_t,
    find_von_mises,
    find_weibull,
    halve,
)

LOG_SPAN = 80.0  # half width of the interval of log x, of what a float of 32 bits holds


def cube_shape(prior: Any) -> tuple[int, ...]:
    """How many uniform numbers make one draw of a NumPyro distribution, as a shape."""
    import numpyro.distributions as dist

    if isinstance(prior, dist.ExpandedDistribution):
        inner = cube_shape(prior.base_dist)
        return tuple(prior.batch_shape) + inner[len(prior.base_dist.batch_shape) :]
    if isinstance(prior, _wrappers()) and not isinstance(prior, dist.FoldedDistribution):
        return cube_shape(prior.base_dist)
    if joint := _find_joint(prior):
        return tuple(prior.batch_shape) + joint.shape(prior)
    if prior.event_shape:
        raise NotImplementedError  # its components are not independent
    return tuple(prior.batch_shape)


def quantile(prior: Any, q: Any) -> Any:
    """A draw from a NumPyro distribution by uniform numbers ``q``, shaped as ``cube_shape`` says.

    It is the quantile of what is at the bottom of wrappers and transforms; a transformed one need
    not rise with q. Raises NotImplementedError where there is none.
    """
    import numpyro.distributions as dist

    if joint := _find_joint(prior):
        return joint.find(prior, q)
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


def _find_joint(prior: Any) -> JointQuantile | None:
    return next((j for kind, j in joint_quantiles().items() if isinstance(prior, kind)), None)


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
        dist.Beta: find_beta,
        dist.Gamma: find_gamma,
        dist.StudentT: find_student_t,
        dist.Weibull: find_weibull,
        dist.VonMises: find_von_mises,
        dist.FoldedDistribution: _folded,
        dist.MixtureSameFamily: _mixture,
        dist.MixtureGeneral: _mixture,
        truncated.LeftTruncatedDistribution: _truncated,
        truncated.RightTruncatedDistribution: _truncated,
        truncated.TwoSidedTruncatedDistribution: _truncated,
    }


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
    import jax.numpy as jnp

    base = prior.base_dist

    def is_below(log_x: Any) -> Any:
        return base.cdf(jnp.exp(log_x)) - base.cdf(-jnp.exp(log_x)) < q

    end = jnp.full(jnp.broadcast_shapes(jnp.shape(q), prior.batch_shape), LOG_SPAN)
    value = jnp.exp(halve(is_below, -end, end))
    return jnp.where(base.loc == 0, -quantile(base, (1 - q) / 2), value)


def _mixture(prior: Any, q: Any) -> Any:
    """Between the quantiles of its components, by halving."""
    import jax.numpy as jnp

    if hasattr(prior, "component_distributions"):
        parts = [quantile(component, q) for component in prior.component_distributions]
        each = jnp.stack(parts, axis=-1)
    else:
        each = quantile(prior.component_distribution, q[..., None])
    return halve(lambda x: prior.cdf(x) < q, each.min(axis=-1), each.max(axis=-1))
