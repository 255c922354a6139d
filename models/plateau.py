"""A likelihood with a flat top, where live points tie. Fowlie, Handley and Su (2021), MNRAS 503.

    x ~ Uniform(-box, box)^dim
    log L(x) = -max(|x| - radius, 0)^2 / (2 softness^2)

Nested sampling assumes that no two points have one likelihood; on a plateau that holds a share of
the prior it must break ties, or its shrinkage, its log Z and its stopping are wrong. Gradients are
zero on the plateau. The answer comes by quadrature over the radius and the angle.
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


@dataclass(frozen=True)
class Options:
    """What makes one plateau. Raises ValueError for values that make none."""

    dim: Annotated[int, Range(2, 200)] = 2  # parameters
    radius: Annotated[float, Range(0.1, 100.0)] = 3.0  # of the plateau
    softness: Annotated[float, POSITIVE] = 0.5  # sd of the fall beyond it
    box: Annotated[float, POSITIVE] = 10.0  # half the side of the prior's box

    def __post_init__(self) -> None:
        """Refuse what makes no problem."""
        low, high = self.radius / 100, self.radius
        text = f"a number from {low:g} to {high:g}"
        require(low <= self.softness <= high, "softness", self.softness, text)
        least = self.radius + rotation.REACH * self.softness
        require(self.box >= least, "box", self.box, f"a number from {least:g} (all that matters)")


def make_program(options: Options) -> Callable[..., None]:
    """The NumPyro program; it takes no data."""

    def program() -> None:
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        box = dist.Uniform(-options.box * jnp.ones(options.dim), options.box).to_event(1)
        x = numpyro.sample("x", box)
        r = jnp.sqrt((x**2).sum() + 1e-12)  # a root at 0 has no gradient
        beyond = jnp.maximum(r - options.radius, 0.0) / options.softness
        numpyro.factor("plateau", -0.5 * beyond**2)

    return program


def make_exact(options: Options, data: Sites) -> Exact:
    """The exact posterior, by quadrature."""

    def fall(r: Array) -> tuple[Array, Array]:
        z = np.maximum(r - options.radius, 0.0) / options.softness
        return -0.5 * z * z, -z / options.softness

    high = rotation.find_end(options.radius, options.softness, options.dim)
    top = rotation.integrate(fall, options.dim, 0.0, high, options.softness / 4)
    return Exact(
        names=tuple(component_names("x", (options.dim,))),
        mean=np.zeros(options.dim),
        covariance=top.variance * np.eye(options.dim),
        quantile=lambda p: np.repeat(invert(top.marginal, p)[:, None], options.dim, axis=1),
        draw=lambda rng, count: {"x": top.draw(rng, count)},
        log_evidence=top.log_mass - options.dim * math.log(2 * options.box),
    )


build = make_builder("plateau", make_program, make_exact)
add("plateau", Options, build, "a likelihood with a flat top")
