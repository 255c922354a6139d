"""What both of dynesty's samplers share: the words of their settings, and their results as draws.

dynesty claims for log Z its ``logzerr``; a second claim of its manual is the spread over runs that
it resamples from the points and whose prior volumes it simulates. Of the weights it tells Kish's
effective sample size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samplerbench.samplers.base import Draws
from samplerbench.samplers.support.cube_likelihood import CubeLikelihood

CLAIMS = (
    "ESS: Kish's, of the weights; log Z error: dynesty's logzerr, and beside it the spread over"
    " resampled and jittered runs"
)
SIMULATION_STREAM = 0xD1E  # keeps simulated runs apart from any other use of the same seed
BOUNDS = ("multi", "none", "single", "balls", "cubes")
METHODS = ("auto", "unif", "rwalk", "slice", "rslice")


def make_arguments(cube: CubeLikelihood, settings: Any) -> dict[str, Any]:
    """Arguments of either sampler's constructor."""
    return {
        "loglikelihood": cube.evaluate,
        "prior_transform": lambda q: q,  # the cube itself: only what is kept is placed
        "ndim": cube.dim,
        "nlive": settings.nlive,
        "bound": settings.bound,
        "sample": settings.sample,
        "walks": settings.walks,
        "slices": settings.slices,
        "bootstrap": settings.bootstrap,
    }


def read_draws(cube: CubeLikelihood, sampler: Any, settings: Any, seed: int) -> Draws:
    """Draws from a run of dynesty's, weighted, as one chain.

    What its results count for each point lacks evaluations that gave none: of a dynamic run a tenth
    and more.
    """
    from dynesty.utils import get_neff_from_logwt

    results, calls = sampler.results, int(sampler.ncall)
    cut_short = settings.maxcall is not None and calls >= settings.maxcall
    return cube.make_draws(
        results.samples,
        results.logwt,
        ess=float(get_neff_from_logwt(results.logwt)),
        log_z=float(results.logz[-1]),
        log_z_err=float(results.logzerr[-1]),
        log_z_err_simulated=simulate_error(results, settings.simulations, seed),
        likelihoods=calls,
        termination="used maxcall evaluations" if cut_short else "its own criterion was met",
        cut_short=cut_short,
    )


def simulate_error(results: Any, count: int | None, seed: int) -> float | None:
    """Spread of log Z over ``count`` runs, resampled and jittered; None where none are asked for.

    Both are needed: where the points fell, and what prior volumes lie between them.
    """
    from dynesty.utils import jitter_run, resample_run

    if count is None:
        return None
    rng = np.random.default_rng([seed, SIMULATION_STREAM])
    every = [jitter_run(resample_run(results, rstate=rng), rstate=rng) for _ in range(count)]
    return float(np.std([run.logz[-1] for run in every], ddof=1))
