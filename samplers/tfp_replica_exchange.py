"""Replica exchange of HMC, by TensorFlow Probability through NumPyro. Swendsen and Wang (1986).

Replicas k sample the density to the power ``ratio``**k, and neighbours swap; the draws are those of
the first. TFP ships no kernel for the replicas: it is HMC, as in its manual, with a step size that
rises with the square root of the temperature and is adapted in warm-up, by dual averaging, for each
replica. Gradients are those of all replicas, warm-up included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from samplerbench.models.base import Model
from samplerbench.samplers.base import Budget, Prepared, Sampler, add
from samplerbench.samplers.support.chain_programs import count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import (
    check_choices,
    find_init_strategy,
    prepare_mcmc,
)
from samplerbench.samplers.support.settings_checks import (
    require_at_least,
    require_positive,
    require_share,
)

ADAPTATION = 0.8  # share of warm-up in which step sizes are adapted, as TFP's manual has it


@dataclass(frozen=True)
class Settings:
    """The ladder of TFP's manual and the step of its HMC, and NumPyro's ``chain_method``."""

    replicas: int = 4
    ratio: float = 0.5  # of the inverse temperatures of neighbours
    num_leapfrog_steps: int = 3
    step_size: float = 1.0  # of the first replica, where its adaptation starts
    target_accept_prob: float = 0.75  # mean acceptance that warm-up aims for
    init: str = "uniform"  # NumPyro's init_to_<init>
    chain_method: str = "parallel"  # a device a chain, else one after the other

    def __post_init__(self) -> None:
        check_choices(self)
        require_at_least(self, 2, "replicas")
        require_at_least(self, 1, "num_leapfrog_steps")
        require_share(self, "ratio", "target_accept_prob")
        require_positive(self, "step_size")


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
        needs=("jax", "numpyro", "tensorflow_probability.substrates.jax"),
        distributions=("tensorflow-probability", "tfp-nightly"),
        family="tfp",
        host_devices=count_host_devices,
        short_name="exchange",
        stack_replicates=0,
    )
)
