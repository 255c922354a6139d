"""dynesty's static nested sampling. Speagle (2020), MNRAS 493:3132; Skilling (2006).

It calls the compiled likelihood through Python, one point a call, so that seconds are those of the
calls and cost is the number of likelihood evaluations. A likelihood of NaN counts as zero. Chains,
warm-up and draws of the budget have no meaning here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, Choices, Range
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support import dynesty_runs
from samplerbench.samplers.support.cube_likelihood import make_cube_likelihood


@dataclass(frozen=True)
class Settings:
    """Arguments of ``dynesty.NestedSampler`` and of its run, defaults as shipped; None: its own."""

    nlive: Annotated[int, Range(4)] = 500  # live points: the resolution
    # none, single, multi, balls or cubes
    bound: Annotated[str, Choices(dynesty_runs.BOUNDS)] = "multi"
    # unif, rwalk, slice or rslice; auto: by the dimension
    sample: Annotated[str, Choices(dynesty_runs.METHODS)] = "auto"
    walks: Annotated[int | None, Range(1)] = None  # steps of rwalk
    slices: Annotated[int | None, Range(1)] = None  # steps of slice and rslice
    bootstrap: Annotated[int | None, Range(0)] = None  # times that bounds are enlarged by bootstrap
    # stop when the live points may add less to log Z
    dlogz: Annotated[float | None, POSITIVE] = None
    maxcall: Annotated[int | None, Range(1)] = None  # likelihood evaluations at the most
    # runs simulated for a second claimed error of log Z, some tenth of the time; None: none
    simulations: Annotated[int | None, Range(2)] = 30


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Nested sampling of ``model``. Raises Declined for priors that have no unit cube."""
    import dynesty  # inside: listing samplers must not start libraries

    cube = make_cube_likelihood(model)

    def run(seed: int) -> Draws:
        sampler = dynesty.NestedSampler(
            **dynesty_runs.make_arguments(cube, settings), rstate=np.random.default_rng(seed)
        )
        sampler.run_nested(dlogz=settings.dlogz, maxcall=settings.maxcall, print_progress=False)
        return dynesty_runs.read_draws(cube, sampler, settings, seed)

    return Prepared(plain=run)


add(
    Sampler(
        "dynesty_nested",
        Settings,
        prepare,
        "dynesty's static nested sampling: weighted draws and the evidence",
        typical_s=(7.0, 6.0),
        link="https://dynesty.readthedocs.io/en/stable/api.html",
        needs=("jax", "numpyro", "dynesty"),
        distributions=("dynesty",),
        family="dynesty",
        environment="backends",
        claims=dynesty_runs.CLAIMS,
        short_name="dynesty",
    )
)
