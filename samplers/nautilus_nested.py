"""nautilus: importance nested sampling with neural networks. Lange (2023), MNRAS 525:3181.

Its claims are an effective sample size N_eff, and for log Z an error of 1 / sqrt(N_eff), which its
manual gives in words alone. The compiled likelihood is called through Python, a batch a call; one
of NaN counts as zero. Chains, warm-up and draws of the budget have no meaning here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Range
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support.cube_likelihood import make_cube_likelihood
from samplerbench.samplers.support.latent_sites import require_two


@dataclass(frozen=True)
class Settings:
    """Arguments of ``nautilus.Sampler`` and of its run, defaults as shipped."""

    n_live: Annotated[int, Range(10)] = 2000  # live points of the exploration
    enlarge_per_dim: Annotated[float, Range(1)] = 1.1  # factor on ellipsoids, per dimension
    # volumes are split where their ellipsoids are so much larger
    split_threshold: Annotated[int, Range(1)] = 100
    # networks in the ensemble that predicts the likelihood; 0: none
    n_networks: Annotated[int, Range(0)] = 4
    # share of the evidence in the live points that ends the exploration
    f_live: Annotated[float, SHARE] = 0.01
    n_eff: Annotated[float, POSITIVE] = 10000.0  # effective draws to stop at
    n_like_max: Annotated[int | None, Range(1)] = None  # likelihood evaluations at the most
    discard_exploration: bool = False  # keep no points of the exploration, which bias slightly


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """nautilus on ``model``. Raises Declined for priors without a unit cube and one parameter."""
    import nautilus  # inside: listing samplers must not start libraries

    cube = make_cube_likelihood(model)
    require_two(model, cube.dim, "nautilus takes two at least (dynesty_nested takes it)")

    def run(seed: int) -> Draws:
        sampler = nautilus.Sampler(
            lambda q: q,  # the cube itself: only what is kept is placed
            cube.evaluate_many,
            n_dim=cube.dim,
            n_live=settings.n_live,
            enlarge_per_dim=settings.enlarge_per_dim,
            split_threshold=settings.split_threshold,
            n_networks=settings.n_networks,
            vectorized=True,
            pass_dict=False,
            seed=seed,
        )
        most = np.inf if settings.n_like_max is None else settings.n_like_max
        with warnings.catch_warnings():
            # the networks stop at a number of iterations, and scikit-learn says so each time
            warnings.filterwarnings("ignore", message=".*Stochastic Optimizer: Maximum iterations")
            finished = sampler.run(
                f_live=settings.f_live,
                n_eff=settings.n_eff,
                n_like_max=most,
                discard_exploration=settings.discard_exploration,
            )
        points, log_weights, _ = sampler.posterior()
        ess = float(sampler.n_eff)
        return cube.make_draws(
            points,
            log_weights,
            ess=ess,
            log_z=float(sampler.log_z),
            log_z_err=1 / np.sqrt(ess),
            likelihoods=int(sampler.n_like),
            termination="its own criteria were met" if finished else "used n_like_max evaluations",
            cut_short=not finished,
        )

    return Prepared(plain=run)


add(
    Sampler(
        "nautilus_nested",
        Settings,
        prepare,
        "nautilus: importance nested sampling, weighted draws and the evidence",
        typical_s=(90.0, 80.0),
        link="https://nautilus-sampler.readthedocs.io",
        needs=("jax", "numpyro", "nautilus"),
        distributions=("nautilus-sampler",),
        environment="backends",
        claims="ESS: nautilus's N_eff, Kish's by shells; log Z error: 1 / sqrt(N_eff)",
        short_name="nautilus",
    )
)
