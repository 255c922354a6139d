"""What a NumPyro program samples: its latent sites, read without running or compiling anything."""

from __future__ import annotations

from dataclasses import dataclass

from models.base import Model
from samplers.base import Declined


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
    from numpyro.distributions import ImproperUniform
    from numpyro.handlers import seed, trace

    found: list[Latent] = []

    def read() -> None:
        sites = trace(seed(model.program, jax.random.PRNGKey(0))).get_trace(**model.data)
        for name, site in sites.items():
            if site["type"] != "sample" or site["is_observed"]:
                continue
            base = site["fn"]
            while hasattr(base, "base_dist"):
                base = base.base_dist
            improper = isinstance(base, ImproperUniform)
            found.append(Latent(name, site["fn"].shape(), bool(site["fn"].is_discrete), improper))

    jax.eval_shape(read)
    return found


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
