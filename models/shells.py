"""Gaussian shells: two thin spheres of likelihood. After Feroz, Hobson and Bridges (2009), MNRAS.

    x ~ Uniform(-6, 6)^dim
    L(x) = sum over both centres c of exp(-(|x - c| - radius)^2 / (2 width^2)) / (sqrt(2 pi) width)

with c = (+-separation / 2, 0, ...). A random walk crosses a shell's wall at once and walks around
it for ever; a chain that starts on one shell seldom sees the other. Log evidence, moments and
quantiles come by quadrature over the radius and the angle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.components import component_names
from samplerbench.models.base import Array, Exact, Sites, add, make_builder
from samplerbench.models.exact import rotation
from samplerbench.models.exact.tabulated_cdf import invert
from samplerbench.options import POSITIVE, Range, require

BOX = 6.0  # half the side of the prior's box


@dataclass(frozen=True)
class Options:
    """What makes one pair of shells. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(2, 200)] = 2  # parameters
    radius: Annotated[float, Range(0.5, 3.0)] = 2.0  # of both shells
    width: Annotated[float, Range(0.01, 0.2)] = 0.1  # sd of a shell's wall
    separation: Annotated[float, POSITIVE] = 7.0  # between the centres

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        apart = 2 * (self.radius + 5 * self.width)
        room = f"a number up to {BOX / 2 - 5 * self.width:g}, for two shells in the box"
        require(apart <= BOX, "radius", self.radius, room)
        text = f"shells apart and within the box: a number from {apart:g} to {2 * BOX - apart:g}"
        require(apart <= self.separation <= 2 * BOX - apart, "separation", self.separation, text)


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; it takes no data."""

    def program() -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        box = dist.Uniform(-BOX * jnp.ones(options.dim), BOX).to_event(1)
        x = numpyro.sample("x", box)
        rest = (x[1:] ** 2).sum()
        walls = []
        for centre in (-options.separation / 2, options.separation / 2):
            # a root at 0 has no gradient; 1e-12 moves the wall by 1e-13
            r = jnp.sqrt((x[0] - centre) ** 2 + rest + 1e-12)
            walls.append(dist.Normal(options.radius, options.width).log_prob(r))
        numpyro.factor("shells", jnp.logaddexp(*walls))

    return program


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior, by quadrature: half of it is on either shell.

    What the box cuts off is beyond 5 widths in one direction: below 3e-7 of the mass.
    """
    width, radius, half = options.width, options.radius, options.separation / 2

    def wall(r: Array) -> tuple[Array, Array]:
        z = (r - radius) / width
        return -0.5 * z * z - math.log(math.sqrt(2 * math.pi) * width), -z / width

    low = max(radius - rotation.REACH * width, 0.0)
    high = rotation.find_end(radius, width, options.dim)
    shell = rotation.integrate(wall, options.dim, low, high, width)
    covariance = shell.variance * np.eye(options.dim)
    covariance[0, 0] += half**2

    def quantile(probabilities: Array) -> Array:
        p = np.asarray(probabilities, dtype=float)
        q = np.repeat(invert(shell.marginal, p)[:, None], options.dim, axis=1)
        # the shells overlap nowhere along x[0]: the lower half of the probability is the left one's
        right = p >= 0.5
        own = invert(shell.marginal, np.where(right, 2 * p - 1, 2 * p))
        q[:, 0] = own + np.where(right, half, -half)
        return q

    def draw(rng: np.random.Generator, count: int) -> Sites:
        x = shell.draw(rng, count)
        x[:, 0] += half * rng.choice([-1.0, 1.0], size=count)
        return {"x": x}

    return Exact(
        names=tuple(component_names("x", (options.dim,))),
        mean=np.zeros(options.dim),
        covariance=covariance,
        quantile=quantile,
        draw=draw,
        log_evidence=math.log(2) + shell.log_mass - options.dim * math.log(2 * BOX),
        mode_of=lambda x: (x[..., 0] > 0).astype(int),
        mode_weights=np.array([0.5, 0.5]),
    )


build = make_builder("shells", make_program, make_exact)
add("shells", Options, build, "two thin spherical shells of likelihood")
