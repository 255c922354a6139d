"""Replica exchange of HMC, by TensorFlow Probability through NumPyro. Swendsen and Wang (1986).

Replicas k sample the density to the power ``ratio``**k, and neighbours swap; the draws are those of
the first. TFP ships no kernel for the replicas: it is HMC, as in its manual, with a step size that
rises with the square root of the temperature and is adapted in warm-up, by dual averaging, for each
replica. Gradients are those of all replicas, warm-up included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from samplerbench.models.base import Model
from samplerbench.options import POSITIVE, SHARE, Choices, Range
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import CHAIN_METHODS, count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import STARTS, find_init_strategy, prepare_mcmc

ADAPTATION = 0.8  # share of warm-up in which step sizes are adapted, as TFP's manual has it


@dataclass(frozen=True)
class Settings:
    """The ladder of TFP's manual and the step of its HMC, and NumPyro's ``chain_method``."""

    replicas: Annotated[int, Range(2)] = 4  # temperatures, the first of them 1
    ratio: Annotated[float, SHARE] = 0.5  # of neighbours' inverse temperatures
    num_leapfrog_steps: Annotated[int, Range(1)] = 3  # gradients a draw of each replica
    step_size: Annotated[float, POSITIVE] = 1.0  # of the first replica, where its adaptation starts
    target_accept_prob: Annotated[float, SHARE] = 0.75  # mean acceptance that warm-up aims for
    init: Annotated[str, Choices(STARTS)] = "uniform"  # NumPyro's init_to_<init>
    # parallel: a device for each chain; vectorized: side by side in one program
    chain_method: Annotated[str, Choices(CHAIN_METHODS)] = "parallel"


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """Replica exchange on ``model``. Raises Declined for discrete parameters."""
    from numpyro.contrib.tfp.mcmc import ReplicaExchangeMC  # inside: it starts JAX

    init_strategy = find_init_strategy(settings.init)

    def make() -> Any:
        import jax.numpy as jnp

        return ReplicaExchangeMC(
            model.program,
            init_strategy=init_strategy,
            inverse_temperatures=settings.ratio ** jnp.arange(settings.replicas, dtype=float),
            make_kernel_fn=lambda target: _make_hmc(target, budget, settings),
        )

    gradients = settings.replicas * settings.num_leapfrog_steps
    return prepare_mcmc(make, model, budget, settings.chain_method, gradients)


def _make_hmc(target: Any, budget: Budget, settings: Settings) -> Any:
    """The kernel of all replicas, with a step size for each."""
    import jax.numpy as jnp
    from tensorflow_probability.substrates.jax import mcmc

    temperatures = settings.ratio ** -jnp.arange(settings.replicas, dtype=float)
    hmc = mcmc.HamiltonianMonteCarlo(
        target,
        step_size=settings.step_size * jnp.sqrt(temperatures)[:, None],
        num_leapfrog_steps=settings.num_leapfrog_steps,
    )
    return mcmc.DualAveragingStepSizeAdaptation(
        hmc,
        num_adaptation_steps=int(ADAPTATION * budget.warmup),
        target_accept_prob=settings.target_accept_prob,
    )


add(
    Sampler(
        "tfp_replica_exchange",
        Settings,
        prepare,
        "TFP's replica exchange (parallel tempering) of HMC, for several modes",
        link="https://www.tensorflow.org/probability/api_docs/python/tfp/mcmc/ReplicaExchangeMC",
        needs=("jax", "numpyro", "tensorflow_probability.substrates.jax"),
        distributions=("tensorflow-probability", "tfp-nightly"),
        family="tfp",
        host_devices=count_host_devices,
        short_name="exchange",
        stack_replicates=0,
    )
)
