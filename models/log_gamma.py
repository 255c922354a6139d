"""Skewed modes with one long tail each. After Beaujean and Caldwell (2013), arXiv:1304.7808.

    x ~ Uniform(-30, 30)^dim
    x[0]: half LogGamma at -10, half LogGamma at 10;   x[1]: half Normal(-10, 1), half Normal(10, 1)
    the rest: LogGamma at 10 for the first half of them, Normal(10, 1) for the others

all independent; LogGamma at c has density exp(z - e^z), z = x - c. Four modes of equal weight,
whose tails differ left and right: ellipsoids and fixed metrics fit neither. All is in closed form.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Sites, add, make_builder
from samplerbench.options import Range

BOX, PLACE = 30.0, 10.0
MEAN, VARIANCE = -float(np.euler_gamma), math.pi**2 / 6  # of LogGamma at 0


@dataclass(frozen=True)
class Options:
    """How many parameters. Raises ValueError for a number that makes no problem."""

    dim: Annotated[int, Range(2, 200)] = 2  # parameters


def select_tails(dim: int) -> Array:
    """Which components are LogGamma, [dim]."""
    place = np.arange(dim)
    return (place == 0) | ((place >= 2) & (place < 2 + (dim - 2) // 2))


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; it takes no data."""
    tails = select_tails(options.dim)

    def program() -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        def log_density(z: Any, tail: Any) -> Any:
            return jnp.where(tail, z - jnp.exp(z), -0.5 * z**2 - 0.5 * math.log(2 * math.pi))

        x = numpyro.sample("x", dist.Uniform(-BOX * jnp.ones(options.dim), BOX).to_event(1))
        two = jnp.logaddexp(
            log_density(x[:2] + PLACE, tails[:2]), log_density(x[:2] - PLACE, tails[:2])
        )
        rest = log_density(x[2:] - PLACE, tails[2:])
        numpyro.factor("log_gamma", two.sum() - 2 * math.log(2.0) + rest.sum())

    return program


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior, in closed form; the box cuts off 1e-9 of it (a tail at -30)."""
    dim, tails = options.dim, select_tails(options.dim)
    both = np.arange(dim) < 2
    mean = np.where(tails, MEAN, 0.0) + np.where(both, 0.0, PLACE)
    variance = np.where(tails, VARIANCE, 1.0) + np.where(both, PLACE**2, 0.0)

    def draw(rng: np.random.Generator, count: int) -> Sites:
        z = rng.standard_normal((count, dim))
        z[:, tails] = np.log(rng.standard_exponential((count, int(tails.sum()))))
        z += PLACE
        z[:, :2] -= 2 * PLACE * (rng.random((count, 2)) < 0.5)
        return {"x": z}

    return Exact(
        names=tuple(component_names("x", (dim,))),
        mean=mean,
        covariance=np.diag(variance),
        quantile=functools.partial(_compute_quantiles, tails, both),
        draw=draw,
        log_evidence=-dim * math.log(2 * BOX),
        mode_of=lambda x: 2 * (x[..., 0] > 0) + (x[..., 1] > 0),
        mode_weights=_weigh_modes(),
    )


def _weigh_modes() -> Array:
    """The weight of each quarter of (x[0], x[1]), [mode]: tails cross 0, by 2e-5 at x[0]."""
    below = 0.5 * (_log_gamma_cdf(PLACE) + _log_gamma_cdf(-PLACE))
    return np.array([below / 2, below / 2, (1 - below) / 2, (1 - below) / 2])


def _log_gamma_cdf(z: Any) -> Any:
    return -np.expm1(-np.exp(np.minimum(z, 50.0)))


def _compute_quantiles(tails: Array, both: Array, probabilities: Array) -> Array:
    from scipy.special import ndtr, ndtri  # inside: models are listed without SciPy

    p = np.asarray(probabilities, dtype=float)

    def of_two(cdf: Callable[[Array], Array]) -> Array:
        """Quantiles of the half-and-half mixture, by bisection to the last bit."""
        low, high = np.full_like(p, -60.0), np.full_like(p, 60.0)
        for _ in range(70):
            middle = (low + high) / 2
            under = 0.5 * (cdf(middle + PLACE) + cdf(middle - PLACE)) < p
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return (low + high) / 2

    with np.errstate(divide="ignore"):  # p may be 0 or 1
        tail = np.log(-np.log1p(-p)) + PLACE
        columns = {(True, False): tail, (False, False): ndtri(p) + PLACE}
    columns[True, True], columns[False, True] = of_two(_log_gamma_cdf), of_two(ndtr)
    return np.stack([columns[bool(t), bool(b)] for t, b in zip(tails, both)], axis=1)  # noqa: B905


build = make_builder("log_gamma", make_program, make_exact)
add("log_gamma", Options, build, "four modes of one long tail each")
