"""dynesty's static nested sampling. Speagle (2020), MNRAS 493:3132; Skilling (2006).

It calls the compiled likelihood through Python, one point a call, so that seconds are those of the
calls and cost is the number of likelihood evaluations. A likelihood of NaN counts as zero. Chains,
warm-up and draws of the budget have no meaning here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support import dynesty_runs
from samplerbench.samplers.support.cube_likelihood import make_cube_likelihood


@dataclass(frozen=True)
class Settings:
    """Arguments of ``dynesty.NestedSampler`` and of its run, defaults as shipped; None: its own."""

    nlive: int = 500  # live points: the resolution
    bound: str = "multi"  # none, single, multi, balls or cubes
    sample: str = "auto"  # unif, rwalk, slice or rslice; auto: by the dimension
    walks: int | None = None  # steps of rwalk
    slices: int | None = None  # of slice and rslice
    bootstrap: int | None = None  # times that bounds are enlarged by bootstrap
    dlogz: float | None = None  # stop when the live points may add less to log Z
    maxcall: int | None = None  # likelihood evaluations at the most
    # runs simulated for a second claimed error of log Z, some tenth of the time; None: none
    simulations: int | None = 30

    def __post_init__(self) -> None:
        dynesty_runs.check_settings(self)


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested sampling of ``model``. Raises Declined for priors that have no unit cube."""
    import dynesty  # inside: listing samplers must not start libraries

    cube = make_cube_likelihood(model)

    def run(seed: int) -> Draws:
        sampler = dynesty.NestedSampler(
            **dynesty_runs.make_arguments(cube, settings), rstate=np.random.default_rng(seed)
        )
        sampler.run_nested(dlogz=settings.dlogz, maxcall=settings.maxcall, print_progress=False)
        return dynesty_runs.read_draws(cube, sampler.results, settings, seed)

    return Prepared(plain=run)


add(
    Sampler(
        "dynesty_nested",
        Settings,
        prepare,
        "dynesty's static nested sampling: weighted draws and the evidence",
        needs=("jax", "numpyro", "dynesty"),
        distributions=("dynesty",),
        family="dynesty",
        environment="backends",
        claims=dynesty_runs.CLAIMS,
        short_name="dynesty",
    )
)
