"""Draws from NumPyro's multivariate distributions by uniform numbers.

Each component's number is a probability given the components before it (Rosenblatt 1952, Annals of
Mathematical Statistics 23:470), or drives a number that the draw is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samplerbench.samplers.support.scalar_quantiles import find_beta, find_gamma


@dataclass(frozen=True)
class JointQuantile:
    """How a distribution's draw is made of uniform numbers."""

    shape: Callable[[Any], tuple[int, ...]]  # of the numbers for one draw, beside the batch's
    find: Callable[[Any, Any], Any]  # the draw of a distribution by its numbers


def joint_quantiles() -> dict[Any, JointQuantile]:
    """The map for each class of multivariate distributions that the installed NumPyro has."""
    import numpyro.distributions as dist

    def each_component(prior: Any) -> tuple[int, ...]:
        return tuple(prior.event_shape)

    def add_one(prior: Any) -> tuple[int, ...]:
        return (prior.event_shape[0] + 1,)

    def drop_one(prior: Any) -> tuple[int, ...]:
        return (prior.event_shape[0] - 1,)

    def each_correlation(prior: Any) -> tuple[int, ...]:
        return (prior.dimension * (prior.dimension - 1) // 2,)

    maps = {
        "MultivariateNormal": JointQuantile(each_component, _multivariate_normal),
        "LowRankMultivariateNormal": JointQuantile(each_component, _low_rank_normal),
        "MatrixNormal": JointQuantile(each_component, _matrix_normal),
        "MultivariateStudentT": JointQuantile(add_one, _multivariate_student_t),
        "GaussianRandomWalk": JointQuantile(each_component, _gaussian_random_walk),
        "CAR": JointQuantile(each_component, _conditional_autoregression),
        "Dirichlet": JointQuantile(drop_one, _dirichlet),
        "LKJCholesky": JointQuantile(each_correlation, _lkj_cholesky),
        "ProjectedNormal": JointQuantile(each_component, _projected_normal),
    }
    return {getattr(dist, name): each for name, each in maps.items() if hasattr(dist, name)}


def _times(matrix: Any, vector: Any) -> Any:
    return (matrix @ vector[..., None])[..., 0]


def _normals(q: Any) -> Any:
    from jax.scipy.special import ndtri

    return ndtri(q)


def _multivariate_normal(prior: Any, q: Any) -> Any:
    """Its Cholesky factor turns independent normals into a draw."""
    return prior.loc + _times(prior.scale_tril, _normals(q))


def _low_rank_normal(prior: Any, q: Any) -> Any:
    import jax.numpy as jnp

    return prior.loc + _times(jnp.linalg.cholesky(prior.covariance_matrix), _normals(q))


def _matrix_normal(prior: Any, q: Any) -> Any:
    columns = prior.scale_tril_column.swapaxes(-2, -1)
    return prior.loc + prior.scale_tril_row @ _normals(q) @ columns


def _multivariate_student_t(prior: Any, q: Any) -> Any:
    """Normals over the root of a chi-square, which the last number drives, by its degrees."""
    import jax.numpy as jnp
    import numpyro.distributions as dist

    ratio = find_gamma(dist.Gamma(prior.df / 2, prior.df / 2), q[..., -1])
    return prior.loc + _times(prior.scale_tril, _normals(q[..., :-1])) / jnp.sqrt(ratio)[..., None]


def _gaussian_random_walk(prior: Any, q: Any) -> Any:
    import jax.numpy as jnp

    return jnp.cumsum(_normals(q), axis=-1) * jnp.expand_dims(prior.scale, -1)


def _conditional_autoregression(prior: Any, q: Any) -> Any:
    """The inverse of the precision's Cholesky factor turns independent normals into a draw."""
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    factor = jnp.linalg.cholesky(prior.precision_matrix)
    normals = jnp.broadcast_to(_normals(q), jnp.broadcast_shapes(q.shape, factor.shape[:-1]))
    return prior.loc + solve_triangular(factor, normals[..., None], trans=1, lower=True)[..., 0]


def _dirichlet(prior: Any, q: Any) -> Any:
    """Each share of what those before it leave is a beta variable."""
    import jax.numpy as jnp
    import numpyro.distributions as dist

    a = jnp.asarray(prior.concentration, float)
    after = jnp.cumsum(a[..., ::-1], axis=-1)[..., -2::-1]  # of all later components
    share = find_beta(dist.Beta(a[..., :-1], after), q)
    left = jnp.cumprod(1 - share, axis=-1)
    one = jnp.ones_like(left[..., :1])
    return jnp.concatenate([share, one], axis=-1) * jnp.concatenate([one, left], axis=-1)


def _lkj_cholesky(prior: Any, q: Any) -> Any:
    """Row by row from partial correlations, which are independent.

    With ``d`` dimensions and concentration c, that of i and k given those before k = 0, 1, ... is
    2 b - 1 for b of Beta(c + (d - 2 - k) / 2), twice (Lewandowski, Kurowicka and Joe 2009, Journal
    of Multivariate Analysis 100:1989).
    """
    import jax.numpy as jnp
    import numpy as np
    import numpyro.distributions as dist

    rows, columns = np.tril_indices(prior.dimension, -1)
    c = jnp.expand_dims(jnp.asarray(prior.concentration, float), -1)
    c = c + (prior.dimension - 2 - columns) / 2
    share = find_beta(dist.Beta(c, c), q)
    shape = (*share.shape[:-1], prior.dimension, prior.dimension)
    # of unit rows: each entry takes its share of what those before it leave
    partial = jnp.zeros(shape).at[..., rows, columns].set(2 * share - 1)
    left = jnp.ones(shape).at[..., rows, columns].set(4 * share * (1 - share))
    left = jnp.sqrt(jnp.cumprod(left, axis=-1))
    left = jnp.concatenate([jnp.ones_like(left[..., :1]), left[..., :-1]], axis=-1)
    return (partial + jnp.eye(prior.dimension)) * left


def _projected_normal(prior: Any, q: Any) -> Any:
    import jax.numpy as jnp

    value = prior.concentration + _normals(q)
    return value / jnp.linalg.norm(value, axis=-1, keepdims=True)
