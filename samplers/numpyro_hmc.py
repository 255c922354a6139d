"""NumPyro's Hamiltonian Monte Carlo, fixed trajectory length. Neal (2011), MCMC handbook, ch. 5."""

from __future__ import annotations

import math
from dataclasses import dataclass

from samplerbench.models.base import Model
from samplerbench.samplers.base import (
    Budget,
    Prepared,
    Sampler,
    add,
)
from samplerbench.samplers.support.chain_programs import count_host_devices
from samplerbench.samplers.support.numpyro_mcmc import (
    check_choices,
    prepare_mcmc,
    read_options,
)


@dataclass(frozen=True)
class Settings:
    """NumPyro's arguments of ``HMC`` and its ``chain_method``, defaults as shipped."""

    step_size: float = 1.0  # where its adaptation starts
    adapt_step_size: bool = True  # during warm-up
    adapt_mass_matrix: bool = True  # during warm-up
    dense_mass: bool = False  # a full mass matrix, else its diagonal
    target_accept_prob: float = 0.8  # mean acceptance that warm-up aims for
    num_steps: int | None = None  # leapfrog steps a draw; None: trajectory_length / step size
    # after 2 pi a whitened Gaussian is back where it started: the library's default all the same
    trajectory_length: float = 2 * math.pi
    find_heuristic_step_size: bool = False  # by doubling and halving, before warm-up's windows
    regularize_mass_matrix: bool = True  # shrunk towards a small multiple of the unit matrix
    init: str = "uniform"  # NumPyro's init_to_<init>
    chain_method: str = "parallel"  # a device a chain, else one after the other; see mcmc.py

    def __post_init__(self) -> None:
        check_choices(self)


def prepare(model: Model, budget: Budget, settings: Settings) -> Prepared:
    """HMC on ``model``. Raises Declined for discrete parameters."""
    from numpyro.infer import HMC

    options, chain_method = read_options(settings)
    return prepare_mcmc(lambda: HMC(model.program, **options), model, budget, chain_method)


add(
    Sampler(
        "numpyro_hmc",
        Settings,
        prepare,
        "Hamiltonian Monte Carlo, fixed trajectory length",
        needs=("jax", "numpyro"),
        family="numpyro",
        host_devices=count_host_devices,
        short_name="HMC",
    )
)
