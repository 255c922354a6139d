"""dynesty's dynamic nested sampling. Higson et al. (2019), Statistics and Computing 29:891.

After a first run with few live points it adds batches of them where the posterior's mass is, until
dynesty's own rule stops it. Otherwise it is as ``dynesty_nested``.
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
    """Arguments of ``dynesty.DynamicNestedSampler`` and of its run, defaults as shipped."""

    nlive: Annotated[int, Range(4)] = 500  # live points of the first run and of each batch
    # none, single, multi, balls or cubes
    bound: Annotated[str, Choices(dynesty_runs.BOUNDS)] = "multi"
    # unif, rwalk, slice or rslice; auto: by the dimension
    sample: Annotated[str, Choices(dynesty_runs.METHODS)] = "auto"
    walks: Annotated[int | None, Range(1)] = None  # steps of rwalk
    slices: Annotated[int | None, Range(1)] = None  # steps of slice and rslice
    bootstrap: Annotated[int | None, Range(0)] = None  # times that bounds are enlarged by bootstrap
    dlogz: Annotated[float, POSITIVE] = 0.01  # stops the first run (dlogz_init)
    n_effective: Annotated[int | None, Range(1)] = None  # effective draws to stop at
    maxcall: Annotated[int | None, Range(1)] = None  # likelihood evaluations at the most
    # runs simulated for a second claimed error of log Z, some tenth of the time; None: none
    simulations: Annotated[int | None, Range(2)] = 30


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
        return dynesty_runs.read_draws(cube, sampler, settings, seed)

    return Prepared(plain=run)


add(
    Sampler(
        "dynesty_dynamic",
        Settings,
        prepare,
        "dynesty's dynamic nested sampling: more live points where the posterior is",
        typical_s=(30.0, 25.0),
        link="https://dynesty.readthedocs.io/en/stable/dynamic.html",
        needs=("jax", "numpyro", "dynesty"),
        distributions=("dynesty",),
        family="dynesty",
        environment="backends",
        claims=dynesty_runs.CLAIMS,
        short_name="dynamic",
    )
)
