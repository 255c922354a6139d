"""UltraNest's reactive nested sampling. Buchner (2021), Journal of Open Source Software 6:3001.

Of log Z it claims two errors: the one that it prints, by bootstrap over its live points and with
what the last of them may hold, and that of a single run, the square root of the information over
the number of live points. The compiled likelihood is called through Python, a batch a call; one of
NaN counts as zero. Chains, warm-up and draws of the budget have no meaning here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Range
from samplerbench.samplers.base import Budget, Declined, Draws, Prepared, Sampler, add
from samplerbench.samplers.support.cube_likelihood import CubeLikelihood, make_cube_likelihood


@dataclass(frozen=True)
class Settings:
    """Arguments of ``ultranest.ReactiveNestedSampler`` and of its run, defaults as shipped."""

    min_num_live_points: Annotated[int, Range(10)] = 400  # live points: the resolution
    cluster_num_live_points: Annotated[int, Range(1)] = 40  # a cluster's, at least
    # error of log Z, in nats between bootstraps, that more live points are added to reach
    dlogz: Annotated[float, POSITIVE] = 0.5
    # the same of the posterior: Kullback-Leibler divergence between bootstraps, in nats
    dkl: Annotated[float, POSITIVE] = 0.5
    min_ess: Annotated[int, Range(1)] = 400  # effective draws, likewise
    frac_remain: Annotated[float, SHARE] = 0.01  # share of the evidence left that ends it
    num_bootstraps: Annotated[int, Range(2)] = 30  # of the live points, for regions and errors
    # of a slice sampler in random directions, for many dimensions; None: draws from its regions
    steps: Annotated[int | None, Range(1)] = None
    max_ncalls: Annotated[int | None, Range(1)] = None  # likelihood evaluations at the most


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """UltraNest on ``model``.

    Raises Declined for priors that have no unit cube, and for a likelihood that is constant.
    """
    import ultranest  # inside: listing samplers must not start libraries

    cube = make_cube_likelihood(model)
    _refuse_constant(model, cube, settings.min_num_live_points)

    def run(seed: int) -> Draws:
        # it draws from NumPy's global generator
        np.random.seed(np.random.SeedSequence(seed).generate_state(4))
        sampler = ultranest.ReactiveNestedSampler(
            [f"u{number}" for number in range(cube.dim)],
            cube.evaluate_many,  # on the cube itself: only what is kept is placed
            vectorized=True,
            num_bootstraps=settings.num_bootstraps,
            num_test_samples=0,  # they may have no likelihood, which it counts as zero later
        )
        sampler.logger.setLevel(logging.ERROR)
        if settings.steps is not None:
            sampler.stepsampler = _make_step_sampler(settings.steps)
        results = sampler.run(
            show_status=False,
            viz_callback=False,
            min_num_live_points=settings.min_num_live_points,
            cluster_num_live_points=settings.cluster_num_live_points,
            dlogz=settings.dlogz,
            dKL=settings.dkl,
            min_ess=settings.min_ess,
            frac_remain=settings.frac_remain,
            max_ncalls=settings.max_ncalls,
        )
        calls = int(results["ncall"])
        cut_short = settings.max_ncalls is not None and calls >= settings.max_ncalls
        points = results["weighted_samples"]
        with np.errstate(divide="ignore"):  # the first points may weigh nothing
            log_weights = np.log(points["weights"])
        return cube.make_draws(
            np.asarray(points["upoints"]),
            log_weights,
            ess=float(results["ess"]),
            log_z=float(results["logz"]),
            log_z_err=float(results["logzerr"]),
            log_z_err_simulated=float(results["logzerr_single"]),
            likelihoods=calls,
            termination="used max_ncalls evaluations" if cut_short else "its criteria were met",
            cut_short=cut_short,
        )

    return Prepared(plain=run)


def _refuse_constant(model: Model, cube: CubeLikelihood, count: int) -> None:
    """Raise Declined where ``count`` points of the prior have one likelihood."""
    values = cube.evaluate_many(np.random.default_rng(0).uniform(size=(count, cube.dim)))
    if np.isfinite(values).all() and (values == values[0]).all():
        raise Declined(
            f"the likelihood of {model.name!r} is {values[0]:.4g} at each of {count} points of its"
            " prior; UltraNest needs one that differs between points (dynesty_nested does not)"
        )


def _make_step_sampler(steps: int) -> Any:
    from ultranest import stepsampler

    directions = stepsampler.generate_mixture_random_direction
    return stepsampler.SliceSampler(nsteps=steps, generate_direction=directions)


add(
    Sampler(
        "ultranest_nested",
        Settings,
        prepare,
        "UltraNest's reactive nested sampling: weighted draws and the evidence",
        typical_s=(12.0, 5.0),
        link="https://johannesbuchner.github.io/UltraNest",
        needs=("jax", "numpyro", "ultranest"),
        distributions=("ultranest",),
        environment="ultranest",
        claims=(
            "ESS: UltraNest's, of the weights; log Z error: its logzerr, by bootstrap, and beside"
            " it that of a single run, sqrt(H / live points)"
        ),
        short_name="UltraNest",
    )
)
