"""BlackJAX's adaptive tempered sequential Monte Carlo. Del Moral et al. (2006), JRSS B 68:411.

Particles move from the prior to the posterior by powers of the likelihood, each as far as keeps a
share of the effective particles. BlackJAX ships no kernel for the moves: it is HMC, whose steps are
in standard deviations of the particles. Its draws are the last particles with their weights, and
log Z the sum over its steps, for which it claims no error. Chains, warm-up and draws of the budget
have no meaning here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Range
from samplerbench.samplers.base import (
    Budget,
    Compiled,
    Draws,
    Prepared,
    Sampler,
    add,
    move_to_device,
)
from samplerbench.samplers.support.data_arguments import DataSplit, prepare_for_data
from samplerbench.samplers.support.latent_sites import require_proper
from samplerbench.samplers.support.log_density import LogDensity, make_log_density
from samplerbench.samplers.support.site_handlers import adapt_sites

MOST_STEPS = 1000  # a schedule that gets nowhere ends there
LEAST_LOG = -1e30  # stands for the log of zero, whose power 0 is no number


@dataclass(frozen=True)
class Settings:
    """Arguments of ``blackjax.adaptive_tempered_smc``, as its documentation has them, and HMC's."""

    num_particles: Annotated[int, Range(4)] = 1000  # the resolution
    target_ess: Annotated[float, SHARE] = 0.5  # share of effective particles that a step leaves
    num_mcmc_steps: Annotated[int, Range(1)] = 10  # moves of each particle in a step, as shipped
    # of HMC, in standard deviations of the particles
    step_size: Annotated[float, POSITIVE] = 0.3
    num_integration_steps: Annotated[int, Range(1)] = 5  # of HMC


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Tempered SMC on ``model``, in unconstrained parameters; a likelihood of NaN counts as 0.

    Raises Declined for discrete parameters and improper priors.
    """
    model, _ = adapt_sites(model, rename=False)
    require_proper(model, "sequential Monte Carlo")
    density = make_log_density(model)
    cache: list[Any] = []  # the program, made in the first plain call

    def plain(seed: int) -> Draws:
        import jax

        if not cache:
            cache.append(jax.jit(lambda seed: _run(density, settings, seed, model.data)))
        return _collect(cache[0](np.uint32(seed)))

    def compile_split(model: Model, split: DataSplit) -> Compiled:
        return _compile(split, make_log_density(model), settings)

    return prepare_for_data(plain, model, compile_split)


def _compile(split: DataSplit, density: LogDensity, settings: Settings) -> Compiled:
    import jax

    data = jax.device_put(dict(split.arguments))
    run = jax.jit(lambda seed, data: _run(density, settings, seed, split.merge(data)))
    program = run.lower(np.uint32(0), data).compile()

    def bind(data: Any) -> Compiled:
        return Compiled(
            sample=lambda seed: program(np.uint32(seed), data),
            collect=_collect,
            with_data=lambda other: bind(move_to_device(other, data)),
        )

    return bind(data)


def _run(density: LogDensity, settings: Settings, seed: Any, data: Any) -> Any:
    """The loop over steps that BlackJAX's documentation shows, up to the posterior."""
    import jax
    import jax.numpy as jnp
    from blackjax.smc.tempered import init

    kernel = _make_kernel(density, settings, data)
    prior_key, key = jax.random.split(jax.random.PRNGKey(seed))
    prior_keys = jax.random.split(prior_key, settings.num_particles)
    draw = jax.vmap(lambda key: density.unconstrain(density.draw_prior(key, data), data))
    state = init(draw(prior_keys))._replace(tempering_param=jnp.zeros(()))

    def go_on(carry: Any) -> Any:
        step, state = carry[0], carry[1]
        return (step < MOST_STEPS) & (state.tempering_param < 1)

    def advance(carry: Any) -> Any:
        step, state, key, log_z = carry
        key, step_key = jax.random.split(key)
        moves = _scale_moves(state, settings)
        state, info = kernel(step_key, state, settings.num_mcmc_steps, moves)
        return step + 1, state, key, log_z + info.log_likelihood_increment

    start = jnp.int32(0), state, key, jnp.zeros(())
    steps, state, _, log_z = jax.lax.while_loop(go_on, advance, start)
    sites = jax.vmap(lambda u: density.constrain(u, data))(state.particles)
    evaluations = steps * settings.num_particles
    moved = settings.num_mcmc_steps * settings.num_integration_steps
    counts = {"gradients": evaluations * (1 + moved), "likelihoods": 2 * evaluations}
    return sites, state.weights, state.tempering_param, log_z, counts


def _make_kernel(density: LogDensity, settings: Settings, data: Any) -> Any:
    import blackjax
    import jax.numpy as jnp
    from blackjax.smc import adaptive_tempered, resampling

    def log_likelihood(u: Any) -> Any:
        value = density.log_likelihood(density.constrain(u, data), data)
        return jnp.where(value > LEAST_LOG, value, LEAST_LOG)  # NaN is not above it

    return adaptive_tempered.build_kernel(
        lambda u: density.log_prior(u, data),
        log_likelihood,
        blackjax.hmc.build_kernel(),
        blackjax.hmc.init,
        resampling.systematic,
        settings.target_ess,
    )


def _scale_moves(state: Any, settings: Settings) -> dict[str, Any]:
    """HMC's parameters for all particles, its mass matrix from their weighted variances."""
    import jax.numpy as jnp
    from blackjax.smc.base import extend_params

    mean = state.weights @ state.particles
    variance = state.weights @ jnp.square(state.particles - mean)
    parameters = {
        "step_size": settings.step_size,
        "inverse_mass_matrix": variance,
        "num_integration_steps": settings.num_integration_steps,
    }
    extended: dict[str, Any] = extend_params(parameters)
    return extended


def _collect(raw: Any) -> Draws:
    sites, weights, reached, log_z, counts = raw
    weights = np.asarray(weights, np.float64)
    cut_short = not float(reached) >= 1
    totals: dict[str, Any] = {name: int(count) for name, count in counts.items()}
    with np.errstate(divide="ignore"):  # a weight of 0: a particle that does not count
        log_weights = np.log(weights)
    return Draws(
        {name: np.asarray(values)[None] for name, values in sites.items()},
        log_weights=log_weights[None],
        ess=float(1 / np.square(weights).sum()),
        log_z=float(log_z),
        termination=f"no end after {MOST_STEPS} steps" if cut_short else "reached the posterior",
        cut_short=cut_short,
        **totals,
    )


add(
    Sampler(
        "blackjax_smc",
        Settings,
        prepare,
        "BlackJAX's tempered sequential Monte Carlo: weighted draws and the evidence",
        link="https://blackjax-devs.github.io/blackjax/",
        needs=("jax", "numpyro", "blackjax"),
        distributions=("blackjax",),
        family="blackjax smc",
        environment="backends-latest",
        claims="ESS: Kish's, of the last weights; log Z: without an error",
        short_name="SMC",
    )
)
