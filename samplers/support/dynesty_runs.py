"""What both of dynesty's samplers share: the words of their settings, and their results as draws.

dynesty claims for log Z its ``logzerr``, and of the weights tells Kish's effective sample size.
"""

from __future__ import annotations

from typing import Any

from samplerbench.samplers.base import Draws
from samplerbench.samplers.support.cube_likelihood import CubeLikelihood

CLAIMS = "ESS: Kish's, of the weights; log Z error: dynesty's logzerr"
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


def read_draws(cube: CubeLikelihood, results: Any, maxcall: int | None) -> Draws:
    """Draws from dynesty's results, weighted, as one chain."""
    from dynesty.utils import get_neff_from_logwt

    calls = int(results.ncall.sum())
    cut_short = maxcall is not None and calls >= maxcall
    return cube.make_draws(
        results.samples,
        results.logwt,
        ess=float(get_neff_from_logwt(results.logwt)),
        log_z=float(results.logz[-1]),
        log_z_err=float(results.logzerr[-1]),
        likelihoods=calls,
        termination="used maxcall evaluations" if cut_short else "its own criterion was met",
        cut_short=cut_short,
    )
