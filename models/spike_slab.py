"""A spike on a slab: a phase transition in likelihood. After Skilling (2006), Bayesian Anal. 1:833.

    x ~ Uniform(-1, 1)^dim
    L(x) = weight Normal(x; offset, spike I) + Normal(x; 0, slab I)

The slab is found first and looks converged; the spike holds ``weight`` times its evidence in a
volume (spike / slab)^dim times smaller. Nested sampling that stops early, and chains that start on
the slab, miss it. All of the answer is that of two normals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Exact, Sites, add, make_builder
from samplerbench.models.exact import normal_mixture
from samplerbench.options import POSITIVE, Range, require


@dataclass(frozen=True)
class Options:
    """What makes one spike on one slab. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(1, 200)] = 10  # parameters
    # evidence of the spike over that of the slab
    weight: Annotated[float, Range(0.01, 1e6)] = 100.0
    spike: Annotated[float, POSITIVE] = 0.01  # sd of the spike
    slab: Annotated[float, Range(0.01, 0.1)] = 0.1  # sd of the slab
    offset: Annotated[float, Range(0.0, 0.3)] = 0.031  # of the spike, in every component

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        fits = self.slab / 100 <= self.spike <= self.slab
        require(fits, "spike", self.spike, f"a number from {self.slab / 100:g} to {self.slab:g}")
        near = f"a number from 0 to {3 * self.slab:g} (3 times the slab)"
        require(self.offset <= 3 * self.slab, "offset", self.offset, near)


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; it takes no data."""

    def program() -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        x = numpyro.sample("x", dist.Uniform(-jnp.ones(options.dim), 1.0).to_event(1))
        spike = dist.Normal(options.offset, options.spike).log_prob(x).sum()
        slab = dist.Normal(0.0, options.slab).log_prob(x).sum()
        numpyro.factor("spike_slab", jnp.logaddexp(math.log(options.weight) + spike, slab))

    return program


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior: two normals; the box cuts off below 1e-20 of the slab (10 sds)."""
    share = options.weight / (1 + options.weight)
    shares = np.array([share, 1 - share])
    means, sds = np.array([options.offset, 0.0]), np.array([options.spike, options.slab])
    between = share * (1 - share) * options.offset**2  # components move together
    covariance = np.full((options.dim, options.dim), between) + shares @ sds**2 * np.eye(
        options.dim
    )
    marginal = normal_mixture.make_quantile(shares, means, sds)

    def draw(rng: np.random.Generator, count: int) -> Sites:
        k = rng.choice(2, size=count, p=shares)[:, None]
        return {"x": means[k] + sds[k] * rng.standard_normal((count, options.dim))}

    return Exact(
        names=tuple(component_names("x", (options.dim,))),
        mean=np.full(options.dim, share * options.offset),
        covariance=covariance,
        quantile=lambda p: np.repeat(
            marginal(np.asarray(p, dtype=float))[:, None], options.dim, axis=1
        ),
        draw=draw,
        log_evidence=math.log(1 + options.weight) - options.dim * math.log(2.0),
    )


build = make_builder("spike_slab", make_program, make_exact)
add("spike_slab", Options, build, "a narrow spike on a broad slab, a phase transition")
