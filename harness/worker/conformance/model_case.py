"""A model under test, and what its checks share: sites, exact posterior, draws, density there."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from samplerbench.components import component_draws
from samplerbench.harness.worker.conformance import CheckSkipped, density
from samplerbench.models.base import Array, Exact, Family, Model, Sites
from samplerbench.samplers.support.latent_sites import is_latent, trace_sites

DRAWS, DENSITY_DRAWS = 2**16, 2**14
SEED = 20260701


@dataclass
class ModelCase:
    """A model under test; what several checks need is made once."""

    name: str
    family: Family | None  # as registered; None for a model in a file of the user's
    model: Model
    imported_libraries: tuple[str, ...]  # libraries of samplers that listing the model has imported

    @functools.cached_property
    def sites(self) -> dict[str, tuple[bool, tuple[int, ...]]]:
        """Site -> whether it is latent, else deterministic, and its shape; nothing is run."""
        import jax

        sites: dict[str, tuple[bool, tuple[int, ...]]] = {}

        def read() -> None:
            for name, site in trace_sites(self.model, self.model.data).items():
                if is_latent(site) or site["type"] == "deterministic":
                    sites[name] = (is_latent(site), np.shape(site["value"]))

        jax.eval_shape(read)
        return sites

    @property
    def latent(self) -> dict[str, tuple[int, ...]]:
        """Latent site -> shape."""
        return {name: shape for name, (is_latent, shape) in self.sites.items() if is_latent}

    @functools.cached_property
    def exact(self) -> Exact:
        """The exact posterior; raises CheckSkipped where there is none."""
        exact = self.model.exact()
        if exact is None:
            raise CheckSkipped("the model has no exact answer")
        return exact

    @functools.cached_property
    def draws(self) -> Sites:
        """Draws from the exact posterior; raises CheckSkipped where it gives none."""
        if self.exact.draw is None:
            raise CheckSkipped("the exact answer gives no draws")
        return self.exact.draw(np.random.default_rng(SEED), DRAWS)

    @functools.cached_property
    def columns(self) -> Array:
        """The exact draws as [draw, component], in the order of ``exact.names``."""
        return component_draws(self.draws, self.exact.names, 1)

    @functools.cached_property
    def density_at_draws(self) -> density.DensityAtDraws:
        """The program's density at exact draws; raises CheckSkipped where these lack a site."""
        missing = [name for name in self.latent if name not in self.draws]
        if missing:
            raise CheckSkipped(f"exact draws lack {missing[0]!r}: no density there")
        draws = {name: self.draws[name][:DENSITY_DRAWS] for name in self.latent}
        return density.evaluate_at_draws(self.model, draws)
