"""BlackJAX's No-U-Turn sampler with window adaptation. Hoffman and Gelman (2014), JMLR 15:1593.

A second implementation of what ``numpyro_nuts`` is, with Stan's schedule of warm-up. Its gradients
are leapfrog steps, those of warm-up included, and one where a chain starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.blackjax_steps import draw_steps
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.density_chains import prepare_density_chains
from samplerbench.samplers.support.log_z_from_draws import METHODS, add_log_z


@dataclass(frozen=True)
class Settings:
    """Arguments of ``blackjax.window_adaptation`` with ``blackjax.nuts``, defaults as shipped."""

    is_mass_matrix_diagonal: bool = True  # else a full one
    initial_step_size: Annotated[float, POSITIVE] = 1.0  # where its adaptation starts
    target_acceptance_rate: Annotated[float, SHARE] = 0.8  # mean acceptance that warm-up aims for
    # at most 2**doublings - 1 gradient evaluations a draw
    max_num_doublings: Annotated[int, Range(1)] = 10
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"
    # bridge: log Z from the draws, by bridge sampling
    log_z: Annotated[str, Choices(METHODS)] = "none"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """NUTS on the log density of ``model``. Raises Declined for discrete parameters."""
    import blackjax  # inside: listing samplers must not start JAX
    import jax

    def warm(key: Any, log_density: Any, start: Any) -> Any:
        adapt_key, draw_key = jax.random.split(key)
        adaptation = blackjax.window_adaptation(
            blackjax.nuts,
            log_density,
            is_mass_matrix_diagonal=settings.is_mass_matrix_diagonal,
            initial_step_size=settings.initial_step_size,
            target_acceptance_rate=settings.target_acceptance_rate,
            max_num_doublings=settings.max_num_doublings,
        )
        adapted, trace = adaptation.run(adapt_key, start, budget.warmup)
        parameters = adapted.parameters["step_size"], adapted.parameters["inverse_mass_matrix"]
        steps = trace.info.num_integration_steps.astype(np.int32).sum()
        return (draw_key, adapted.state, parameters), 1 + steps

    def draw(carry: Any, log_density: Any) -> Any:
        key, state, (step_size, inverse_mass_matrix) = carry
        kernel = blackjax.nuts(
            log_density,
            step_size,
            inverse_mass_matrix,
            max_num_doublings=settings.max_num_doublings,
        )
        return draw_steps(kernel, key, state, budget.draws)

    runs = prepare_density_chains(
        warm, draw, model, budget, "BlackJAX's NUTS", settings.chain_method
    )
    return add_log_z(runs, model, settings.log_z)


add(
    Sampler(
        "blackjax_nuts",
        Settings,
        prepare,
        "BlackJAX's No-U-Turn sampler, step size and mass matrix adapted",
        link="https://blackjax-devs.github.io/blackjax/",
        needs=("jax", "numpyro", "blackjax"),
        distributions=("blackjax",),
        environment="backends",
        host_devices=count_host_devices,
        short_name="BlackJAX",
    )
)
