"""dynesty's dynamic nested sampling. Higson et al. (2019), Statistics and Computing 29:891.

After a first run with few live points it adds batches of them where the posterior's mass is, until
dynesty's own rule stops it. Otherwise it is as ``dynesty_nested``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support import dynesty_runs
from samplerbench.samplers.support.cube_likelihood import make_cube_likelihood
from samplerbench.samplers.support.settings_checks import require_at_least


@dataclass(frozen=True)
class Settings:
    """Arguments of ``dynesty.DynamicNestedSampler`` and of its run, defaults as shipped."""

    nlive: int = 500  # live points of the first run and of each batch
    bound: str = "multi"  # none, single, multi, balls or cubes
    sample: str = "auto"  # unif, rwalk, slice or rslice; auto: by the dimension
    walks: int | None = None  # steps of rwalk
    slices: int | None = None  # of slice and rslice
    bootstrap: int | None = None  # times that bounds are enlarged by bootstrap
    dlogz: float = 0.01  # stops the first run (dlogz_init)
    n_effective: int | None = None  # effective draws to stop at
    maxcall: int | None = None  # likelihood evaluations at the most
    # runs simulated for a second claimed error of log Z, some tenth of the time; None: none
    simulations: int | None = 30

    def __post_init__(self) -> None:
        dynesty_runs.check_settings(self)
        require_at_least(self, 1, "n_effective")


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Dynamic nested sampling of ``model``. Raises Declined for priors that have no unit cube."""
    import dynesty  # inside: listing samplers must not start libraries

    cube = make_cube_likelihood(model)

    def run(seed: int) -> Draws:
        sampler = dynesty.DynamicNestedSampler(
            **dynesty_runs.make_arguments(cube, settings), rstate=np.random.default_rng(seed)
        )
        sampler.run_nested(
            dlogz_init=settings.dlogz,
            n_effective=settings.n_effective,
            maxcall=settings.maxcall,
            print_progress=False,
        )
        return dynesty_runs.read_draws(cube, sampler.results, settings, seed)

    return Prepared(plain=run)


add(
    Sampler(
        "dynesty_dynamic",
        Settings,
        prepare,
        "dynesty's dynamic nested sampling: more live points where the posterior is",
        needs=("jax", "numpyro", "dynesty"),
        distributions=("dynesty",),
        family="dynesty",
        environment="backends",
        claims=dynesty_runs.CLAIMS,
        short_name="dynamic",
    )
)
