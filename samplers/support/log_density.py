"""The density of a NumPyro program, as functions of one vector of unconstrained parameters.

For samplers that take a log density instead of a program, such as BlackJAX's:

    density = make_log_density(model)
    data = model.data  # constants of what is compiled: a program may find sizes in them
    start = density.find_start(key, data)  # [dim]
    step = blackjax.nuts(lambda u: density.log_joint(u, data), ...)
    sites = jax.vmap(lambda u: density.constrain(u, data))(draws)  # what Draws wants of a chain

and for nested samplers, which want the likelihood apart from the prior, ``log_likelihood`` with
``samplers.support.prior_transform``, or ``log_prior`` with ``log_likelihood``. Where other data are
to cost no compiling, ``samplers.support.data_arguments`` tells which may be arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from samplerbench.models.base import Array, Model
from samplerbench.samplers.support.latent_sites import (
    Latent,
    is_latent,
    is_observed,
    read_latent,
    split_vector,
    trace_sites,
)
from samplerbench.samplers.support.version_compat import tree_map

BATCH = 1024  # points in one call of a compiled function


@dataclass(frozen=True)
class LogDensity:
    """The density of one program; every function is pure, of one point, and traceable by JAX.

    ``u`` is the vector of unconstrained parameters, [dim]: the latent sites in alphabetical order,
    as JAX flattens a dict, each in C order. ``sites`` are constrained values by site name.
    ``data`` is what the program is called with: an argument, so that what is compiled for one data
    set serves others of its shapes.
    """

    program: Callable[..., Any]
    latents: tuple[Latent, ...]  # in program order
    observed_sites: tuple[str, ...]  # sites that make the likelihood, factors included
    shapes: Mapping[str, tuple[int, ...]]  # latent site -> unconstrained shape, alphabetical

    @property
    def dim(self) -> int:
        """How many unconstrained parameters there are."""
        return sum(prod(shape) for shape in self.shapes.values())

    def log_joint(self, u: Any, data: Any) -> Any:
        """Log prior, likelihood and |d sites / d u|: its integral over u is the evidence."""
        from numpyro.infer.util import potential_energy

        return -potential_energy(_seeded(self.program), (), data, self.split(u))

    def log_prior(self, u: Any, data: Any) -> Any:
        """Log prior and |d sites / d u|: its integral over u is 1 where the prior is proper."""
        from numpyro.handlers import block
        from numpyro.infer.util import potential_energy

        unobserved = block(_seeded(self.program), hide=list(self.observed_sites))
        return -potential_energy(unobserved, (), data, self.split(u))

    def log_likelihood(self, sites: Any, data: Any) -> Any:
        """Log likelihood at constrained ``sites``, which may hold more than the latent ones."""
        from numpyro.handlers import block, substitute
        from numpyro.infer.util import log_density

        names = [site.name for site in self.latents]
        fixed = substitute(_seeded(self.program), data={name: sites[name] for name in names})
        return log_density(block(fixed, hide=names), (), data, {})[0]

    def constrain(self, u: Any, data: Any) -> dict[str, Any]:
        """Latent and deterministic sites at ``u``, by name."""
        from numpyro.infer.util import constrain_fn

        sites: dict[str, Any] = constrain_fn(
            _seeded(self.program), (), data, self.split(u), return_deterministic=True
        )
        return sites

    def unconstrain(self, sites: Any, data: Any) -> Any:
        """``u`` at constrained ``sites``, which hold every latent one."""
        from numpyro.infer.util import unconstrain_fn

        latent = {name: sites[name] for name in self.shapes}
        return self._join(unconstrain_fn(_seeded(self.program), (), data, latent))

    def draw_prior(self, key: Any, data: Any) -> dict[str, Any]:
        """The latent sites of one draw from the prior, by name, which must be proper."""
        from numpyro.handlers import seed, trace

        sites = trace(seed(self.program, key)).get_trace(**data)
        return {site.name: sites[site.name]["value"] for site in self.latents}

    def find_start(self, key: Any, data: Any) -> Any:
        """A point of finite density, as NumPyro starts its chains: u uniform from -2 to 2, [dim].

        Outside of ``jax.jit`` it raises RuntimeError where none is found.
        """
        from numpyro.infer.util import initialize_model

        start = initialize_model(key, self.program, model_kwargs=data)
        return self._join(start.param_info.z)

    def split(self, u: Any) -> dict[str, Any]:
        """Unconstrained parameters by site name: the parts of ``u``."""
        return split_vector(u, self.shapes)

    def _join(self, parts: Any) -> Any:
        import jax.numpy as jnp

        return jnp.concatenate([jnp.ravel(parts[name]) for name in self.shapes])


def make_log_density(model: Model) -> LogDensity:
    """The density of ``model``, whose latent sites are continuous; nothing is compiled."""
    import jax
    from numpyro.infer.util import unconstrain_fn

    latents: list[Latent] = []
    observed: list[str] = []

    def read() -> Any:
        sites = trace_sites(model, model.data)
        latents.extend(read_latent(name, site) for name, site in sites.items() if is_latent(site))
        observed.extend(name for name, site in sites.items() if is_observed(site))
        values = {site.name: sites[site.name]["value"] for site in latents}
        return unconstrain_fn(_seeded(model.program), (), model.data, values)

    unconstrained = jax.eval_shape(read)
    shapes = {name: unconstrained[name].shape for name in sorted(unconstrained)}
    return LogDensity(model.program, tuple(latents), tuple(observed), shapes)


def _seeded(program: Callable[..., Any]) -> Any:
    """The program with a key, for what it may draw that is no site of its density."""
    import jax
    from numpyro.handlers import seed

    return seed(program, jax.random.PRNGKey(0))


def count_nan_as_zero(log_value: Any) -> Any:
    """``log_value``, which where it is NaN is the log of zero: the program knows no value there."""
    import jax.numpy as jnp

    return jnp.where(jnp.isnan(log_value), -jnp.inf, log_value)


def map_batches(function: Callable[[Array], Any], points: Array) -> Any:
    """``function`` of ``points`` [n, dim], called with BATCH of them at a time: it compiles once.

    What it gives, an array or a tuple of them with one entry a point, comes back in NumPy.
    """
    batches = []
    for first in range(0, len(points), BATCH):
        batch = points[first : first + BATCH]
        padded = np.concatenate([batch, np.repeat(batch[:1], BATCH - len(batch), axis=0)])
        batches.append(tree_map(np.asarray, function(padded)))
    return tree_map(lambda *parts: np.concatenate(parts)[: len(points)], *batches)
