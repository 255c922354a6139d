"""BlackJAX's adjusted microcanonical Monte Carlo. Robnik et al. (2025), arXiv:2503.01707.

A Metropolis test corrects the error of the integrator, so that it is unbiased where MCLMC is not.
The tuner's steps come on top: as shipped three tenths of the draws, whatever warm-up the budget
has. A step of the integrator takes two gradients; those of tuning are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.blackjax_steps import GRADIENTS, draw_steps
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.density_chains import prepare_density_chains, require_directions


@dataclass(frozen=True)
class Settings:
    """Arguments of ``blackjax.adjusted_mclmc_find_L_and_step_size``, defaults as shipped."""

    # mean acceptance that tuning aims for, as in BlackJAX's manual
    target: Annotated[float, SHARE] = 0.9
    # steps that tune the step size, twice, as a share of the draws
    frac_tune1: Annotated[float, SHARE] = 0.1
    # steps that tune the trajectory by the posterior's size, likewise
    frac_tune2: Annotated[float, SHARE] = 0.1
    # mean number of the integrator's steps per draw
    target_num_integration_steps: Annotated[float, POSITIVE] = 2.0
    diagonal_preconditioning: bool = True  # a scale adapted for each parameter, else none
    random_trajectory_length: bool = True  # about its mean, else always the mean
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Adjusted MCLMC on the log density of ``model``.

    Raises Declined for discrete parameters and for a single one, which has no direction to turn to.
    """
    import blackjax  # inside: listing samplers must not start JAX
    import jax
    from blackjax.mcmc.adjusted_mclmc_dynamic import (
        build_kernel,
        init,
        make_random_trajectory_length_fn,
    )

    lengths = make_random_trajectory_length_fn(settings.random_trajectory_length)

    def warm(key: Any, log_density: Any, start: Any) -> Any:
        init_key, tune_key, draw_key = jax.random.split(key, 3)
        state, tuned, steps = blackjax.adjusted_mclmc_find_L_and_step_size(
            mclmc_kernel=build_kernel(integration_steps_fn=lengths),
            logdensity_fn=log_density,
            num_steps=budget.draws,
            state=init(start, log_density, init_key),
            rng_key=tune_key,
            target=settings.target,
            frac_tune1=settings.frac_tune1,
            frac_tune2=settings.frac_tune2,
            diagonal_preconditioning=settings.diagonal_preconditioning,
            target_num_integration_steps=settings.target_num_integration_steps,
        )
        parameters = tuned.step_size, tuned.inverse_mass_matrix, tuned.L / tuned.step_size
        return (draw_key, state, parameters), 1 + GRADIENTS * steps.astype(np.int32)

    def draw(carry: Any, log_density: Any) -> Any:
        key, state, (step_size, inverse_mass_matrix, mean_steps) = carry
        kernel = blackjax.adjusted_mclmc_dynamic(
            log_density,
            step_size,
            inverse_mass_matrix=inverse_mass_matrix,
            integration_steps_fn=lengths,
            integration_steps_params=(mean_steps,),
        )
        u, stats, steps = draw_steps(kernel, key, state, budget.draws)
        return u, stats, GRADIENTS * steps

    prepared = prepare_density_chains(
        warm, draw, model, budget, "adjusted MCLMC", settings.chain_method
    )
    require_directions(model)
    return prepared


add(
    Sampler(
        "blackjax_adjusted_mclmc",
        Settings,
        prepare,
        "BlackJAX's microcanonical sampler with a Metropolis test",
        typical_s=(10.0, 0.08),
        link="https://blackjax-devs.github.io/blackjax/",
        needs=("jax", "numpyro", "blackjax"),
        distributions=("blackjax",),
        environment="backends-latest",
        host_devices=count_host_devices,
        short_name="adj. MCLMC",
    )
)
