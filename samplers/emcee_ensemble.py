"""emcee's ensemble of walkers. Foreman-Mackey et al. (2013), PASP 125:306.

An iteration of the budget is a step of the whole ensemble. Its walkers are no chains of their own,
since each moves by where the others are: they are merged into one, one walker's path after the
other's, of which every so many-th step is kept as there are walkers. Cost is that of all steps. The
log density is compiled and called through Python, half of the walkers at a time; where it is NaN it
counts as minus infinity. The moves are those of Goodman and Weare (2010) and others.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Array, Model
from samplerbench.options import POSITIVE, Choices, Range
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support import walkers
from samplerbench.samplers.support.cube_likelihood import evaluate_padded
from samplerbench.samplers.support.latent_sites import require_continuous
from samplerbench.samplers.support.log_density import (
    count_nan_as_zero,
    make_log_density,
    map_batches,
)

STARTS = ("optimum", "uniform")
#: log densities below the optimum's, a dimension, that draws may have: those of a normal are 0.5
#: below. Walkers about an infinite density stay as near, or its width is so far below their ball's
#: that they start, and stay, far below
NEAREST, FARTHEST = 0.05, 1e4
STUCK_WORDS = (
    "walkers never leave the maximum of the density, which may be an infinite one, as where a scale"
    " goes to 0; start=uniform starts them apart"
)
BALL = 1e-4  # sd of the walkers about the optimum, as in emcee's manual
MOVES = ("stretch", "de", "snooker", "de_snooker", "walk")


@dataclass(frozen=True)
class Settings:
    """Arguments of ``emcee.EnsembleSampler`` and of its moves, defaults as shipped."""

    # None: 32, or two a dimension where that is more
    walkers: Annotated[int | None, Range(2, even=True)] = None
    # de_snooker: the mixture of 80 and 20 % that emcee's manual gives
    move: Annotated[str, Choices(MOVES)] = "stretch"
    # where walkers start: in a small ball about a maximum of the density, as in emcee's manual, or
    # each where NumPyro starts a chain
    start: Annotated[str, Choices(STARTS)] = "optimum"
    a: Annotated[float, Range(1, open=True)] = 2.0  # the stretch move's scale
    sigma: Annotated[float, POSITIVE] = 1e-5  # jitter of the differential evolution move
    gammas: Annotated[float, POSITIVE] = 1.7  # the snooker move's scale


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """An ensemble a chain on the log density of ``model``; its walkers are one chain.

    Raises Declined for no and for discrete latent sites, ValueError for too few walkers.
    """
    require_continuous(model, "emcee")
    ensemble = _Ensemble(model, budget, settings)

    def run(seed: int) -> Draws:
        chains = [ensemble.run(seed, chain) for chain in range(budget.chains)]
        sites = [ensemble.constrain(u) for u, _, _ in chains]
        return Draws(
            {name: np.stack([each[name] for each in sites]) for name in sites[0]},
            likelihoods=sum(count for _, count, _ in chains),
            accept_prob=float(np.mean([accepted for _, _, accepted in chains])),
            walkers=budget.chains * ensemble.walkers,
        )

    return Prepared(plain=run)


class _Ensemble:
    """Compiled functions of one model, and runs of an ensemble on it."""

    def __init__(self, model: Model, budget: Budget, settings: Settings) -> None:
        import jax

        density, data = make_log_density(model), model.data
        self.budget, self.settings, self.dim = budget, settings, density.dim
        self.walkers = walkers.count_walkers(settings.walkers, self.dim, model.name)

        def log_density(u: Any) -> Any:
            return count_nan_as_zero(density.log_joint(u, data))

        many = jax.jit(jax.vmap(log_density))
        constrain = jax.jit(jax.vmap(lambda u: density.constrain(u, data)))
        self.log_density: Callable[[Array], Array] = lambda u: evaluate_padded(many, u)
        self.constrain: Callable[[Array], Any] = lambda u: map_batches(constrain, u)
        self.starts = jax.jit(jax.vmap(lambda key: density.find_start(key, data)))
        self.descent = jax.jit(jax.value_and_grad(lambda u: -log_density(u)))

    def run(self, seed: int, chain: int) -> tuple[Array, int, float]:
        """Draws of ``u`` [draw, dim], log densities evaluated, and the share accepted."""
        import emcee
        import jax

        key = jax.random.fold_in(jax.random.PRNGKey(seed), chain)
        generator = np.random.RandomState(np.random.MT19937([seed, chain]))
        start, count, top = self._find_start(key, generator)

        def log_density(u: Array) -> Array:
            nonlocal count
            count += len(u)
            return self.log_density(u)

        sampler = emcee.EnsembleSampler(
            self.walkers, self.dim, log_density, moves=make_move(self.settings), vectorize=True
        )
        state = emcee.State(start, random_state=generator.get_state())
        state = sampler.run_mcmc(state, self.budget.warmup)
        sampler.reset()
        kept = math.ceil(self.budget.draws / self.walkers)  # steps of each walker
        sampler.run_mcmc(state, kept, thin_by=self.walkers)
        drop = top - sampler.get_log_prob().mean()
        if top < math.inf and not NEAREST < drop / self.dim < FARTHEST:
            warnings.warn(STUCK_WORDS, stacklevel=2)
        paths = sampler.get_chain().swapaxes(0, 1)  # [walker, step, dim]
        merged = walkers.merge_paths(paths, self.budget.draws)
        return merged, count, float(sampler.acceptance_fraction.mean())

    def _find_start(self, key: Any, generator: Any) -> tuple[Array, int, float]:
        """The walkers' starts [walker, dim], evaluations for them, and the optimum's log density.

        It is infinite where no optimum is sought.
        """
        import jax
        from scipy.optimize import minimize

        number = self.walkers if self.settings.start == "uniform" else 1
        starts = np.asarray(self.starts(jax.random.split(key, number)), np.float64)
        if number > 1:
            return starts, 0, math.inf
        found = minimize(lambda u: [np.float64(x) for x in self.descent(u)], starts[0], jac=True)
        ball = BALL * generator.standard_normal((self.walkers, self.dim))
        return found.x + ball, found.nfev, -float(found.fun)


def make_move(settings: Settings) -> Any:
    """emcee's move, or its mixture of moves with their shares."""
    from emcee import moves

    evolve = moves.DEMove(sigma=settings.sigma)
    snooker = moves.DESnookerMove(gammas=settings.gammas)
    every = {
        "stretch": moves.StretchMove(a=settings.a),
        "de": evolve,
        "snooker": snooker,
        "de_snooker": [(evolve, 0.8), (snooker, 0.2)],
        "walk": moves.WalkMove(),
    }
    return every[settings.move]


add(
    Sampler(
        "emcee_ensemble",
        Settings,
        prepare,
        "emcee's affine-invariant ensemble: walkers merged into one chain",
        typical_s=(7.0, 4.0),
        link="https://emcee.readthedocs.io/en/stable/user/sampler/",
        needs=("jax", "numpyro", "emcee"),
        distributions=("emcee",),
        environment="backends",
        claims=walkers.CLAIMS,
        short_name="emcee",
    )
)
