"""BlackJAX's microcanonical Langevin Monte Carlo, unadjusted. Robnik et al. (2023), JMLR 24:1-34.

Nothing corrects the error of its integrator, so that it is biased by design, as much as its tuner
allows. The tuner's steps come on top: as shipped three tenths of the draws, whatever warm-up the
budget has. A step takes two gradients; those of tuning are counted.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.blackjax_steps import GRADIENTS
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.density_chains import prepare_density_chains, require_directions


@dataclass(frozen=True)
class Settings:
    """Arguments of ``blackjax.mclmc_find_L_and_step_size``, defaults as shipped."""

    # steps that tune the step size, as a share of the draws
    frac_tune1: Annotated[float, SHARE] = 0.1
    # then steps that measure the posterior's size, likewise
    frac_tune2: Annotated[float, SHARE] = 0.1
    # then steps that tune the length after which momentum is forgotten, likewise
    frac_tune3: Annotated[float, SHARE] = 0.1
    # energy error a dimension that the step size aims for
    desired_energy_var: Annotated[float, POSITIVE] = 5e-4
    trust_in_estimate: Annotated[float, POSITIVE] = 1.5  # spread of log errors that tuning trusts
    num_effective_samples: Annotated[int, Range(1)] = 150  # memory of the step size's tuning
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """MCLMC on the log density of ``model``.

    Raises Declined for discrete parameters and for a single one, which has no direction to turn to.
    """
    import blackjax  # inside: listing samplers must not start JAX
    import jax
    from blackjax.mcmc.mclmc import init

    def warm(key: Any, log_density: Any, start: Any) -> Any:
        init_key, tune_key, draw_key = jax.random.split(key, 3)
        state, tuned, steps = _tune(
            log_density,
            num_steps=budget.draws,
            state=init(start, log_density, init_key),
            rng_key=tune_key,
            frac_tune1=settings.frac_tune1,
            frac_tune2=settings.frac_tune2,
            frac_tune3=settings.frac_tune3,
            desired_energy_var=settings.desired_energy_var,
            trust_in_estimate=settings.trust_in_estimate,
            num_effective_samples=settings.num_effective_samples,
        )
        return (draw_key, state, tuned), 1 + GRADIENTS * steps

    def draw(carry: Any, log_density: Any) -> Any:
        key, state, tuned = carry
        kernel = blackjax.mclmc(log_density, **tuned)

        def step(state: Any, key: Any) -> Any:
            state, _ = kernel.step(key, state)
            return state, (state.position, {"lp": state.logdensity})

        keys = jax.random.split(key, budget.draws)
        _, (u, stats) = jax.lax.scan(step, state, keys)
        return u, stats, GRADIENTS * budget.draws

    prepared = prepare_density_chains(warm, draw, model, budget, "MCLMC", settings.chain_method)
    require_directions(model)
    return prepared


def _tune(log_density: Any, **options: Any) -> tuple[Any, dict[str, Any], int]:
    """The state after tuning, arguments of ``blackjax.mclmc``, and steps that it took.

    Releases after 1.2 hand the density to the kernel at each step, tune a diagonal mass matrix as
    shipped, and count their steps.
    """
    from blackjax import mclmc_find_L_and_step_size as find
    from blackjax.mcmc.integrators import isokinetic_mclachlan
    from blackjax.mcmc.mclmc import build_kernel

    if "logdensity_fn" in inspect.signature(find).parameters:
        kernel = build_kernel(isokinetic_mclachlan)
        state, tuned, steps = find(mclmc_kernel=kernel, logdensity_fn=log_density, **options)
    else:
        state, tuned = find(mclmc_kernel=build_kernel(log_density, isokinetic_mclachlan), **options)
        shares = (options[f"frac_tune{part}"] for part in (1, 2, 3))
        steps = sum(int(options["num_steps"] * share) for share in shares)
    return state, tuned._asdict(), steps


add(
    Sampler(
        "blackjax_mclmc",
        Settings,
        prepare,
        "BlackJAX's microcanonical Langevin sampler, unadjusted: biased by design",
        link="https://blackjax-devs.github.io/blackjax/",
        needs=("jax", "numpyro", "blackjax"),
        distributions=("blackjax",),
        environment="backends",
        host_devices=count_host_devices,
        short_name="MCLMC",
    )
)
