"""The latent sites of a NumPyro program, read without running or compiling anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Declined


@dataclass(frozen=True)
class Latent:
    """One latent site of a program."""

    name: str
    shape: tuple[int, ...]
    discrete: bool
    improper: bool  # its prior does not integrate to 1


def find_latents(model: Model) -> list[Latent]:
    """The latent sites of ``model`` in program order.

    The program is traced on abstract values (``jax.eval_shape``), so nothing is compiled and
    the clocks of the run that follows see a process that has compiled nothing.
    """
    import jax

    sites: list[Latent] = []

    def read() -> None:
        for name, site in trace_sites(model, model.data).items():
            if is_latent(site):
                sites.append(read_latent(name, site))

    jax.eval_shape(read)
    return sites


def trace_sites(model: Model, data: Any) -> dict[str, Any]:
    """NumPyro's record of each site, from one run of the program on ``data``.

    Sites are drawn from their priors with a fixed key; one whose prior is improper takes a value
    in its support. For use inside ``jax.eval_shape``, where nothing is computed.
    """
    import jax
    from numpyro.handlers import seed, substitute, trace
    from numpyro.infer import init_to_feasible

    def choose(site: Any) -> Any:
        """A value for what can't be drawn; None leaves the site to its distribution."""
        improper = site["type"] == "sample" and _is_improper(site["fn"])
        return init_to_feasible(site) if improper else None

    seeded = substitute(seed(model.program, jax.random.PRNGKey(0)), substitute_fn=choose)
    sites: dict[str, Any] = trace(seeded).get_trace(**data)
    return sites


def read_latent(name: str, site: Any) -> Latent:
    """A latent site from NumPyro's record of it."""
    prior = site["fn"]
    return Latent(name, prior.shape(), bool(prior.is_discrete), _is_improper(prior))


def is_latent(site: Any) -> bool:
    """Whether NumPyro's record of a site is of one that is sampled, not observed."""
    return bool(site["type"] == "sample" and not site["is_observed"])


def is_observed(site: Any) -> bool:
    """Whether NumPyro's record of a site is of observed data or of a factor of the density."""
    return bool(site["type"] == "sample" and site["is_observed"])


def split_vector(vector: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """A vector [dim] cut into arrays by site name, in the order of ``shapes``."""
    parts, first = {}, 0
    for name, shape in shapes.items():
        parts[name] = vector[first : first + math.prod(shape)].reshape(shape)
        first += math.prod(shape)
    return parts


def _is_improper(prior: Any) -> bool:
    from numpyro.distributions import ImproperUniform

    while hasattr(prior, "base_dist"):
        prior = prior.base_dist
    return isinstance(prior, ImproperUniform)


def require_continuous(model: Model, sampler: str) -> list[Latent]:
    """The latent sites; raises Declined where there are none or where one is discrete."""
    sites = find_latents(model)
    if not sites:
        raise Declined(f"model {model.name!r} has no latent site; {sampler} needs at least one")
    discrete = [site.name for site in sites if site.discrete]
    if discrete:
        raise Declined(
            f"site {discrete[0]!r} of {model.name!r} is discrete; {sampler} samples continuous"
            " parameters only (sum the discrete ones out in the program)"
        )
    return sites


def require_proper(model: Model, sampler: str) -> list[Latent]:
    """The continuous latent sites; raises Declined also where a prior does not integrate to 1."""
    sites = require_continuous(model, sampler)
    improper = [site.name for site in sites if site.improper]
    if improper:
        raise Declined(
            f"the prior of {improper[0]!r} is improper; {sampler} needs priors that"
            " integrate to one (give it bounds)"
        )
    return sites
