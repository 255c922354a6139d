"""WALNUTS, No-U-Turn with a step size of its own within each trajectory, by walnutpie.

Bou-Rabee, Carpenter, Kleppe and Liu (2025), arXiv:2506.18746. The library stops by R-hat unless
told how many iterations to take, and its seeds then reproduce nothing; here it takes those of the
budget. Its C++ calls the compiled density and gradient through Python, so that seconds are those of
the calls; every gradient is counted. A density that is NaN counts as zero.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Array, Model
from samplerbench.options import POSITIVE, SHARE, Range
from samplerbench.samplers.base import Budget, Draws, Prepared, Sampler, add
from samplerbench.samplers.support.latent_sites import require_continuous
from samplerbench.samplers.support.log_density import make_log_density, map_batches


@dataclass(frozen=True)
class Settings:
    """walnutpie's arguments of ``walnuts_pyfunc``, defaults as shipped."""

    max_trajectory_doublings: Annotated[int, Range(1)] = 5  # of a draw's trajectory
    max_step_halvings: Annotated[int, Range(0)] = 5  # within a trajectory
    min_micro_steps: Annotated[int, Range(1)] = 1  # leapfrog steps that make a macro step
    max_hamiltonian_error: Annotated[float, POSITIVE] = 0.5  # above which a step is halved
    max_macro_steps_target: Annotated[float, POSITIVE] = 15.0  # macro steps that warm-up aims for
    step_size_init: Annotated[float, POSITIVE] = 1.0  # where its adaptation starts
    step_accept_rate_target: Annotated[float, SHARE] = 0.8  # mean acceptance that warm-up aims for
    # pseudo-observations of the initial mass matrix
    mass_init_count: Annotated[float, POSITIVE] = 4.0


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """WALNUTS on the log density of ``model``. Raises Declined for discrete parameters."""
    import jax  # inside: listing samplers must not start JAX
    from walnutpie import walnuts_pyfunc

    require_continuous(model, "WALNUTS")
    density, data = make_log_density(model), model.data
    gradient = jax.jit(jax.value_and_grad(lambda u: density.log_joint(u, data)))
    constrain = jax.jit(jax.vmap(lambda u: density.constrain(u, data)))
    starts = jax.jit(jax.vmap(lambda key: density.find_start(key, data)))

    def run(seed: int) -> Draws:
        keys = jax.random.split(jax.random.PRNGKey(seed), budget.chains)
        callback = _Callback(gradient)
        with callback.raise_own():
            chains = walnuts_pyfunc(
                callback,
                inits=np.ascontiguousarray(starts(keys), np.float64),
                num_chains=budget.chains,
                seed=seed,
                min_warmup_iter=budget.warmup,
                max_warmup_iter=budget.warmup,
                min_sampling_iter=budget.draws,
                max_sampling_iter=budget.draws,
                **asdict(settings),
            )
        sites = [map_batches(constrain, np.asarray(chain)) for chain in chains]
        return Draws(
            {name: np.stack([each[name] for each in sites]) for name in sites[0]},
            gradients=next(callback.calls),
        )

    return Prepared(plain=run)


class _Callback:
    """A log density and its gradient as walnutpie calls them, counted.

    walnutpie prints what is raised here to standard output, and raises an error of its own.
    """

    def __init__(self, gradient: Callable[[Any], Any]) -> None:
        self.gradient, self.calls = gradient, itertools.count()  # chains are threads
        self.errors: list[Exception] = []

    def __call__(self, u: Array) -> tuple[float, Array]:
        next(self.calls)
        try:
            value, slope = self.gradient(u)
            if np.isnan(value):  # counts as zero; walnutpie adapts no step by NaN, and fails
                return -np.inf, np.zeros_like(u)
            return float(value), np.asarray(slope, np.float64)
        except Exception as error:
            self.errors.append(error)
            return np.nan, np.full_like(u, np.nan)

    @contextlib.contextmanager
    def raise_own(self) -> Iterator[None]:
        """Raise what the density raised, whatever walnutpie made of it."""
        try:
            yield
        finally:
            if self.errors:
                raise self.errors[0]


add(
    Sampler(
        "walnutpie_walnuts",
        Settings,
        prepare,
        "walnutpie's WALNUTS: No-U-Turn, the step size adapted within trajectories",
        typical_s=(8.0, 6.0),
        link="https://pypi.org/project/walnutpie/",
        needs=("jax", "numpyro", "walnutpie"),
        distributions=("walnutpie",),
        environment="backends",
        short_name="WALNUTS",
    )
)
