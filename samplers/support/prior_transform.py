"""The prior of a NumPyro program as a map of the unit cube, for nested samplers.

If q is uniform on the unit cube, ``transform(q)`` is a draw from the prior, so that the evidence
is the mean of the likelihood over the cube (Skilling 2006, Bayesian Analysis 1:833):

    prior = make_prior_transform(model)  # may raise Declined
    density = make_log_density(model)
    data = model.data
    sampler = dynesty.NestedSampler(log_likelihood, lambda q: q, ndim=prior.dim)

with ``log_likelihood = jax.jit(lambda q: density.log_likelihood(prior.transform(q, data), data))``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.support.latent_sites import (
    Latent,
    is_latent,
    make_unmapped_error,
    name_distribution,
    read_sites,
    require_proper,
    split_vector,
)
from samplerbench.samplers.support.quantiles import cube_shape, quantile
from samplerbench.samplers.support.site_handlers import adapt_sites


@dataclass(frozen=True)
class PriorTransform:
    """The map of the unit cube of one program: pure, of one point, and traceable by JAX."""

    program: Callable[..., Any]
    latents: tuple[Latent, ...]  # in program order
    shapes: Mapping[str, tuple[int, ...]]  # latent site -> shape of its part of the cube, likewise

    @property
    def dim(self) -> int:
        """The dimension of the cube."""
        return sum(prod(shape) for shape in self.shapes.values())

    def transform(self, cube: Any, data: Any) -> dict[str, Any]:
        """Latent and deterministic sites by name, at a point [dim] of the open unit cube.

        Each site's distribution is that of the program at the values of the sites before it. On
        the border of the cube a site may be infinite.
        """
        import jax
        from numpyro.handlers import seed, substitute, trace

        parts = self.split(cube)

        def place(site: Any) -> Any:
            return quantile(site["fn"], parts[site["name"]]) if site["name"] in parts else None

        seeded = seed(self.program, jax.random.PRNGKey(0))
        sites = trace(substitute(seeded, substitute_fn=place)).get_trace(**data)
        names = [n for n, s in sites.items() if n in parts or s["type"] == "deterministic"]
        return {name: sites[name]["value"] for name in names}

    def split(self, cube: Any) -> dict[str, Any]:
        """The parts of the cube by site name."""
        return split_vector(cube, self.shapes)


def make_prior_transform(model: Model) -> PriorTransform:
    """The map of ``model``; nothing is compiled.

    Raises Declined for no, discrete or improper latent sites, and for a site whose distribution
    has no quantile function here: it is named.
    """
    model, _ = adapt_sites(model, rename=False)
    latents = require_proper(model, "nested sampling")

    def read(records: Any) -> dict[str, tuple[int, ...]]:
        sites = {name: site["fn"] for name, site in records.items() if is_latent(site)}
        return {name: _try_quantile(model, name, prior) for name, prior in sites.items()}

    shapes = read_sites(model, read)
    return PriorTransform(model.program, tuple(latents), shapes)


def _try_quantile(model: Model, name: str, prior: Any) -> tuple[int, ...]:
    """The shape of a site's part of the cube; raises Declined where it can't be mapped."""
    import jax.numpy as jnp

    try:
        shape = cube_shape(prior)
        quantile(prior, jnp.full(shape, 0.5))
    except (NotImplementedError, AttributeError, ImportError) as error:
        why = f"{name_distribution(prior)} has no quantile function (icdf), in NumPyro or here"
        raise make_unmapped_error(model, name, why) from error
    return shape
