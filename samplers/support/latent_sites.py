"""What a NumPyro program samples: its latent sites, read without running or compiling anything."""

from __future__ import annotations

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


def latents(model: Model) -> list[Latent]:
    """The latent sites of ``model`` in program order.

    The program is traced on abstract values (``jax.eval_shape``), so nothing is compiled and
    the clocks of the run that follows see a process that has compiled nothing.
    """
    import jax
    from numpyro.handlers import seed, substitute, trace
    from numpyro.infer import init_to_feasible

    found: list[Latent] = []

    def in_support(site: Any) -> Any:
        """A value for what can't be drawn; None leaves the site to its distribution."""
        improper = site["type"] == "sample" and _is_improper(site["fn"])
        return init_to_feasible(site) if improper else None

    def read() -> None:
        seeded = substitute(seed(model.program, jax.random.PRNGKey(0)), substitute_fn=in_support)
        for name, site in trace(seeded).get_trace(**model.data).items():
            if site["type"] == "sample" and not site["is_observed"]:
                prior = site["fn"]
                discrete, improper = bool(prior.is_discrete), _is_improper(prior)
                found.append(Latent(name, prior.shape(), discrete, improper))

    jax.eval_shape(read)
    return found


def _is_improper(prior: Any) -> bool:
    from numpyro.distributions import ImproperUniform

    while hasattr(prior, "base_dist"):
        prior = prior.base_dist
    return isinstance(prior, ImproperUniform)


def continuous(model: Model, sampler: str) -> list[Latent]:
    """The latent sites; raises Declined where there are none or where one is discrete."""
    sites = latents(model)
    if not sites:
        raise Declined(f"model {model.name!r} has no latent site; {sampler} needs at least one")
    discrete = [site.name for site in sites if site.discrete]
    if discrete:
        raise Declined(
            f"site {discrete[0]!r} of {model.name!r} is discrete; {sampler} samples continuous"
            " parameters only (sum the discrete ones out in the program)"
        )
    return sites
