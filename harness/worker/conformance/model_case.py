"""A model, and what its checks share: its sites, its answer, its draws, its density there."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplerbench.harness.worker.conformance import Skipped, density
from samplerbench.models.base import (
    Array,
    Exact,
    Family,
    Model,
    Sites,
)

DRAWS, DENSITY_DRAWS = 2**16, 2**14
SEED = 20260701


@dataclass
class Subject:
    """A model, and what its checks share."""

    name: str
    family: Family | None  # None: a file of one's own
    model: Model
    imported: tuple[str, ...]  # libraries of samplers that listing it has imported

    @functools.cached_property
    def sites(self) -> dict[str, Any]:
        """Sites of the program, latent or deterministic, with shapes; nothing is run."""
        import jax
        from numpyro.handlers import seed, substitute, trace
        from numpyro.infer import init_to_feasible

        found: dict[str, Any] = {}

        def read() -> None:
            program = seed(self.model.program, jax.random.PRNGKey(0))
            feasible = substitute(program, substitute_fn=_only_improper(init_to_feasible))
            for name, site in trace(feasible).get_trace(**self.model.data).items():
                if site["type"] == "deterministic" or (
                    site["type"] == "sample" and not site["is_observed"]
                ):
                    found[name] = (site["type"] == "sample", np.shape(site["value"]))

        jax.eval_shape(read)
        return found

    @property
    def latent(self) -> dict[str, tuple[int, ...]]:
        """Latent site -> shape."""
        return {name: shape for name, (is_latent, shape) in self.sites.items() if is_latent}

    @functools.cached_property
    def exact(self) -> Exact:
        """The exact answer; raises Skipped where there is none."""
        found = self.model.exact()
        if found is None:
            raise Skipped("the model has no exact answer")
        return found

    @functools.cached_property
    def draws(self) -> Sites:
        """Draws of the exact answer; raises Skipped where it gives none."""
        if self.exact.draw is None:
            raise Skipped("the exact answer gives no draws")
        return self.exact.draw(np.random.default_rng(SEED), DRAWS)

    @functools.cached_property
    def columns(self) -> Array:
        """The same, [draw, component]."""
        return density.columns(self.exact, self.draws)

    @functools.cached_property
    def points(self) -> density.Points:
        """The program's density at exact draws; raises Skipped where these hold no latent site."""
        missing = [name for name in self.latent if name not in self.draws]
        if missing:
            raise Skipped(f"exact draws hold no {missing[0]!r}, so the density can't be told there")
        some = {name: self.draws[name][:DENSITY_DRAWS] for name in self.latent}
        return density.points(self.model, some)


def _only_improper(init: Any) -> Any:
    def value(site: Any) -> Any:
        improper = type(site.get("fn")).__name__ == "ImproperUniform"
        return init(site) if site["type"] == "sample" and improper else None

    return value
