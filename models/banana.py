"""Bananas: normals bent along a parabola. After Haario, Saksman and Tamminen (1999), Comput. Stat.

    u_i ~ Normal(0, 3 length)
    w_i ~ Normal(bend(u_i), 3),    bend(u) = curvature (u^2 - length^2)
    a_i ~ Normal(u_i, length),     b_i ~ Normal(w_i - bend(u_i), 1)

with a = b = 0 observed, so that a step of one sd along the banana bends it by ``curvature``
length^2 of its own thickness. u and z = w - bend(u) are independent normals under prior and
likelihood, and the shear has determinant 1: all but the quantiles of w is in closed form. Hard for
a fixed metric, which fits the banana at no two places. A last u without its w is straight.
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
from samplerbench.models.exact import normal_mixture
from samplerbench.options import Range, require

BROAD = 3.0  # sd of the prior over that of the error
REACH = 9.0  # sds of u that the quadrature covers: 1e-19 lies outside


@dataclass(frozen=True)
class Options:
    """What makes one set of bananas. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(2, 4096)] = 2  # half of it bananas
    # 0.03 and 0.1 are Haario's moderate and strong twist
    curvature: Annotated[float, Range(0)] = 0.1
    # sd of the error along the banana; across it is 1
    length: Annotated[float, Range(0.1, 100.0)] = 10.0

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        bend = self.curvature * self.length**2
        most = "curvature times length^2 up to 50 (thicknesses that one sd bends)"
        require(bend <= 50, "curvature", self.curvature, most)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many u and how many w."""
        return (self.dim + 1) // 2, self.dim // 2


def bend(options: Options, u: Array) -> Array:
    """Where the banana's middle is at ``u``, of any shape."""
    return options.curvature * (u * u - options.length**2)


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program."""
    many, few = options.sizes

    def program(a: Any, b: Any) -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        u = numpyro.sample("u", dist.Normal(jnp.zeros(many), BROAD * options.length).to_event(1))
        middle = bend(options, u[:few])
        w = numpyro.sample("w", dist.Normal(middle, BROAD).to_event(1))
        numpyro.sample("a", dist.Normal(u, options.length).to_event(1), obs=a)
        numpyro.sample("b", dist.Normal(w - middle, 1.0).to_event(1), obs=b)

    return program


def simulate(options: Options, rng: np.random.Generator) -> tuple[Sites, Sites]:
    """Parameters drawn from the prior, and data drawn given them."""
    many, few = options.sizes
    u = BROAD * options.length * rng.standard_normal(many)
    z = BROAD * rng.standard_normal(few)
    a = u + options.length * rng.standard_normal(many)
    return {"u": u, "w": z + bend(options, u[:few])}, {"a": a, "b": z + rng.standard_normal(few)}


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior of ``u`` and ``w`` given ``data``.

    A normal mean with an error e, a prior of BROAD e and one observation y has posterior mean k y
    and variance k e^2, with k = BROAD^2 / (1 + BROAD^2). The evidence of y is that of Normal(0, e^2
    (1 + BROAD^2)). That holds for u and z. With m, s^2 those of u and c the curvature, w = z + c
    (u^2 - length^2) has

        mean  E z + c (m^2 + s^2 - length^2),    variance  Var z + c^2 (2 s^4 + 4 m^2 s^2),
        covariance with u  2 c m s^2.
    """
    many, few = options.sizes
    k, c = BROAD**2 / (1 + BROAD**2), options.curvature
    m, s2 = k * data["a"], k * options.length**2
    middle = m[:few]
    mean = np.append(m, k * data["b"] + c * (middle**2 + s2 - options.length**2))
    covariance = np.diag(np.append(np.full(many, s2), k + c**2 * (2 * s2**2 + 4 * middle**2 * s2)))
    across = many + np.arange(few)
    covariance[np.arange(few), across] = covariance[across, np.arange(few)] = 2 * c * middle * s2

    def draw(rng: np.random.Generator, count: int) -> Sites:
        u = m + math.sqrt(s2) * rng.standard_normal((count, many))
        z = k * data["b"] + math.sqrt(k) * rng.standard_normal((count, few))
        return {"u": u, "w": z + bend(options, u[:, :few])}

    def log_density(x: Array) -> Array:
        u, w = x[..., :many], x[..., many:]
        z = w - bend(options, u[..., :few]) - k * data["b"]
        return -0.5 * ((u - m) ** 2 / s2).sum(axis=-1) - 0.5 * (z * z / k).sum(axis=-1)

    return Exact(
        names=(*component_names("u", (many,)), *component_names("w", (few,))),
        mean=mean,
        covariance=covariance,
        quantile=functools.partial(_compute_quantiles, options, m, k * data["b"], s2, k, {}),
        draw=draw,
        log_evidence=_log_evidence(data["a"], options.length) + _log_evidence(data["b"], 1.0),
        log_density=log_density,
    )


def _log_evidence(y: Array, error: float) -> float:
    variance = error**2 * (1 + BROAD**2)
    return float(-0.5 * (y @ y / variance + len(y) * math.log(2 * math.pi * variance)))


def _compute_quantiles(
    options: Options,
    m: Array,
    z: Array,
    s2: float,
    z2: float,
    tables: dict[Any, Any],
    probabilities: Array,
) -> Array:
    """Marginal quantiles; bananas with the same centre share one table, held in ``tables``."""
    from scipy.special import ndtri  # inside: models are listed without SciPy

    p = np.asarray(probabilities, dtype=float)
    columns = list((m + math.sqrt(s2) * ndtri(p)[:, None]).T)
    for centre in zip(m[: len(z)].tolist(), z.tolist()):  # noqa: B905
        if centre not in tables:
            tables[centre] = _mix_bent_normals(options, *centre, s2, z2)
        columns.append(tables[centre](p))
    return np.stack(columns, axis=1)


def _mix_bent_normals(
    options: Options, m: float, z: float, s2: float, z2: float
) -> Callable[[Array], Array]:
    """Quantiles of one w: normals of variance ``z2`` mixed over u, by the trapezium rule.

    As a function of u a component of the mixture is as wide as its sd over the slope of the bend.
    Steps of half that width at 5 sds err by exp(-2 pi^2 4) there, and by exp(-2 pi^2 1.2) at 9 sds,
    where the share is 1e-18.
    """
    s = math.sqrt(s2)
    steepest = 2 * options.curvature * (abs(m) + 5 * s)
    step = min(0.1 * s, 0.5 * math.sqrt(z2) / steepest if steepest > 0 else math.inf)
    u = np.linspace(m - REACH * s, m + REACH * s, 1 + math.ceil(2 * REACH * s / step))
    shares = np.exp(-0.5 * ((u - m) / s) ** 2)
    return normal_mixture.make_quantile(
        shares, z + bend(options, u), np.full_like(u, math.sqrt(z2))
    )


build = make_builder(
    "banana",
    make_program,
    make_exact,
    simulate,
    lambda o: {"a": np.zeros(o.sizes[0]), "b": np.zeros(o.sizes[1])},
)
add(
    "banana",
    Options,
    build,
    "normals bent along a parabola",
    link="https://doi.org/10.1007/s001800050022",
)
